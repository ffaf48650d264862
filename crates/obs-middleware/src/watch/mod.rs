//! What the layers of both sides have in common: polls inside of a context, and a guard that is told how it ended.

mod body;
mod future;

use std::any::Any;
use std::fmt::Display;

use bytes::{Buf, Bytes};
use http::{HeaderMap, Response, StatusCode};
use obs_core::context::Context;
use obs_core::observe::Method;
pub(crate) use obs_core::observe::work::panic_text;

pub(crate) use body::WatchedBody;
pub(crate) use future::WatchedFuture;

/// Ends one request or call, exactly once: by one of the calls that consume it or, dropped before, by its own drop.
pub trait Watch: Sized {
    /// What is open while it is polled.
    fn context(&self) -> &Context;
    /// Notes the response's head. Returns whether that is all there will be: whether nobody will ever ask for the body.
    fn head<B>(&mut self, response: &mut Response<B>) -> bool;
    /// Whether trailers are what ends the body, however many bytes the head promised.
    fn ends_with_trailers(&self) -> bool {
        false
    }
    /// What the call of the service panicked with, where it did: taken up by the first poll.
    fn raised(&self) -> Option<Box<dyn Any + Send>> {
        None
    }
    /// What is answered to a panic before there was a head, where anything is. Noted as the head.
    fn answer(&mut self) -> Option<Response<Bytes>> {
        None
    }
    /// Counts a frame of the body that is handed on; returns how many bytes there were so far.
    fn passed<D: Buf>(&mut self, data: &D) -> u64;
    /// Trailers that are handed on.
    fn trailers(&mut self, trailers: &HeaderMap) {
        let _ = trailers;
    }
    /// The response came to its end.
    fn complete(self);
    /// The service or the body failed.
    fn fail<E: Display + 'static>(self, error: &E);
    /// The service or the body panicked.
    fn panicked(self, payload: &(dyn Any + Send));
}

/// Whether a response with this status hands the connection over to another protocol (RFC 9110, sections 7.8 and 9.3.6).
pub(crate) fn is_upgrade(method: Method, status: StatusCode) -> bool {
    status == StatusCode::SWITCHING_PROTOCOLS || (method == Method::Connect && status.is_success())
}

/// Whether a response to this method with this status has no body, whatever its headers say (RFC 9110, section 6.4.1).
pub(crate) fn is_bodiless(method: Method, status: StatusCode) -> bool {
    let empty = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    let tunnel = method == Method::Connect && status.is_success();
    empty || tunnel || status.is_informational() || method == Method::Head
}
