//! Processing.

use std::fmt::Display;

use lapin::message::Delivery;
use obs_core::conventions::messaging::{self, Told};
use obs_core::observe::Target;
use obs_core::observe::work::{Answer, Failure, Judged, Opened};

use super::Headers;
use super::publish::full_name;

/// The processing of one message, before it begins.
#[derive(Debug)]
#[must_use = "it is told of when it is run"]
pub struct Process<'d> {
    process: messaging::Process,
    queue: Target,
    delivery: &'d Delivery,
}

impl<'d> Process<'d> {
    pub(super) fn new(messages: &messaging::Destination, queue: Target, delivery: &'d Delivery) -> Self {
        let properties = &delivery.properties;
        let mut process = messages.process().body_bytes(delivery.data.len()).from(&Headers(properties));
        if let Some(id) = properties.message_id() {
            process = process.message_id(id.as_str());
        }
        if let Some(id) = properties.correlation_id() {
            process = process.conversation(id.as_str());
        }
        Self { process, queue, delivery }
    }

    /// Processes: what `future` does is part of it, an acknowledgement too. It gives a `Result`, or nothing at all.
    ///
    /// # Cancel safety
    /// As `future` itself; a drop is told as cancelled.
    pub async fn run<A: Answer>(self, future: impl Future<Output = A>) -> A {
        self.open().run(future, |answer, _| Judged::of(answer)).await
    }

    /// As [`Process::run`], with errors called as `kind` says: one of few different names.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    pub async fn run_as<T, E: Display, F: Into<Failure>>(
        self,
        future: impl Future<Output = Result<T, E>>,
        kind: impl FnOnce(&E) -> F,
    ) -> Result<T, E> {
        self.open().run(future, |answer, _| Judged::by(answer, kind)).await
    }

    /// Begins it, for whoever runs and judges it in a way of their own.
    pub fn open(self) -> Opened<Told> {
        let Self { process, queue, delivery } = self;
        let mut opened = process.open();
        // Made only where it is told.
        if opened.is_recorded() {
            let told = opened.describe();
            let key = delivery.routing_key.as_str();
            let key_once = if key == queue.as_str() { "" } else { key };
            told.full_name(&full_name([delivery.exchange.as_str(), key_once, queue.as_str()]));
            told.routing_key(key);
            told.delivery_tag(delivery.delivery_tag);
        }
        opened
    }
}
