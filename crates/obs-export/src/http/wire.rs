//! What is spoken between a client and a server: plain HTTP, or something over it.

use http::HeaderMap;
use hyper_util::client::legacy::Builder;

use super::{Call, Encoding, Response, SendError};

/// One way to speak.
#[derive(Debug)]
pub(super) struct Wire {
    /// What is offered over TLS; nothing is HTTP/1.1.
    pub(super) alpn: &'static [&'static [u8]],
    /// Sets up connections.
    pub(super) tune: fn(&mut Builder),
    /// How many bytes of an answer's body may stand around what is in it.
    pub(super) around: usize,
    /// Makes of a call with a plain body what is sent.
    pub(super) write: fn(Encoding, Call) -> Call,
    /// Makes of an answer, and what came behind its body, what it says.
    pub(super) read: fn(Response, Option<HeaderMap>) -> Result<Response, SendError>,
}

impl Wire {
    /// Plain HTTP/1.1.
    pub(super) const HTTP: Self = Self {
        alpn: &[],
        tune: |_| (),
        around: 0,
        write: Encoding::encode,
        read: |response, _| Ok(response),
    };
}
