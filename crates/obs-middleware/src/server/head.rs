//! What of a request's head must outlive the request: shared bytes, lent to observers as text at the end.

use std::net::SocketAddr;

use http::{HeaderValue, Request, Uri, Version};
use obs_core::Timestamp;
use obs_core::observe::{self, Method};
use obs_core::propagate::Remote;

use super::extract::Found;

/// Cloned from the head without copying text: `http` keeps it in shared buffers.
#[derive(Clone)]
pub(crate) struct Head {
    method: Method,
    method_original: http::Method,
    uri: Uri,
    version: Version,
    host: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    peer: Option<SocketAddr>,
    started: Timestamp,
    parent: Option<Remote>,
    link: Option<Remote>,
}

impl Head {
    pub(super) fn of<B>(
        request: &Request<B>,
        method: Method,
        found: &Found<'_>,
        peer: Option<SocketAddr>,
        started: Timestamp,
        parent: Option<Remote>,
        link: Option<Remote>,
    ) -> Self {
        Self {
            method,
            method_original: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            host: found.host.cloned(),
            user_agent: found.user_agent.cloned(),
            peer,
            started,
            parent,
            link,
        }
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    /// What is told at the start: all but the texts that have to be checked first.
    pub(super) fn first_view(&self) -> observe::Request<'_> {
        let mut view = observe::Request::new(self.method, self.uri.path());
        view.method_original = self.method_original.as_str();
        // HTTP/1 does not say; where TLS ends in front of the service, as it mostly does, this is what is spoken here.
        view.scheme = Some(self.uri.scheme_str().unwrap_or("http"));
        view.protocol_version = match self.version {
            Version::HTTP_09 => "0.9",
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            Version::HTTP_3 => "3",
            _ => "1.1",
        };
        view.peer = self.peer;
        view.started = self.started;
        view.parent = self.parent.as_ref();
        view.link = self.link.as_ref();
        view
    }

    /// What is told at the end: everything.
    pub(crate) fn view(&self) -> observe::Request<'_> {
        let mut view = self.first_view();
        view.host =
            self.uri.authority().map(|authority| authority.as_str()).or_else(|| text(self.host.as_ref()));
        view.user_agent = text(self.user_agent.as_ref());
        view
    }
}

/// A header as text; bytes that are no UTF-8 make it as good as absent.
fn text(value: Option<&HeaderValue>) -> Option<&str> {
    let value = value?;
    // Short ones are looked at byte by byte: what is faster for long ones takes longer to begin.
    if value.len() <= 32
        && let Ok(text) = value.to_str()
    {
        return Some(text);
    }
    str::from_utf8(value.as_bytes()).ok()
}
