//! The sink that posts each batch and keeps its books by the retry table.

use std::fmt;

use bytes::Bytes;
use http::Method;
use obs_core::{Clock, IdSource};

use super::{Attempts, Call, Client, Endpoint, Response, Retry, SendError};
use crate::queue::{Batch, Control, Delivery, Reason, Sink};

/// What a leaf adds to [`Post`]: the bytes around a batch and the meaning of an answer. Runs on the worker's thread.
pub trait Protocol: Send {
    /// Appends what stands before the batch's bytes to `head` and what stands after them to `tail`; both are empty.
    fn wrap(&mut self, batch: &Batch, head: &mut Vec<u8>, tail: &mut Vec<u8>);

    /// What a 2xx answer says of the batch's `records`. What it drops is counted and never sent again.
    fn accept(&mut self, response: &Response, records: u64) -> Delivery {
        let _ = (response, records);
        Delivery::Delivered
    }
}

/// Why a batch, or part of it, did not arrive.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure<'a> {
    /// What the books say.
    pub reason: Reason,
    /// How many records are lost.
    pub records: u64,
    /// Attempts made.
    pub attempts: u32,
    /// The status of the last answer, where one came.
    pub status: Option<u16>,
    /// Why the last attempt brought no answer, where none came.
    pub error: Option<&'a SendError>,
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, records, attempts, .. } = self;
        write!(f, "{records} records lost ({}) after {attempts} attempts", reason.as_str())?;
        why(f, self.status, self.error)
    }
}

/// Why a batch is sent once more, after a pause.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrying<'a> {
    /// How many records wait with it.
    pub records: u64,
    /// Attempts made.
    pub attempts: u32,
    /// The status of the last answer, where one came.
    pub status: Option<u16>,
    /// Why the last attempt brought no answer, where none came.
    pub error: Option<&'a SendError>,
}

impl fmt::Display for Retrying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records wait after {} attempts", self.records, self.attempts)?;
        why(f, self.status, self.error)
    }
}

fn why(f: &mut fmt::Formatter<'_>, status: Option<u16>, error: Option<&SendError>) -> fmt::Result {
    if let Some(status) = status {
        write!(f, ": status {status}")?;
    }
    let mut error = error.map(|error| error as &dyn std::error::Error);
    while let Some(cause) = error {
        write!(f, ": {cause}")?;
        error = cause.source();
    }
    Ok(())
}

type OnFailure = Box<dyn FnMut(&Failure<'_>) + Send>;
type OnRetry = Box<dyn FnMut(&Retrying<'_>) + Send>;

/// Posts each batch to one endpoint.
pub struct Post<P> {
    attempts: Attempts,
    call: Call,
    protocol: P,
    on_failure: OnFailure,
    on_retry: OnRetry,
}

impl<P: Protocol> Post<P> {
    /// Posts bodies of `content_type` to `endpoint` as it is, with the default [`Retry`], the system's clock and
    /// random jitter.
    pub fn new(client: Client, endpoint: Endpoint, content_type: &'static str, protocol: P) -> Self {
        Self {
            attempts: Attempts::new(client),
            call: Call::new(Method::POST, endpoint).body(content_type, Bytes::new()),
            protocol,
            on_failure: Box::new(|_| ()),
            on_retry: Box::new(|_| ()),
        }
    }

    /// When to try again and when to give up; default [`Retry::new`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.attempts = self.attempts.retry(retry);
        self
    }

    /// The clock that dates in `Retry-After` are compared with; default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.attempts = self.attempts.clock(clock);
        self
    }

    /// Where jitter comes from; default random.
    #[must_use]
    pub fn ids(mut self, ids: IdSource) -> Self {
        self.attempts = self.attempts.ids(ids);
        self
    }

    /// Called on the worker's thread for each batch that was lost in whole or in part; default nothing. Must not
    /// send telemetry through the same queue.
    #[must_use]
    pub fn on_failure(mut self, hook: impl FnMut(&Failure<'_>) + Send + 'static) -> Self {
        self.on_failure = Box::new(hook);
        self
    }

    /// Called on the worker's thread after each attempt that will be followed by another; default nothing. Must not
    /// send telemetry through the same queue.
    #[must_use]
    pub fn on_retry(mut self, hook: impl FnMut(&Retrying<'_>) + Send + 'static) -> Self {
        self.on_retry = Box::new(hook);
        self
    }

    fn exchange(&mut self, records: u64, control: &Control) -> Delivery {
        let on_retry = &mut self.on_retry;
        let tried = self.attempts.send(&self.call, control, |again| {
            let status = again.answer.as_ref().ok().map(|response| response.status.as_u16());
            on_retry(&Retrying {
                records,
                attempts: again.attempts,
                status,
                error: again.answer.as_ref().err(),
            });
        });
        let delivery = match (tried.lost, &tried.answer) {
            (None, Ok(response)) => self.protocol.accept(response, records),
            (lost, _) => Delivery::Dropped(lost.unwrap_or(Reason::Internal), records),
        };
        if let Delivery::Dropped(reason, records) = delivery
            && records > 0
        {
            let status = tried.answer.as_ref().ok().map(|response| response.status.as_u16());
            let (attempts, error) = (tried.attempts, tried.answer.as_ref().err());
            (self.on_failure)(&Failure { reason, records, attempts, status, error });
        }
        delivery
    }
}

impl<P: Protocol> Sink for Post<P> {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        self.protocol.wrap(batch, &mut head, &mut tail);
        let bytes = Bytes::from(std::mem::take(&mut batch.bytes));
        self.call.parts = [head.into(), bytes, tail.into()];
        let delivery = self.exchange(batch.records, control);
        let [_, bytes, _] = std::mem::take(&mut self.call.parts);
        // The queue goes on with the same memory, unless the connection still holds it.
        if bytes.is_unique() {
            batch.bytes = Vec::from(bytes);
        }
        delivery
    }
}

impl<P: fmt::Debug> fmt::Debug for Post<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("call", &self.call)
            .field("protocol", &self.protocol)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
