//! What observers are told about a request and about its end, as views onto what the middleware holds.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Method, RpcCall, RpcEnd};
use crate::Outcome;
use crate::propagate::Remote;
use crate::redact::{Recurring, Rules};
use crate::time::Timestamp;

/// A request, as the server saw its head. The route is in the context's [`Local`](crate::context::Local), because
/// it may be known only later.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The method, out of the closed set.
    pub method: Method,
    /// The method's own text; differs from `method` only for [`Method::Other`].
    pub method_original: &'a str,
    /// The path without the query. Raw: for spans and lines, never for labels.
    pub path: &'a str,
    /// `http` or `https`, where known.
    pub scheme: Option<&'a str>,
    /// `1.0`, `1.1`, `2` or `3`.
    pub protocol_version: &'static str,
    /// The `Host` header or `:authority`. Told at the end, not at the start: checking its text costs.
    pub host: Option<&'a str>,
    /// The `User-Agent` header. Told at the end, not at the start.
    pub user_agent: Option<&'a str>,
    /// Who asked, as far as it is to be told: the peer of the connection, or whoever is behind proxies that are trusted, whole or
    /// shortened. Port 0 where that is not known.
    pub peer: Option<SocketAddr>,
    /// When the head was handed to the middleware.
    pub started: Timestamp,
    /// The caller's span that ours is a child of.
    pub parent: Option<&'a Remote>,
    /// The caller's span that ours only points at, because it is not trusted.
    pub link: Option<&'a Remote>,
    /// Where it is a remote procedure call: which.
    pub rpc: Option<&'a RpcCall>,
    /// By which rules the texts hold no secret, where they were judged.
    clean_by: Option<&'a Rules>,
}

impl<'a> Request<'a> {
    /// A request with nothing known but its method and path.
    pub fn new(method: Method, path: &'a str) -> Self {
        Self {
            method,
            method_original: method.as_str(),
            path,
            scheme: None,
            protocol_version: "1.1",
            host: None,
            user_agent: None,
            peer: None,
            started: Timestamp::default(),
            parent: None,
            link: None,
            rpc: None,
            clean_by: None,
        }
    }

    /// Looks for secrets in path, host and user agent, once for all observers. Last of all: what is set later is not
    /// looked at again.
    pub fn judge(&mut self, rules: &'a Rules) {
        let is_clean = rules.is_clean(self.path)
            && self.host.is_none_or(|host| rules.is_clean_again(host, Recurring::Host))
            && self.user_agent.is_none_or(|agent| rules.is_clean_again(agent, Recurring::UserAgent));
        self.clean_by = is_clean.then_some(rules);
    }

    /// Hands `then` the request as it may be shown: with `[redacted]` in place of the secrets in path, host and user
    /// agent. The rest of a request is words of the protocol and ids.
    #[inline]
    pub fn shown(&self, rules: &Rules, then: impl FnOnce(&Request<'_>)) {
        if self.clean_by.is_some_and(|by| by.is_same(rules)) {
            then(self);
        } else {
            self.redacted(rules, then);
        }
    }

    #[cold]
    fn redacted(&self, rules: &Rules, then: impl FnOnce(&Request<'_>)) {
        let path = rules.redact(self.path);
        let host = self.host.map(|host| rules.redact(host));
        let agent = self.user_agent.map(|agent| rules.redact(agent));
        then(&Request { path: &path, host: host.as_deref(), user_agent: agent.as_deref(), ..*self });
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct End<'a> {
    /// The one classification.
    pub outcome: Outcome,
    /// The response's status, where a head was made. A panic or an error before the head has none.
    pub status: Option<u16>,
    /// From the request's head to the end.
    pub duration: Duration,
    /// From the request's head to the response's, where that is measured.
    pub head: Option<Duration>,
    /// Bytes of request body that the service has read, where that is measured.
    pub request_bytes: Option<u64>,
    /// Bytes of response body handed to the server.
    pub response_bytes: u64,
    /// The error of the service or the body, or the panic's message.
    pub error: Option<&'a str>,
    /// Where it was a remote procedure call: how that ended.
    pub rpc: Option<&'a RpcEnd>,
}

impl<'a> End<'a> {
    /// An end with nothing known but outcome and duration.
    pub fn new(outcome: Outcome, duration: Duration) -> Self {
        Self {
            outcome,
            status: None,
            duration,
            head: None,
            request_bytes: None,
            response_bytes: 0,
            error: None,
            rpc: None,
        }
    }

    /// The status to count under: the response's own or, where none was made, 500, which is what a proxy in front
    /// makes of it (or 504 for a time-out).
    pub fn status_or_implied(&self) -> u16 {
        match (self.status, self.outcome) {
            (Some(status), outcome) if outcome != Outcome::Panicked => status,
            (None, Outcome::TimedOut) => 504,
            _ => 500,
        }
    }
}

/// How a connection ended that had been asked to speak another protocol, such as a WebSocket.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UpgradeEnd<'a> {
    /// [`Outcome::Success`] where it was closed in order; [`Outcome::Cancelled`] where it broke off, or nobody held it any more;
    /// [`Outcome::Panicked`] where its task panicked.
    pub outcome: Outcome,
    /// From the response's head to the end.
    pub duration: Duration,
    /// What was spoken, as the response's `Upgrade` has it, such as `websocket`.
    pub protocol: Option<&'a str>,
    /// Bytes that came, where somebody counts them.
    pub received: Option<u64>,
    /// Bytes that were sent, where somebody counts them.
    pub sent: Option<u64>,
}

impl UpgradeEnd<'_> {
    /// An end with nothing known but outcome and duration.
    pub fn new(outcome: Outcome, duration: Duration) -> Self {
        Self { outcome, duration, protocol: None, received: None, sent: None }
    }
}
