//! The request context: what a line, span or exemplar needs to know to point at the same request.
//!
//! Whoever opens a span pushes a [`Context`] onto this thread's scope for as long as its code runs; logs and
//! exemplars only read the top of it. No signal knows another.

mod local;
mod muted;
mod route;
mod scope;
mod shared;

use std::sync::Weak;

pub use local::{Local, LocalKind};
pub use muted::Muted;
pub use route::Route;
pub use scope::{
    Around, Innermost, PollScope, Silence, current, current_ids, enter_poll, innermost_tagged, is_open,
    is_open_span, is_silenced, leave, leave_plain, leave_tagged, push, push_plain, push_tagged, sampled,
    silence, with_current, with_polled_request,
};

use shared::Shared;

use crate::id::{RequestId, SpanId, TraceId};
use crate::redact::Rules;

/// The flags of W3C Trace Context level 2 that are known, and whether a caller asked for debug in another format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceFlags(u8);

impl TraceFlags {
    const SAMPLED: u8 = 0x01;
    const RANDOM: u8 = 0x02;
    /// Not one of W3C's: it travels by B3 and Jaeger's headers alone.
    const DEBUG: u8 = 0x80;

    /// Keeps the known bits of `byte`.
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte & (Self::SAMPLED | Self::RANDOM))
    }

    /// The byte as it travels; unknown bits are zero, as section 3.2.2.5 asks.
    pub const fn to_byte(self) -> u8 {
        self.0 & (Self::SAMPLED | Self::RANDOM)
    }

    /// Whether spans of this trace are recorded.
    pub const fn is_sampled(self) -> bool {
        self.0 & Self::SAMPLED != 0
    }

    /// Whether the right-most 7 bytes of the trace id were chosen at random.
    pub const fn is_random(self) -> bool {
        self.0 & Self::RANDOM != 0
    }

    /// Whether a caller asked for debug, by B3 or Jaeger's header: a decision that everybody behind is to follow.
    pub const fn is_debug(self) -> bool {
        self.0 & Self::DEBUG != 0
    }

    /// The same flags with the sampled bit set or cleared; what is not sampled is no debug either.
    pub const fn sampled(self, sampled: bool) -> Self {
        if sampled { Self(self.0 | Self::SAMPLED) } else { Self(self.0 & !(Self::SAMPLED | Self::DEBUG)) }
    }

    /// The same flags of a trace that is recorded, and under debug.
    pub const fn debug(self) -> Self {
        Self(self.0 | Self::SAMPLED | Self::DEBUG)
    }

    /// The same flags with the random bit set.
    pub const fn random(self) -> Self {
        Self(self.0 | Self::RANDOM)
    }
}

/// The ids of one span, small enough to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The trace.
    pub trace_id: TraceId,
    /// The span in it.
    pub span_id: SpanId,
    /// Whether it is recorded.
    pub flags: TraceFlags,
}

/// The ids of the span that is open, and the [`Local`] shared by all spans under the same local root.
#[derive(Clone, Debug)]
pub struct Context {
    ids: Ids,
    local: Shared,
}

impl Context {
    /// A local root: the first span of a trace in this process.
    pub fn root(ids: Ids, local: Local) -> Self {
        Self { ids, local: Shared::new(local) }
    }

    /// As [`Context::root`], of a [`Local::task`] that `arrange` makes what it is to be, where it is kept: nothing is moved.
    #[inline]
    pub fn arranged(ids: Ids, arrange: impl FnOnce(&mut Local)) -> Self {
        Self { ids, local: Shared::arranged(arrange) }
    }

    /// As [`Context::root`], of work that is no request: [`Local::task`], with its fields judged by `rules`.
    #[inline]
    pub fn task(ids: Ids, rules: &Rules) -> Self {
        Self { ids, local: Shared::task(rules) }
    }

    /// A span under this one: same trace, flags and local root.
    #[inline]
    pub fn child(&self, span_id: SpanId) -> Self {
        Self { ids: Ids { span_id, ..self.ids }, local: self.local.clone() }
    }

    /// A span beside or under this one whose ids were made elsewhere: same local root, and nothing else in common.
    #[must_use]
    pub fn with_ids(&self, ids: Ids) -> Self {
        Self { ids, local: self.local.clone() }
    }

    /// A span under this one for which another decision was made than for what is above it.
    #[inline]
    pub fn child_sampled(&self, span_id: SpanId, sampled: bool) -> Self {
        let flags = self.ids.flags.sampled(sampled);
        Self { ids: Ids { span_id, flags, ..self.ids }, local: self.local.clone() }
    }

    /// A local root under this span of another process: of its trace, with what came along, and a decision and an end of its own.
    #[must_use]
    pub fn behind(&self, span_id: SpanId, sampled: bool) -> Self {
        let flags = self.ids.flags.sampled(sampled);
        Self::root(Ids { span_id, flags, ..self.ids }, self.local.behind(self.ids.span_id))
    }

    /// Whether it stands for a span of another process, under which nothing is begun here yet: what is begun is a local root, as
    /// by [`Context::behind`].
    #[inline]
    pub fn is_caller(&self) -> bool {
        self.is_called_by(Some(self.ids.span_id))
    }

    /// Whether its local root was begun under this span of another process.
    #[inline]
    pub fn is_called_by(&self, span_id: Option<SpanId>) -> bool {
        let caller = self.local.caller();
        caller.is_some() && caller == span_id
    }

    /// Whether both belong to the same local root: the same request, or the same job.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.local.is_same(&other.local)
    }

    /// The three ids at once.
    #[inline]
    pub fn ids(&self) -> Ids {
        self.ids
    }

    /// The trace.
    #[inline]
    pub fn trace_id(&self) -> TraceId {
        self.ids.trace_id
    }

    /// The span.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        self.ids.span_id
    }

    /// The head decision, which is also what travels to the next service.
    #[inline]
    pub fn is_sampled(&self) -> bool {
        self.ids.flags.is_sampled()
    }

    /// Whether what is told of this span may be kept: it is sampled, or waits for the end of its local root to be judged.
    /// Whoever describes spans asks this; exemplars ask for the head decision.
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.is_sampled() || self.local.is_held()
    }

    /// The request this works for, where there is one.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.local.request_id()
    }

    /// What all spans under the same local root share.
    #[inline]
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// The same without keeping the local root alive.
    pub fn downgrade(&self) -> WeakContext {
        WeakContext { ids: self.ids, local: self.local.downgrade() }
    }
}

/// A [`Context`] that does not keep its local root alive.
#[derive(Clone, Debug)]
pub struct WeakContext {
    ids: Ids,
    local: Weak<Local>,
}

impl WeakContext {
    /// The three ids.
    pub fn ids(&self) -> Ids {
        self.ids
    }

    /// The context, while anybody else keeps its local root alive.
    pub fn upgrade(&self) -> Option<Context> {
        Some(Context { ids: self.ids, local: Shared::upgrade(&self.local)? })
    }
}
