//! The sink that posts each batch and keeps its books by the retry table.

mod warnings;

use std::borrow::Cow;
use std::fmt;
use std::time::Instant;

use bytes::Bytes;
use http::Method;
use obs_core::{Clock, IdSource};

use super::call_error::plain;
use super::wire::Wire;
use super::{
    Again, Attempts, Call, Client, Encoding, Endpoint, Response, Retry, SendError, Traffic, Tried, Trouble,
};
use crate::queue::{Batch, Control, Delivery, Losses, Reason, Sink};
use warnings::Warnings;

/// What a leaf adds to [`Post`]: the bytes around a batch and the meaning of an answer. Runs on the worker's thread.
pub trait Protocol: Send {
    /// Appends what stands before the batch's bytes to `head` and what stands after them to `tail`; both are empty. May
    /// change bytes of the batch so that they can be sent, but neither their number nor what the records are.
    fn wrap(&mut self, batch: &mut Batch, head: &mut Vec<u8>, tail: &mut Vec<u8>);

    /// What is sent instead of `head` and the batch's bytes, where they wait in another form than they are sent in. Default
    /// nothing: they are sent as they are, without being joined.
    fn written(&mut self, head: &[u8], batch: &Batch) -> Option<Vec<u8>> {
        let _ = (head, batch);
        None
    }

    /// What a 2xx answer says of the batch. What it drops is counted and never sent again.
    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        let _ = (response, batch);
        Verdict::Settled(Losses::default())
    }

    /// What a 2xx answer says in words: why records were dropped, or where none were a warning. Default nothing.
    fn words<'a>(&self, response: &'a Response) -> Cow<'a, [u8]> {
        let _ = response;
        Cow::Borrowed(&[])
    }

    /// The place in the batch's bytes behind so many of its records, so that no request has more. `None`, which it is by
    /// default, where that cannot be told: then a request has as many as there are.
    fn cut_behind(&mut self, batch: &Batch, records: u64) -> Option<usize> {
        let _ = (batch, records);
        None
    }

    /// How a batch is cut in two where it is too large for the other side (413): the place in its bytes, and how many of its
    /// records are in front of it. `None`, which it is by default, where it cannot be: then it is lost.
    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        let _ = batch;
        None
    }
}

/// What a 2xx answer says of a batch.
#[derive(Debug)]
pub enum Verdict {
    /// It is known of each record what became of it: these are lost, the others arrived.
    Settled(Losses),
    /// Some records were turned away for now and are to be sent once more after a pause: those of `batch`. Of the others
    /// these are lost, the rest arrived.
    Again(Batch, Losses),
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
    /// What [`Response::grpc`] says of it.
    pub grpc: Option<&'a str>,
    /// Why the last attempt brought no answer, where none came.
    pub error: Option<&'a SendError>,
    /// What [`Protocol::words`] has found in an answer that was good, and of any other its text, but for pages of HTML: at
    /// most 1 KiB, on one line and without control characters.
    pub words: Option<&'a str>,
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, records, attempts, .. } = self;
        write!(f, "{records} records lost ({}) after {attempts} attempts", reason.as_str())?;
        why(f, self.status, self.grpc, self.error)?;
        self.words.map_or(Ok(()), |words| write!(f, ": {words}"))
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
    /// What [`Response::grpc`] says of it.
    pub grpc: Option<&'a str>,
    /// Why the last attempt brought no answer, where none came.
    pub error: Option<&'a SendError>,
    /// As [`Failure::words`].
    pub words: Option<&'a str>,
}

impl fmt::Display for Retrying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records wait after {} attempts", self.records, self.attempts)?;
        why(f, self.status, self.grpc, self.error)?;
        self.words.map_or(Ok(()), |words| write!(f, ": {words}"))
    }
}

fn why(
    f: &mut fmt::Formatter<'_>,
    status: Option<u16>,
    grpc: Option<&str>,
    error: Option<&SendError>,
) -> fmt::Result {
    match (grpc, status) {
        (Some(grpc), _) => write!(f, ": gRPC status {grpc}")?,
        (None, Some(status)) => write!(f, ": status {status}")?,
        (None, None) => {}
    }
    let mut error = error.map(|error| error as &dyn std::error::Error);
    while let Some(cause) = error {
        write!(f, ": {cause}")?;
        error = cause.source();
    }
    Ok(())
}

fn said(answer: &Result<Response, SendError>) -> (Option<u16>, Option<&str>) {
    let answer = answer.as_ref().ok();
    (answer.map(|response| response.status.as_u16()), answer.and_then(Response::grpc))
}

