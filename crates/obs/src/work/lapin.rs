//! Messages to and from RabbitMQ by the crate `lapin`: the trace in their headers, and span, counts, duration and error in one line.
//!
//! ```no_run
//! use lapin::options::{BasicAckOptions, BasicPublishOptions};
//! use lapin::{BasicProperties, Channel, message::Delivery};
//!
//! # async fn pack(_: &[u8]) {}
//! # async fn send(channel: &Channel) -> lapin::Result<()> {
//! let sent = obs::lapin::publish("shop".into(), "orders.placed".into());
//! sent.run(channel, BasicPublishOptions::default(), b"an order", BasicProperties::default()).await?;
//! # Ok(())
//! # }
//! # async fn take(delivery: &Delivery) -> lapin::Result<()> {
//! let work = async {
//!     pack(&delivery.data).await;
//!     delivery.ack(BasicAckOptions::default()).await
//! };
//! obs::lapin::process("orders", delivery).run(work).await?;
//! # Ok(())
//! # }
//! ```
//!
//! These are of what is installed; [`Obs::lapin`](crate::Obs::lapin) gives a handle of one installation, to be kept. What is told
//! of a message, and what is not, is in [`obs_middleware::client::lapin`].

use std::sync::Arc;

use lapin::message::Delivery;
use lapin::types::ShortString;
use obs_core::conventions::messaging;
use obs_core::observe::Target;

pub use obs_middleware::client::lapin::{Broker, Destination, Headers, Process, Publish, Queue};

use crate::Obs;

/// Sends a message to an exchange, which may be the one without a name, by a routing key. Takes a lock that a
/// [`Destination`] takes once.
pub fn publish(exchange: ShortString, routing_key: ShortString) -> Publish {
    broker().destination(exchange, routing_key).publish()
}

/// Processes a message from a queue.
pub fn process(queue: impl Into<Target>, delivery: &Delivery) -> Process<'_> {
    broker().queue(queue).process(delivery)
}

/// Processes messages from a queue together.
pub fn process_batch<'d>(
    queue: impl Into<Target>,
    deliveries: impl IntoIterator<Item = &'d Delivery>,
) -> messaging::Process {
    broker().queue(queue).process_batch(deliveries)
}

fn broker() -> Broker {
    Broker::new(super::base()).surrounded(super::around())
}

impl Obs {
    /// RabbitMQ, by the crate `lapin`: where messages are sent to and taken from. To be kept; clones are cheap. See
    /// [`lapin`](crate::lapin).
    pub fn lapin(&self) -> Broker {
        Broker::new(Some(Arc::clone(self.base()))).surrounded(self.around.clone())
    }
}
