//! A broker, where messages are sent, and where they are taken from.

use std::sync::Arc;

use lapin::message::Delivery;
use lapin::types::ShortString;
use obs_core::Base;
use obs_core::context::Around;
use obs_core::conventions::messaging::{self, Process as Messages};
use obs_core::observe::Target;

use super::{Headers, Process, Publish};

/// As the conventions call the product.
const SYSTEM: &str = "rabbitmq";

/// As the conventions call the exchange without a name, where there is no routing key either.
const DEFAULT: &str = "amq.default";

/// A broker that messages go through. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broker {
    base: Option<Arc<Base>>,
    server: Option<(Arc<str>, Option<u16>)>,
    around: Option<Arc<dyn Around>>,
}

impl Broker {
    /// Without a base messages are sent and processed, and that is all.
    pub fn new(base: Option<Arc<Base>>) -> Self {
        Self { base, server: None, around: None }
    }

    /// Where it is: `server.address` and `server.port`, which a connection does not tell. The port may be left out where it is
    /// AMQP's own.
    #[must_use]
    pub fn at(mut self, address: &str, port: Option<u16>) -> Self {
        self.server = Some((address.into(), port));
        self
    }

    /// What is entered with each poll of what processes messages, such as a subscriber that is not the process's own.
    #[must_use]
    pub fn surrounded(mut self, around: Option<Arc<dyn Around>>) -> Self {
        self.around = around;
        self
    }

    /// Where messages are sent: an exchange, which may be the one without a name, and a routing key. They name spans and label
    /// metrics as `exchange:routing key`, so that they are a program's own and few; a key that is made of data is given to
    /// [`Publish::routing_key`], and its pattern here. Takes a lock: to be made once and kept.
    pub fn destination(&self, exchange: ShortString, routing_key: ShortString) -> Destination {
        let name = match (exchange.as_str(), routing_key.as_str()) {
            ("", "") => Target::from(DEFAULT),
            ("", name) | (name, "") => Target::new(name),
            (exchange, routing_key) => Target::new(&format!("{exchange}:{routing_key}")),
        };
        Destination { messages: self.messages(name), exchange, routing_key }
    }

    /// A queue messages are taken from. Its name names spans and labels metrics.
    pub fn queue(&self, name: impl Into<Target>) -> Queue {
        let name = name.into();
        Queue { messages: self.messages(name), name }
    }

    fn messages(&self, name: Target) -> messaging::Destination {
        let mut messages = messaging::Destination::new(self.base.clone(), SYSTEM, name);
        if let Some((address, port)) = &self.server {
            messages = messages.at(address, *port);
        }
        messages.surrounded(self.around.clone())
    }
}

/// An exchange and a routing key that messages are sent by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Destination {
    pub(super) messages: messaging::Destination,
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
}

impl Destination {
    /// Sends a message.
    pub fn publish(&self) -> Publish {
        Publish::new(self.clone())
    }
}

/// A queue that messages are taken from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    messages: messaging::Destination,
    name: Target,
}

impl Queue {
    /// Processes a message, going on from what its headers hold: as a part of the sender's trace, or, inside of something else,
    /// as a part of that with a link to where it came from. A `BasicGetMessage` is one too.
    pub fn process<'d>(&self, delivery: &'d Delivery) -> Process<'d> {
        Process::new(&self.messages, self.name, delivery)
    }

    /// Processes messages together, with a link to where each of the first [`MAX_LINKS`](Messages::MAX_LINKS) came from.
    pub fn process_batch<'d>(&self, deliveries: impl IntoIterator<Item = &'d Delivery>) -> Messages {
        let headers: Vec<_> = deliveries.into_iter().map(|delivery| Headers(&delivery.properties)).collect();
        self.messages.process().batch(&headers)
    }
}
