//! Processing.

use std::fmt::Display;
use std::sync::Arc;

use super::Destination;
use super::told::{Role, Told, setters};
use crate::Base;
use crate::context;
use crate::conventions::Origin;
use crate::observe::Target;
use crate::observe::work::{Answer, Failure, Judged, Opened};
use crate::propagate::{Caller, Extractor};

/// The processing of a message, or of a batch, before it begins.
#[derive(Debug)]
#[must_use = "it is told of when it is run"]
pub struct Process {
    base: Option<Arc<Base>>,
    told: Told,
    origin: Origin,
}

impl Process {
    /// How many messages of a batch are linked to at most.
    pub const MAX_LINKS: usize = 128;

    pub(super) fn new(destination: &Destination) -> Self {
        let told = Told::new(destination, "process", Role::Process);
        let origin = Origin { around: destination.around.clone(), ..Origin::default() };
        Self { base: destination.base.clone(), told, origin }
    }

    setters! {
        operation: "What the product calls it, where that is another word than `process`.",
        message_id: "The message's id; at most 64 bytes.",
        partition: "The partition it came from.",
    }

    /// The group of consumers this one belongs to.
    pub fn consumer_group(mut self, group: impl Into<Target>) -> Self {
        self.told.group = Some(group.into());
        self
    }

    /// Goes on from what the headers of the one message hold, where that is well written.
    pub fn from(mut self, carrier: &impl Extractor) -> Self {
        self.origin.read(self.base.as_ref(), carrier);
        self
    }

    /// Is linked to what the headers of all messages of a batch hold, the first [`Process::MAX_LINKS`] of them.
    pub fn batch<'c, C: Extractor + 'c>(mut self, carriers: impl IntoIterator<Item = &'c C>) -> Self {
        let mut messages = 0;
        for carrier in carriers {
            messages += 1;
            let base = self.base.as_ref().filter(|_| self.told.links.len() < Self::MAX_LINKS);
            let remote = base.and_then(|base| base.propagation.read_span(carrier));
            self.told.links.extend(remote);
        }
        self.told.batch = Some(messages);
        self
    }

    /// Processes: what `future` does is part of it. It gives a `Result`, or nothing at all.
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
        let Self { base, told, mut origin } = self;
        // Inside of something else it is a part of that, and has no more than links to where its messages came from.
        let mut opened = if context::is_open() && context::with_current(|_| ()).is_some() {
            Opened::here(base.as_ref(), told)
        } else {
            origin.root(base.as_ref(), told)
        };
        // A list of links is made only where it is told.
        if opened.is_recorded()
            && let Some(Caller::Span(sender)) = origin.caller
        {
            opened.describe().links.push(sender);
        }
        opened
    }
}
