//! Messages: sent with the trace in their headers, and processed as a part of it.
//!
//! ```
//! use obs_core::conventions::messaging::Destination;
//! use obs_core::{Base, Resource};
//!
//! # type Headers = Vec<(String, String)>;
//! # async fn send(_: Headers) -> Result<(), std::io::Error> { Ok(()) }
//! # async fn pack() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let placed = Destination::new(Some(Base::new(Resource::new("shop"))), "kafka", "orders.placed");
//! let mut headers = Headers::new();
//! placed.publish().inject(&mut headers).run(send(headers.clone())).await?; // where it is sent
//! placed.process().from(&headers).run(pack()).await // where it is taken
//! # }
//! ```
//!
//! # How messages hang together
//! By the OpenTelemetry semantic conventions, "Messaging spans". What is injected into a message is the context of the span that
//! sends it, which is then of kind PRODUCER; without that it is of kind CLIENT. The span that processes one message is a child of
//! that in the sender's trace, under the sender's decision, unless it is processed inside of something else, such as a request:
//! then it is a child of that. One that processes a batch is a root, or a child of what it is in. In each case it has links to the
//! spans that sent its messages.

mod process;
mod publish;
mod told;

use std::sync::Arc;

use crate::Base;
use crate::context::Around;
use crate::observe::Target;
pub use process::Process;
pub use publish::{Publish, Published};
pub use told::Told;

/// A topic or queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Destination {
    base: Option<Arc<Base>>,
    system: Target,
    name: Target,
    server: Option<(Arc<str>, Option<u16>)>,
    around: Option<Arc<dyn Around>>,
}

impl Destination {
    /// The topic or queue `name` of a product, by the name the conventions have for it, such as `kafka`, `rabbitmq`, `nats` or
    /// `aws_sqs`. Without a base messages are sent and processed, and that is all.
    pub fn new(base: Option<Arc<Base>>, system: impl Into<Target>, name: impl Into<Target>) -> Self {
        Self { base, system: system.into(), name: name.into(), server: None, around: None }
    }

    /// Where its broker is: `server.address` and `server.port`. The port may be left out where it is the product's own.
    #[must_use]
    pub fn at(mut self, address: &str, port: Option<u16>) -> Self {
        self.server = Some((address.into(), port));
        self
    }

    /// What is entered with each poll of what processes its messages, such as a subscriber that is not the process's own.
    #[must_use]
    pub fn surrounded(mut self, around: Option<Arc<dyn Around>>) -> Self {
        self.around = around;
        self
    }

    /// Sends a message, or a batch.
    pub fn publish(&self) -> Publish {
        Publish::new(self)
    }

    /// Processes a message, or a batch.
    pub fn process(&self) -> Process {
        Process::new(self)
    }
}
