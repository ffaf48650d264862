//! Sending.

use std::fmt::{self, Display};
use std::sync::Arc;

use super::Destination;
use super::told::{Role, Told, setters};
use crate::Base;
use crate::observe::work::{Failure, Judged, Opened};
use crate::propagate::Injector;

/// One sending, before it begins.
#[derive(Debug)]
#[must_use = "it is told of when it is run"]
pub struct Publish {
    base: Option<Arc<Base>>,
    told: Told,
}

impl Publish {
    pub(super) fn new(destination: &Destination) -> Self {
        Self { base: destination.base.clone(), told: Told::new(destination, "publish", Role::Send) }
    }

    setters! {
        operation: "What the product calls it, where that is another word than `publish`, such as `send`.",
        message_id: "The message's id, where it is known before it is sent; at most 64 bytes.",
        partition: "The partition it goes to.",
    }

    /// How many messages are sent as one.
    pub fn batch(mut self, messages: usize) -> Self {
        self.told.batch = Some(messages);
        self
    }

    /// Begins it and writes its context onto a message's headers. Of a batch, call [`Published::inject`] for the others.
    pub fn inject(self, carrier: &mut impl Injector) -> Published {
        self.begin().inject(carrier)
    }

    /// Begins it, for messages that can carry nothing, or whose headers are written later.
    pub fn begin(self) -> Published {
        Published(Opened::here(self.base.as_ref(), self.told))
    }

    /// Sends without anything of the trace on the message. As [`Published::run`] otherwise.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    pub async fn run<T, E: Display>(self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.begin().run(future).await
    }
}

/// A sending that has begun. Dropped, it was cancelled.
#[must_use = "it is told of when it is run"]
pub struct Published(Opened<Told>);

impl Published {
    /// Writes its context onto the headers of a message, or of one more of a batch.
    pub fn inject(mut self, carrier: &mut impl Injector) -> Self {
        if let (Some(base), Some(context)) = (self.0.base(), self.0.context()) {
            base.propagation.write(context, carrier);
        }
        self.0.describe().role = Role::Produce;
        self
    }

    /// Sends. An error is called by the path of its type.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    ///
    /// # Cancel safety
    /// As `future` itself; a drop is told as cancelled.
    pub async fn run<T, E: Display>(self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.0.run(future, |answer, _| Judged::of(answer)).await
    }

    /// As [`Published::run`], with errors called as `kind` says: one of few different names.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    pub async fn run_as<T, E: Display, F: Into<Failure>>(
        self,
        future: impl Future<Output = Result<T, E>>,
        kind: impl FnOnce(&E) -> F,
    ) -> Result<T, E> {
        self.0.run(future, |answer, _| Judged::by(answer, kind)).await
    }

    /// What was begun, to say more of it.
    pub fn opened(&mut self) -> &mut Opened<Told> {
        &mut self.0
    }

    /// For whoever runs and judges it in a way of their own.
    pub fn into_opened(self) -> Opened<Told> {
        self.0
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Published").field(&self.0).finish()
    }
}
