//! Messages to and from RabbitMQ by the crate `lapin`: a span, counts, a duration and an error for each, with the trace in its headers.
//!
//! ```no_run
//! use lapin::options::{BasicAckOptions, BasicPublishOptions};
//! use lapin::{BasicProperties, Channel, message::Delivery};
//! use obs_middleware::client::lapin::Broker;
//!
//! # async fn pack(_: &[u8]) {}
//! # async fn example(base: std::sync::Arc<obs_core::Base>, channel: Channel, delivery: Delivery) -> lapin::Result<()> {
//! let broker = Broker::new(Some(base)).at("rabbit.internal", None); // `obs.lapin()` is one too
//!
//! // Where they are sent: to be kept.
//! let placed = broker.destination("shop".into(), "orders.placed".into());
//! let sent = placed.publish();
//! sent.run(&channel, BasicPublishOptions::default(), b"an order", BasicProperties::default()).await?;
//!
//! // Where they are taken: `delivery` is what a consumer gives.
//! let orders = broker.queue("orders");
//! let work = async {
//!     pack(&delivery.data).await;
//!     delivery.ack(BasicAckOptions::default()).await
//! };
//! orders.process(&delivery).run(work).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is told
//! A message that is sent is a PRODUCER span `publish shop:orders.placed`, counted in `messaging_client_operations_total` and its kin; one
//! that is processed is a CONSUMER span `process orders`, a child of the one that sent it, counted in `messaging_processed_total`
//! and its kin. Spans have `messaging.rabbitmq.destination.routing_key`, the body's size, the message's id and, as its conversation, the
//! correlation id, where it has them; one that is processed has `messaging.rabbitmq.message.delivery_tag`, and the exchange, the
//! routing key and the queue as `messaging.destination.name`. `messaging.destination.template` is what it is named and counted by, where that is
//! another name.
//!
//! A failure is called as AMQP calls what the broker said: `NO_ROUTE` for a message that came back, `NOT_FOUND`, `ACCESS_REFUSED`,
//! `CONNECTION_FORCED`; `NACK` where it refused a message; or `closed` for a channel or a connection that was closed before,
//! `connect`, `reset`, `timeout`, `heartbeat`, `io`, `auth`, `protocol`, `_OTHER`. Of what is processed the failure is that of the
//! work.
//!
//! # What is not
//! - A channel without `confirm_select` does not tell how a message fared: then the span ends when it is handed to the connection,
//!   and what is refused later is no failure.
//! - Confirmations that are collected later (`wait_for_confirms`), and several messages sent as one: the span is made by
//!   [`Publish::inject`], and what becomes of them is yours to tell.
//! - Acknowledgements, `basic_get`, and what declares queues and exchanges, are no spans of their own.
//! - Connections that are made, lost and recovered.
//! - Values of other headers, and bodies, are never told.

mod broker;
mod fault;
mod headers;
mod process;
mod publish;

pub use broker::{Broker, Destination, Queue};
pub use headers::Headers;
pub use process::Process;
pub use publish::Publish;
