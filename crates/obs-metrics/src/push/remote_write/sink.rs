//! The sending end of remote write: which version is spoken, and what an answer says was written.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use obs_export::http::{Attempts, Call, Endpoint, Response, Tried};
use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};

use super::{WriteVersion, classic};
use crate::push::books::{Books, Outcome};
use crate::push::{OnFailure, record};

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
/// What every answer of a server that speaks 2.0 has, refusals included.
const WRITTEN: HeaderName = HeaderName::from_static("x-prometheus-remote-write-samples-written");

const PROTOBUF: &str = "application/x-protobuf";
const PROTOBUF_2: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

/// Sends requests of 2.0, as they come out of the queue, in the version that the server speaks.
pub(super) struct Samples {
    call: Call,
    speaks: Speaks,
    attempts: Attempts,
    books: Arc<Books>,
    on_failure: OnFailure,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// Or so we think until it shows otherwise.
    V2,
    V1,
}

impl Samples {
    pub(super) fn new(
        endpoint: Endpoint,
        version: WriteVersion,
        attempts: Attempts,
        books: Arc<Books>,
        on_failure: OnFailure,
    ) -> Self {
        let speaks = match version {
            WriteVersion::Negotiated => Speaks::V2,
            WriteVersion::V1 => Speaks::V1,
        };
        let call = Call::new(Method::POST, endpoint);
        let call = call.header(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
        Self { call, speaks, attempts, books, on_failure }
    }

    fn send(&mut self, request: &[u8], control: &Control) -> Option<Tried> {
        if self.speaks == Speaks::V2 {
            let call = self.request(request, PROTOBUF_2, "2.0.0")?;
            let tried = self.attempts.send(&call, control, |_| ());
            if !tried.answer.as_ref().is_ok_and(is_of_before) {
                return Some(tried);
            }
            self.speaks = Speaks::V1;
        }
        let call = self.request(&classic::classic(request).ok()?, PROTOBUF, "0.1.0")?;
        Some(self.attempts.send(&call, control, |_| ()))
    }

    /// The body as a block of snappy, which is what "snappy" means here, not its framed format.
    fn request(&self, body: &[u8], content_type: &'static str, version: &'static str) -> Option<Call> {
        let body = snap::raw::Encoder::new().compress_vec(body).ok()?;
        let call = self.call.clone().header(VERSION, HeaderValue::from_static(version));
        Some(call.body(content_type, Bytes::from(body)))
    }
}

impl Sink for Samples {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        let (samples, request) = record::read(&batch.bytes);
        let Some(tried) = self.send(request, control) else {
            self.books.count(Outcome::Internal);
            return Delivery::Dropped(Reason::Internal, batch.records);
        };
        if let Some(lost) = lost(&tried, self.speaks, samples) {
            self.books.lose_samples(lost);
        }
        let reason = tried.lost;
        let result = tried.into_result();
        self.books.count(Outcome::of(&result));
        if let Err(error) = result {
            (self.on_failure)(&error);
        }
        reason.map_or(Delivery::Delivered, |reason| Delivery::Dropped(reason, batch.records))
    }
}

/// Whether this answer to 2.0 is one of a server that knows only 1.0: it says so, or it has taken what it cannot have
/// understood (remote write 2.0, "Required Written Response Headers").
fn is_of_before(response: &Response) -> bool {
    response.status == StatusCode::UNSUPPORTED_MEDIA_TYPE
        || response.status.is_success() && !response.headers.contains_key(WRITTEN)
}

/// How many of the samples that arrived were not kept: what the server says, and where it does not say, all of a
/// request it refused and none of one it took.
fn lost(tried: &Tried, speaks: Speaks, samples: u32) -> Option<u64> {
    let response = tried.answer.as_ref().ok()?;
    let written = response.headers.get(WRITTEN).filter(|_| speaks == Speaks::V2);
    let written = written.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    match (tried.lost, written) {
        (None | Some(Reason::Rejected), Some(written)) => Some(u64::from(samples).saturating_sub(written)),
        (Some(Reason::Rejected), None) => Some(samples.into()),
        _ => None,
    }
}
