//! Sending.

use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use obs_core::conventions::messaging::{self, Published};

use super::fault::judged;
use super::{Destination, Headers, headers};

/// One sending, before it begins.
#[derive(Debug)]
#[must_use = "it is told of when it is run"]
pub struct Publish {
    publish: messaging::Publish,
    exchange: ShortString,
    routing_key: ShortString,
    /// Whether the key is another than the one that names it.
    is_own_key: bool,
}

impl Publish {
    pub(super) fn new(destination: Destination) -> Self {
        let Destination { messages, exchange, routing_key } = destination;
        Self { publish: messages.publish(), exchange, routing_key, is_own_key: false }
    }

    /// The message's routing key, where the one that names spans and labels metrics is a pattern of many, such as
    /// `orders.{region}`.
    pub fn routing_key(mut self, key: ShortString) -> Self {
        self.is_own_key |= key != self.routing_key;
        self.routing_key = key;
        self
    }

    /// Begins it, and writes its context into the message's headers beside those it has. For whoever sends it in a way of their
    /// own; what the properties say of the message is told.
    pub fn inject(self, properties: &mut BasicProperties) -> Published {
        let mut publish = self.publish;
        if let Some(id) = properties.message_id() {
            publish = publish.message_id(id.as_str());
        }
        if let Some(id) = properties.correlation_id() {
            publish = publish.conversation(id.as_str());
        }
        let mut published = headers::change(properties, |table| publish.inject(&mut Headers(table)));
        let opened = published.opened();
        // Made only where it is told.
        if opened.is_recorded() {
            let told = opened.describe();
            told.routing_key(self.routing_key.as_str());
            if self.is_own_key {
                told.full_name(&full_name([self.exchange.as_str(), self.routing_key.as_str(), ""]));
            }
        }
        published
    }

    /// Sends a message over a channel, with its context in the headers, and waits until the broker has confirmed it where the channel
    /// asks for that (`confirm_select`). A message that is refused, or comes back because nobody takes it, is told as a failure;
    /// the confirmation says so.
    ///
    /// # Errors
    /// Those of the channel, as they are.
    ///
    /// # Cancel safety
    /// As `basic_publish`: a message may have been sent. A drop is told as cancelled.
    pub async fn run(
        mut self,
        channel: &Channel,
        options: BasicPublishOptions,
        payload: &[u8],
        mut properties: BasicProperties,
    ) -> lapin::Result<Confirmation> {
        let (exchange, routing_key) = (self.exchange.clone(), self.routing_key.clone());
        self.publish = self.publish.body_bytes(payload.len());
        let opened = self.inject(&mut properties).into_opened();
        let sent =
            async { channel.basic_publish(exchange, routing_key, options, payload, properties).await?.await };
        opened.run(sent, |answer, _| judged(answer)).await
    }
}

/// The destination's name by the conventions: what is known of exchange, routing key and queue.
pub(super) fn full_name(parts: [&str; 3]) -> String {
    let known: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    known.join(":")
}
