//! One path and what answers it.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

/// One path and what answers it.
pub(crate) struct Endpoint {
    /// The exact path.
    pub(crate) path: &'static str,
    pub(crate) respond: Respond,
    pub(crate) runs: Runs,
    pub(crate) access: Access,
    /// What is there, in a few words, for the page that lists all.
    pub(crate) about: &'static str,
    /// How long an answer may take to be made and read, where that is longer than for the others.
    pub(crate) lasts: Option<Duration>,
    /// What strangers get in its place, where it tells more than they need.
    pub(crate) brief: Option<Brief>,
}

/// An answer that is for everybody, beside one that says more.
pub(crate) struct Brief {
    /// Whether a request is for this one.
    pub(crate) is_asked: fn(&Request<()>) -> bool,
    pub(crate) respond: Respond,
}

/// A pure function of the leaf an endpoint belongs to. There is no body: what is asked for stands in the head.
pub(crate) type Respond = Box<dyn Fn(&Request<()>) -> Response<Bytes> + Send + Sync>;

/// Who may ask an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever reaches the listener, as often as they want to: an orchestrator that is turned away ends the service. Where
    /// there is a brief answer that is this one alone.
    Probe,
    /// Whoever reaches the listener; where there are users, they alone.
    Open,
    /// Whoever has the token or is a user; without either, only this machine.
    Guarded,
}

/// Where an endpoint's answer is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// On the admin thread: soon done, and needs no other thread to be had.
    AtOnce,
    /// On one for what takes long, so that it holds up no probe, and several that overlap can share their work.
    Apart,
}

impl Endpoint {
    /// An endpoint that is about nothing in particular, and answers as soon as others.
    pub(crate) fn new(
        path: &'static str,
        access: Access,
        runs: Runs,
        respond: impl Fn(&Request<()>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self { path, respond: Box::new(respond), runs, access, about: "", lasts: None, brief: None }
    }

    /// Answers those who ask for it, and strangers, in this way.
    #[cfg_attr(not(feature = "health"), expect(dead_code, reason = "only probes have one"))]
    pub(crate) fn brief(
        mut self,
        is_asked: fn(&Request<()>) -> bool,
        respond: impl Fn(&Request<()>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        self.brief = Some(Brief { is_asked, respond: Box::new(respond) });
        self
    }

    /// Whether a request is for more than the brief answer.
    pub(crate) fn is_asked_for_more(&self, request: &Request<()>) -> bool {
        self.brief.as_ref().is_some_and(|brief| !(brief.is_asked)(request))
    }

    /// Says what is there, in a few words.
    pub(crate) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }
}
