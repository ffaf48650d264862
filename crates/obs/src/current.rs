//! The request or job that is going on, as a handler asks for it.

use std::borrow::Cow;

use obs_core::fields::Value;
use obs_core::{Context, RequestId, SpanId, TraceId, context};

/// What is going on on this thread right now: the request, the job, or nothing.
///
/// ```
/// let trace_id = obs::current().trace_id(); // `None` outside of requests and spans
/// obs::current().set("tenant", "acme"); // on every later line of the request, on its access line and its span
/// # assert!(trace_id.is_none());
/// ```
pub fn current() -> Current {
    Current(context::current())
}

/// The context that was open when [`current`] was called. All getters are `None` where none was.
#[derive(Clone, Debug)]
pub struct Current(Option<Context>);

impl Current {
    /// The trace.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.0.as_ref().map(Context::trace_id)
    }

    /// The innermost open span.
    pub fn span_id(&self) -> Option<SpanId> {
        self.0.as_ref().map(Context::span_id)
    }

    /// The request's id; `None` in jobs too.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.0.as_ref()?.request_id()
    }

    /// Whether the trace is recorded.
    pub fn is_sampled(&self) -> bool {
        self.0.as_ref().is_some_and(Context::is_sampled)
    }

    /// The whole context.
    pub fn context(&self) -> Option<&Context> {
        self.0.as_ref()
    }

    /// Sets a field of the whole request or job: it rides on every later line, on the access line and on the span of
    /// the request. A value set again replaces the first; one under a secret key is never kept. Does nothing outside
    /// of any.
    pub fn set<'a>(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value<'a>>) {
        if let Some(context) = &self.0 {
            context.local().set_field(key, value.into());
        }
    }
}
