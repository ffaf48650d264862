//! An answer, and what it means for what was sent.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{StatusCode, response};
use obs_core::Clock;

use super::grpc::Status;
use super::retry_after::retry_after;
use super::{Fate, Retry};

/// An answer, read whole.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers; of an answer over gRPC, its trailers too.
    pub headers: HeaderMap,
    /// Its body, or over gRPC the message in it; at most [`Client::MAX_RESPONSE`](super::Client::MAX_RESPONSE) bytes.
    pub body: Bytes,
    /// Where it came over gRPC, the status that counts.
    pub(super) grpc: Option<Status>,
}

impl Response {
    pub(super) fn new(head: response::Parts, body: Bytes) -> Self {
        Self { status: head.status, headers: head.headers, body, grpc: None }
    }

    /// The media type of the body, without parameters.
    pub fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        value.split(';').next().map(str::trim)
    }

    /// The name of its gRPC status and, behind a colon, the message beside it; `None` for an answer over plain HTTP.
    pub fn grpc(&self) -> Option<&str> {
        self.grpc.as_ref().map(Status::text)
    }

    pub(super) fn fate(&self, retry: &Retry) -> Fate {
        match &self.grpc {
            Some(status) => status.fate(retry.is_for_access()),
            None => retry.fate(self.status.as_u16()),
        }
    }

    /// Whether the trouble is of the one that was asked, so that another may be asked at once. One that asks for less is
    /// not passed by.
    pub(super) fn is_its_own_trouble(&self) -> bool {
        self.grpc.as_ref().map_or(self.status.is_server_error(), Status::is_its_own_trouble)
    }

    /// How long it asks to be left alone.
    pub(super) fn asked(&self, clock: &Clock) -> Option<Duration> {
        let by_status = self.grpc.as_ref().and_then(Status::asked);
        let by_header = || {
            let value = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
            retry_after(value, clock.now())
        };
        by_status.or_else(by_header)
    }

    /// Whether a batch of so many bytes may have been refused because it is too large.
    pub(super) fn is_too_large(&self, bytes: usize) -> bool {
        let by_status = self.grpc.as_ref().is_some_and(|status| status.is_too_large(bytes));
        by_status || self.status == StatusCode::PAYLOAD_TOO_LARGE
    }
}
