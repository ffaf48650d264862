//! What all spans under one local root share: the request's id, its route and the verdict on it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use super::Route;
use crate::id::RequestId;
use crate::observe::Verdict;
use crate::propagate::TraceState;

/// What opened the local root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// A request served by this process.
    Server,
    /// Anything else: a job, a start-up step, a span outside of requests.
    Task,
}

/// One per local root, behind the one allocation a request makes for its context.
#[derive(Debug)]
pub struct Local {
    kind: LocalKind,
    request_id: Option<RequestId>,
    trace_state: Option<TraceState>,
    route: OnceLock<Route>,
    verdict: AtomicU8,
}

const UNDECIDED: u8 = 0;
const KEEP: u8 = 1;
const DROP: u8 = 2;

impl Local {
    /// The local root of a served request.
    pub fn server(request_id: RequestId, trace_state: Option<TraceState>) -> Self {
        Self::of(LocalKind::Server, Some(request_id), trace_state)
    }

    /// The local root of work that is no request.
    pub fn task() -> Self {
        Self::of(LocalKind::Task, None, None)
    }

    fn of(kind: LocalKind, request_id: Option<RequestId>, trace_state: Option<TraceState>) -> Self {
        Self { kind, request_id, trace_state, route: OnceLock::new(), verdict: AtomicU8::new(UNDECIDED) }
    }

    /// What opened this local root.
    pub fn kind(&self) -> LocalKind {
        self.kind
    }

    /// The request's id.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// The `tracestate` that came with the request and travels on.
    pub fn trace_state(&self) -> Option<&TraceState> {
        self.trace_state.as_ref()
    }

    /// The route template once it is known.
    pub fn route(&self) -> Option<Route> {
        self.route.get().copied()
    }

    /// Fills the route; the first to know it is right, later calls change nothing.
    pub fn set_route(&self, route: Route) {
        // A second router around the first has matched a prefix only: the inner one was told first.
        let _ = self.route.set(route);
    }

    /// Whether this local root is kept, once that is decided.
    pub fn verdict(&self) -> Option<Verdict> {
        match self.verdict.load(Ordering::Acquire) {
            KEEP => Some(Verdict::Keep),
            DROP => Some(Verdict::Drop),
            _ => None,
        }
    }

    pub(crate) fn set_verdict(&self, verdict: Verdict) {
        let value = match verdict {
            Verdict::Keep => KEEP,
            Verdict::Drop => DROP,
        };
        self.verdict.store(value, Ordering::Release);
    }
}
