//! What of a request's head must outlive the request: shared bytes, lent to observers as text at the end.

use std::net::SocketAddr;

use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Uri, Version};
use obs_core::Timestamp;
use obs_core::observe;
use obs_core::propagate::Remote;

/// Cloned from the head without copying text: `http` keeps it in shared buffers.
pub(super) struct Head {
    pub(super) method: Method,
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
        started: Timestamp,
        parent: Option<Remote>,
        link: Option<Remote>,
    ) -> Self {
        let headers = request.headers();
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            host: headers.get(HOST).cloned(),
            user_agent: headers.get(USER_AGENT).cloned(),
            peer: crate::route::peer(request.extensions()),
            started,
            parent,
            link,
        }
    }

    pub(super) fn view(&self) -> observe::Request<'_> {
        let mut view = observe::Request::new(observe::Method::parse(self.method.as_str()), self.uri.path());
        view.method_original = self.method.as_str();
        view.scheme = self.uri.scheme_str();
        view.protocol_version = match self.version {
            Version::HTTP_09 => "0.9",
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            Version::HTTP_3 => "3",
            _ => "1.1",
        };
        view.host =
            self.uri.authority().map(|authority| authority.as_str()).or_else(|| text(self.host.as_ref()));
        view.user_agent = text(self.user_agent.as_ref());
        view.peer = self.peer;
        view.started = self.started;
        view.parent = self.parent.as_ref();
        view.link = self.link.as_ref();
        view
    }
}

/// A header as text; bytes that are no visible ASCII make it as good as absent.
fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok()
}
