//! What is told of sending and processing alike.

use std::fmt::Write;

use std::sync::Arc;

use super::Destination;
use crate::conventions::Text;
use crate::keys::{attribute, metric};
use crate::observe::work::{Attributes, Describe};
use crate::observe::{Measures, OperationKind, Target};
use crate::propagate::Remote;

/// What is told of messages. Handed to whoever judges how they fared.
#[derive(Debug)]
pub struct Told {
    system: Target,
    destination: Target,
    pub(super) operation: &'static str,
    pub(super) role: Role,
    id: Text<64>,
    conversation: Text<64>,
    pub(super) group: Option<Target>,
    partition: Text<24>,
    pub(super) body_bytes: Option<usize>,
    pub(super) batch: Option<usize>,
    pub(super) links: Vec<Remote>,
    server: Option<(Arc<str>, Option<u16>)>,
    full_name: Option<Box<str>>,
    routing_key: Option<Box<str>>,
    delivery_tag: Option<u64>,
}

/// What can be said of a message before it is sent as before it is processed; what differs is how it is documented.
macro_rules! setters {
    (operation: $operation:literal, message_id: $message_id:literal, partition: $partition:literal,) => {
        #[doc = $operation]
        pub fn operation(mut self, name: &'static str) -> Self {
            self.told.operation = name;
            self
        }

        #[doc = $message_id]
        pub fn message_id(mut self, id: &str) -> Self {
            self.told.message_id(id);
            self
        }

        /// Which conversation it belongs to; at most 64 bytes.
        pub fn conversation(mut self, id: &str) -> Self {
            self.told.conversation(id);
            self
        }

        #[doc = $partition]
        pub fn partition(mut self, partition: i64) -> Self {
            self.told.partition(partition);
            self
        }

        /// How many bytes the message's body has.
        pub fn body_bytes(mut self, bytes: usize) -> Self {
            self.told.body_bytes = Some(bytes);
            self
        }
    };
}
pub(super) use setters;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Sent with nothing of the trace on the messages.
    Send,
    /// Sent with this span's context on the messages.
    Produce,
    Process,
}

impl Told {
    pub(super) fn new(destination: &Destination, operation: &'static str, role: Role) -> Self {
        Self {
            system: destination.system,
            destination: destination.name,
            operation,
            role,
            id: Text::default(),
            conversation: Text::default(),
            group: None,
            partition: Text::default(),
            body_bytes: None,
            batch: None,
            links: Vec::new(),
            server: destination.server.clone(),
            full_name: None,
            routing_key: None,
            delivery_tag: None,
        }
    }

    /// The message's id, which many products give once it was sent; at most 64 bytes.
    pub fn message_id(&mut self, id: &str) {
        self.id = Text::new(id);
    }

    pub(super) fn conversation(&mut self, id: &str) {
        self.conversation = Text::new(id);
    }

    /// The partition it went to.
    pub fn partition(&mut self, partition: i64) {
        self.partition = Text::default();
        let _ = write!(self.partition, "{partition}");
    }

    /// The destination's own name, where the one it is counted and its span is named by stands for many. Allocates: to be called
    /// where it [is recorded](crate::observe::work::Opened::is_recorded).
    pub fn full_name(&mut self, name: &str) {
        self.full_name = Some(name).filter(|name| *name != self.destination.as_str()).map(Into::into);
    }

    /// The routing key of a message of RabbitMQ. Allocates: to be called where it is recorded.
    pub fn routing_key(&mut self, key: &str) {
        self.routing_key = Some(key.into());
    }

    /// By which number RabbitMQ has the message acknowledged.
    pub fn delivery_tag(&mut self, tag: u64) {
        self.delivery_tag = Some(tag);
    }
}

impl Describe for Told {
    fn kind(&self) -> OperationKind {
        match self.role {
            Role::Send => OperationKind::Client,
            Role::Produce => OperationKind::Producer,
            Role::Process => OperationKind::Consumer,
        }
    }

    fn name(&self) -> (&str, Option<&str>) {
        (self.operation, Some(self.destination.as_str()).filter(|name| !name.is_empty()))
    }

    fn measures(&self) -> Option<&'static Measures> {
        Some(if self.role == Role::Process { &metric::MESSAGING_PROCESS } else { &metric::MESSAGING_CLIENT })
    }

    fn labels(&self) -> impl AsRef<[&'static str]> {
        // The families of processing lack the last, which is left out where they are counted.
        [self.system.as_str(), self.destination.as_str(), self.operation]
    }

    fn attributes<'a>(&'a self, list: &mut Attributes<'a>) {
        list.text(attribute::MESSAGING_SYSTEM, self.system.as_str());
        match &self.full_name {
            None => list.text(attribute::MESSAGING_DESTINATION_NAME, self.destination.as_str()),
            Some(name) => {
                list.text(attribute::MESSAGING_DESTINATION_NAME, name);
                list.text(attribute::MESSAGING_DESTINATION_TEMPLATE, self.destination.as_str());
            }
        }
        list.text(attribute::MESSAGING_OPERATION_NAME, self.operation);
        let role = if self.role == Role::Process { "process" } else { "send" };
        list.text(attribute::MESSAGING_OPERATION_TYPE, role);
        list.text(attribute::MESSAGING_MESSAGE_ID, self.id.as_str());
        list.text(attribute::MESSAGING_MESSAGE_CONVERSATION_ID, self.conversation.as_str());
        list.text(
            attribute::MESSAGING_CONSUMER_GROUP_NAME,
            self.group.map(Target::as_str).unwrap_or_default(),
        );
        list.text(attribute::MESSAGING_DESTINATION_PARTITION_ID, self.partition.as_str());
        let numbers = [
            (attribute::MESSAGING_MESSAGE_BODY_SIZE, self.body_bytes),
            (attribute::MESSAGING_BATCH_MESSAGE_COUNT, self.batch),
        ];
        for (key, number) in numbers {
            if let Some(number) = number {
                list.number(key, i64::try_from(number).unwrap_or(i64::MAX));
            }
        }
        let routing_key = self.routing_key.as_deref().unwrap_or_default();
        list.text(attribute::MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY, routing_key);
        if let Some(tag) = self.delivery_tag {
            let tag = i64::try_from(tag).unwrap_or(i64::MAX);
            list.number(attribute::MESSAGING_RABBITMQ_MESSAGE_DELIVERY_TAG, tag);
        }
        if let Some((address, port)) = &self.server {
            list.text(attribute::SERVER_ADDRESS, address);
            if let Some(port) = port {
                list.number(attribute::SERVER_PORT, i64::from(*port));
            }
        }
    }

    fn links(&self) -> &[Remote] {
        &self.links
    }
}
