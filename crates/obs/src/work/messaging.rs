//! Messages: the trace in their headers, and span, counts, duration and error in one line.
//!
//! ```
//! # type Headers = Vec<(String, String)>;
//! # async fn send(_: &Headers) -> Result<(), std::io::Error> { Ok(()) }
//! # async fn pack() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let mut headers = Headers::new();
//! obs::messaging::publish("kafka", "orders.placed").inject(&mut headers).run(send(&headers)).await?;
//! obs::messaging::process("kafka", "orders.placed").from(&headers).run(pack()).await
//! # }
//! ```
//!
//! These are of what is installed; [`Obs::messaging`](crate::Obs::messaging) gives a handle of one installation, to be kept.

use obs_core::observe::Target;

pub use obs_core::conventions::messaging::{Destination, Process, Publish, Published, Told};

/// Sends a message, or a batch, to a topic or queue of a product such as `kafka` or `rabbitmq`.
pub fn publish(system: impl Into<Target>, destination: impl Into<Target>) -> Publish {
    Destination::new(super::base(), system, destination).publish()
}

/// Processes a message, or a batch, from a topic or queue of a product such as `kafka` or `rabbitmq`.
pub fn process(system: impl Into<Target>, destination: impl Into<Target>) -> Process {
    Destination::new(super::base(), system, destination).surrounded(super::around()).process()
}