/// What an answer that was not good says in words; over gRPC that is part of its status.
fn refusal(answer: &Result<Response, SendError>) -> Option<String> {
    let response = answer.as_ref().ok().filter(|response| response.grpc().is_none())?;
    let is_page = response.content_type() == Some("text/html");
    if is_page || response.status.is_success() {
        return None;
    }
    Some(plain(&response.body)).filter(|text| !text.is_empty())
}

type OnFailure = Box<dyn FnMut(&Failure<'_>) + Send>;
type OnRetry = Box<dyn FnMut(&Retrying<'_>) + Send>;
type OnWarning = Box<dyn FnMut(&str) + Send>;

/// Posts each batch.
pub struct Post<P> {
    attempts: Attempts,
    call: Call,
    encoding: Encoding,
    wire: &'static Wire,
    /// The path that each place has in the place of its own.
    method: Option<&'static str>,
    most_bytes: usize,
    most_records: u64,
    protocol: P,
    on_failure: OnFailure,
    on_retry: OnRetry,
    on_warning: OnWarning,
    warnings: Warnings,
}

impl<P: Protocol> Post<P> {
    /// Posts bodies of `content_type` to `endpoint` as it is, with the default [`Retry`], the system's clock and
    /// random jitter.
    pub fn new(client: Client, endpoint: Endpoint, content_type: &'static str, protocol: P) -> Self {
        let call = Call::new(Method::POST, endpoint).body(content_type, Bytes::new());
        Self::over((&Wire::HTTP, None), client, call, protocol)
    }

    /// Over what is spoken to servers, and with the path that this has everywhere.
    pub(super) fn over(
        (wire, method): (&'static Wire, Option<&'static str>),
        client: Client,
        call: Call,
        protocol: P,
    ) -> Self {
        Self {
            attempts: Attempts::new(client),
            call,
            encoding: Encoding::Plain,
            wire,
            method,
            most_bytes: usize::MAX,
            most_records: u64::MAX,
            protocol,
            on_failure: Box::new(|_| ()),
            on_retry: Box::new(|_| ()),
            on_warning: Box::new(|_| ()),
            warnings: Warnings::default(),
        }
    }

    /// Places that are asked in turn where one has trouble: [`Attempts::endpoints`].
    #[must_use]
    pub fn endpoints(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let method = self.method;
        let place = |endpoint: Endpoint| method.map_or_else(|| endpoint.clone(), |path| endpoint.at(path));
        self.attempts = self.attempts.endpoints(endpoints.into_iter().map(place));
        self
    }

    /// How bodies are compressed; default not at all.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How many bytes of records a request has at most, before they are compressed: a batch that has more is cut by
    /// [`Protocol::cut`] before anything is sent. Default as many as there are, over gRPC 3 MiB; the least that was said
    /// counts.
    #[must_use]
    pub fn most_bytes(mut self, bytes: usize) -> Self {
        self.most_bytes = self.most_bytes.min(bytes);
        self
    }

    /// How many records a request has at most: a batch that has more is cut by [`Protocol::cut_behind`] before anything is
    /// sent. Default as many as there are.
    #[must_use]
    pub fn most_records(mut self, records: u64) -> Self {
        self.most_records = records.max(1);
        self
    }

    /// When to try again and when to give up; default [`Retry::new`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.attempts = self.attempts.retry(retry);
        self
    }

    /// What is sent and what comes of it is noted here; default nowhere.
    #[must_use]
    pub fn traffic(mut self, traffic: &Traffic) -> Self {
        self.attempts = self.attempts.traffic(traffic);
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

    /// Called on the worker's thread with what an answer says in words ([`Protocol::words`]) although nothing was dropped:
    /// at most once a minute, and each text once, as long as there are few of them. At most 1 KiB, on one line and without
    /// control characters. Default nothing. Must not send telemetry through the same queue.
    #[must_use]
    pub fn on_warning(mut self, hook: impl FnMut(&str) + Send + 'static) -> Self {
        self.on_warning = Box::new(hook);
        self
    }

    /// Sends a batch until all of it has its fate.
    fn settle(&mut self, batch: &mut Batch, control: &Control) -> Losses {
        // Whenever something gets through, the patience begins anew for the rest.
        let (mut begun, mut losses) = (Instant::now(), Losses::default());
        // What is to be sent, the next one last.
        let mut parts = vec![std::mem::take(batch)];
        let mut turn = 0;
        while let Some(mut part) = parts.pop() {
            if let Some(back) = self.rest(&mut part) {
                parts.extend([back, part]);
                continue;
            }
            let bytes = part.bytes.len();
            if bytes > self.most_bytes
                && let Some(back) = self.halves(&mut part)
            {
                parts.extend([back, part]);
                continue;
            }
            let tried = self.send(&mut part, begun, control);
            let mut words = refusal(&tried.answer);
            let lost = match (tried.lost, &tried.answer) {
                (None, Ok(response)) => match self.protocol.accept(response, &part) {
                    Verdict::Settled(lost) => {
                        words = Some(plain(&self.protocol.words(response))).filter(|words| !words.is_empty());
                        begun = Instant::now();
                        if part.records > 0 && lost.total() >= part.records {
                            self.attempts.note(Trouble::TurnedAway);
                        }
                        lost
                    }
                    Verdict::Again(again, mut lost) => {
                        turn += 1;
                        match self.attempts.wait(turn, begun, control) {
                            None => parts.push(again),
                            Some(reason) => lost.add(reason, again.records),
                        }
                        lost
                    }
                },
                (Some(Reason::Rejected), Ok(response)) if response.is_too_large(bytes) => {
                    match self.halves(&mut part) {
                        Some(back) => {
                            parts.extend([back, part]);
                            continue;
                        }
                        None => Losses::of(Reason::Rejected, part.records),
                    }
                }
                (lost, _) => Losses::of(lost.unwrap_or(Reason::Internal), part.records),
            };
            if let Some(words) = words.as_deref().filter(|_| lost.total() == 0 && tried.lost.is_none())
                && self.warnings.is_due(words, self.attempts.now())
            {
                (self.on_warning)(words);
            }
            // What waits in a journal for the next process is not lost.
            let is_left = |reason| reason == Reason::Shutdown && control.is_durable();
            for (reason, records) in lost.each().filter(|(reason, _)| !is_left(*reason)) {
                let (attempts, error) = (tried.attempts, tried.answer.as_ref().err());
                let (status, grpc) = said(&tried.answer);
                (self.on_failure)(&Failure {
                    reason,
                    records,
                    attempts,
                    status,
                    grpc,
                    error,
                    words: words.as_deref(),
                });
            }
            losses.join(lost);
            // The queue goes on with the same memory.
            *batch = part;
        }
        losses
    }

    /// Takes what is behind as many records as a request has at most.
    fn rest(&mut self, part: &mut Batch) -> Option<Batch> {
        if part.records <= self.most_records {
            return None;
        }
        let at = self.protocol.cut_behind(part, self.most_records)?;
        Self::split(part, (at, self.most_records))
    }

    /// Takes the second half of what is too large as it is.
    fn halves(&mut self, part: &mut Batch) -> Option<Batch> {
        let place = self.protocol.cut(part)?;
        Self::split(part, place)
    }

    fn split(part: &mut Batch, (at, front): (usize, u64)) -> Option<Batch> {
        if front == 0 || front >= part.records || at > part.bytes.len() {
            return None;
        }
        let back = Batch { bytes: part.bytes.split_off(at), records: part.records - front, gaps: Vec::new() };
        part.records = front;
        Some(back)
    }

    fn send(&mut self, part: &mut Batch, begun: Instant, control: &Control) -> Tried {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        self.protocol.wrap(part, &mut head, &mut tail);
        let written = self.protocol.written(&head, part);
        let is_written = written.is_some();
        self.call.parts = match written {
            Some(written) => [written.into(), Bytes::new(), Bytes::new()],
            None => [head.into(), Bytes::from(std::mem::take(&mut part.bytes)), tail.into()],
        };
        let (on_retry, records) = (&mut self.on_retry, part.records);
        let again = |again: &Again<'_>| {
            let (attempts, error) = (again.attempts, again.answer.as_ref().err());
            let (status, grpc) = said(again.answer);
            let words = refusal(again.answer);
            on_retry(&Retrying { records, attempts, status, grpc, error, words: words.as_deref() });
        };
        let call = (self.wire.write)(self.encoding, self.call.clone());
        let tried = self.attempts.send_since(begun, &call, control, again);
        drop(call);
        let [_, bytes, _] = std::mem::take(&mut self.call.parts);
        if !is_written {
            // Unless the connection still holds it, that is the same memory.
            part.bytes = Vec::from(bytes);
        }
        tried
    }
}

impl<P: Protocol> Sink for Post<P> {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        Delivery::Lost(self.settle(batch, control))
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
