//! What of a request's head must outlive the request: shared bytes, lent to observers as text at the end.

use std::net::SocketAddr;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Version};
use obs_core::Timestamp;
use obs_core::observe::{self, Method};
use obs_core::propagate::Remote;

use super::extract::Found;

/// Cloned from the head without copying text: `http` keeps it in shared buffers. Each request has one, so what few need takes a
/// word.
#[derive(Clone)]
pub(crate) struct Head {
    method: Method,
    /// Where it is none of those that [`Method`] knows.
    method_original: Option<Box<http::Method>>,
    // The parts of the URI that are there: most have a path alone.
    scheme: Option<Scheme>,
    host: Host,
    path: Option<PathAndQuery>,
    version: Version,
    user_agent: Option<HeaderValue>,
    peer: Option<SocketAddr>,
    started: Timestamp,
    caller: CalledBy,
}

/// Whom the request is for, as it says.
#[derive(Clone)]
enum Host {
    Unsaid,
    Uri(Authority),
    Header(HeaderValue),
}

/// The caller's span, where there is one.
#[derive(Clone)]
pub(super) enum CalledBy {
    Nobody,
    /// Below which the request is.
    Parent(Remote),
    /// That the request names without being below it.
    Link(Remote),
}

impl CalledBy {
    pub(super) fn parent(&self) -> Option<&Remote> {
        if let Self::Parent(remote) = self { Some(remote) } else { None }
    }

    fn link(&self) -> Option<&Remote> {
        if let Self::Link(remote) = self { Some(remote) } else { None }
    }
}

impl Head {
    #[inline]
    pub(super) fn of<B>(
        request: &Request<B>,
        method: Method,
        found: &Found<'_>,
        peer: Option<SocketAddr>,
        started: Timestamp,
        caller: CalledBy,
    ) -> Self {
        let uri = request.uri();
        Self {
            method,
            method_original: (method == Method::Other).then(|| Box::new(request.method().clone())),
            scheme: uri.scheme().cloned(),
            host: match (uri.authority(), found.host) {
                (Some(authority), _) => Host::Uri(authority.clone()),
                (None, Some(host)) => Host::Header(host.clone()),
                (None, None) => Host::Unsaid,
            },
            path: uri.path_and_query().cloned(),
            version: request.version(),
            user_agent: found.user_agent.cloned(),
            peer,
            started,
            caller,
        }
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    /// What is told at the start: all but what has to be looked up or checked first.
    pub(super) fn first_view(&self) -> observe::Request<'_> {
        let path = self.path.as_ref().map_or("", PathAndQuery::path);
        let mut view = observe::Request::new(self.method, path);
        view.peer = self.peer;
        view.started = self.started;
        view.parent = self.caller.parent();
        view.link = self.caller.link();
        view
    }

    /// What is told at the end: everything.
    pub(crate) fn view(&self) -> observe::Request<'_> {
        let mut view = self.first_view();
        view.method_original =
            self.method_original.as_ref().map_or(self.method.as_str(), |method| method.as_str());
        // HTTP/1 does not say; where TLS ends in front of the service, as it mostly does, this is what is spoken here.
        view.scheme = Some(self.scheme.as_ref().map_or("http", Scheme::as_str));
        view.protocol_version = match self.version {
            Version::HTTP_09 => "0.9",
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            Version::HTTP_3 => "3",
            _ => "1.1",
        };
        view.host = match &self.host {
            Host::Unsaid => None,
            Host::Uri(authority) => Some(authority.as_str()),
            Host::Header(value) => text(value),
        };
        view.user_agent = self.user_agent.as_ref().and_then(text);
        view
    }
}

/// A header as text; bytes that are no UTF-8 make it as good as absent.
fn text(value: &HeaderValue) -> Option<&str> {
    // Short ones are looked at byte by byte: what is faster for long ones takes longer to begin.
    if value.len() <= 32
        && let Ok(text) = value.to_str()
    {
        return Some(text);
    }
    str::from_utf8(value.as_bytes()).ok()
}
