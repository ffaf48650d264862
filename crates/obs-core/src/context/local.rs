//! What all spans under one local root share: the request's id, its route, the fields set on it and its verdict.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Around, Muted, Route};
use crate::fields::{Fields, Value};
use crate::id::{RequestId, SpanId};
use crate::observe::Verdict;
use crate::propagate::{Baggage, BaggageError, TraceState};
use crate::redact::Rules;

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
    muted: Muted,
    request_id: Option<RequestId>,
    trace_state: Option<TraceState>,
    route: OnceLock<Route>,
    verdict: AtomicU8,
    // Most have none; a word then costs less to make and move than the list.
    fields: OnceLock<Box<Mutex<Fields>>>,
    // Most have none, and then it is one word. What is in it is set once, so a panic leaves nothing half done.
    extras: OnceLock<AssertUnwindSafe<Box<Extras>>>,
}

/// What few local roots have.
#[derive(Default)]
struct Extras {
    around: OnceLock<Arc<dyn Around>>,
    rules: OnceLock<Rules>,
    /// What a subscriber keeps with a local root.
    kept: OnceLock<Box<dyn Any + Send + Sync>>,
    baggage: OnceLock<Box<Mutex<Baggage>>>,
    /// A span of another process that stands where this local root has none yet.
    caller: OnceLock<SpanId>,
    /// The lines a flight recorder holds until it is known how the request ends.
    flight: OnceLock<Box<dyn Any + Send + Sync>>,
    /// What the connection of this request is to be used for once it has another protocol.
    upgrade: OnceLock<Box<dyn Any + Send + Sync>>,
    /// The spans that wait until it is known whether this local root is kept.
    tail: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Extras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extras").field("around", &self.around.get()).finish_non_exhaustive()
    }
}

const UNDECIDED: u8 = 0;
const KEEP: u8 = 1;
const DROP: u8 = 2;

impl Local {
    /// The longest key of a field that [`Local::set_field`] takes, in bytes.
    pub const MAX_KEY: usize = 256;

    /// The local root of a served request.
    pub fn server(request_id: RequestId, trace_state: Option<TraceState>) -> Self {
        Self::of(LocalKind::Server, Some(request_id), trace_state)
    }

    /// The local root of work that is no request.
    pub fn task() -> Self {
        Self::of(LocalKind::Task, None, None)
    }

    /// As it is left for the next one: with nothing of its root, as [`Local::task`] has it.
    pub(super) fn empty(&mut self) {
        self.kind = LocalKind::Task;
        self.muted = Muted::NONE;
        *self.verdict.get_mut() = UNDECIDED;
        self.request_id = None;
        self.trace_state = None;
        self.route.take();
        self.fields.take();
        self.extras.take();
    }

    pub(super) const fn of(
        kind: LocalKind,
        request_id: Option<RequestId>,
        trace_state: Option<TraceState>,
    ) -> Self {
        Self {
            kind,
            muted: Muted::NONE,
            request_id,
            trace_state,
            route: OnceLock::new(),
            verdict: AtomicU8::new(UNDECIDED),
            fields: OnceLock::new(),
            extras: OnceLock::new(),
        }
    }

    /// The same, with its fields judged by `rules` instead of those that everything has by default.
    #[inline]
    #[must_use]
    pub fn judged_by(self, rules: &Rules) -> Self {
        self.judge_by(rules);
        self
    }

    /// Makes one of no kind yet that of a served request. To be called while [`Context::arranged`](super::Context::arranged) lends it.
    #[inline]
    pub fn serve(&mut self, request_id: RequestId, trace_state: Option<TraceState>) {
        self.kind = LocalKind::Server;
        self.request_id = Some(request_id);
        self.trace_state = trace_state;
    }

    /// Has it left out by some signals.
    #[inline]
    pub fn mute(&mut self, muted: Muted) {
        self.muted = muted;
    }

    /// Whether it is left out by these signals.
    #[inline]
    pub fn mutes(&self, signals: Muted) -> bool {
        self.muted.has(signals)
    }

    /// As [`Local::judged_by`]. To be called before any field is set.
    #[inline]
    pub fn judge_by(&self, rules: &Rules) {
        if !rules.is_same(Rules::STANDARD) {
            let _ = self.extras().rules.set(rules.clone());
        }
    }

    /// Whether there is nothing here of what few local roots have, such as a caller or spans that wait: one load instead
    /// of one each.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.extras.get().is_none()
    }

    /// The same, with what other vendors said beside the trace that goes on here.
    #[must_use]
    pub fn stating(mut self, trace_state: Option<TraceState>) -> Self {
        self.trace_state = trace_state;
        self
    }

    /// The same, of which no span is begun here yet: the [`Context`](super::Context) of this span stands for one of another
    /// process, whose child is the first one here.
    #[must_use]
    pub fn called_by(self, span: SpanId) -> Self {
        let _ = self.extras().caller.set(span);
        self
    }

    /// The span that was named by [`Local::called_by`], also of a local root that was begun [behind](super::Context::behind) it. Two
    /// loads when there is none.
    #[inline]
    pub fn caller(&self) -> Option<SpanId> {
        self.extras.get()?.caller.get().copied()
    }

    /// What a local root begins with that is begun under a span of another process: all that was said beside it.
    pub(super) fn behind(&self, caller: SpanId) -> Self {
        let local = Self::of(self.kind, self.request_id, self.trace_state.clone()).called_by(caller);
        if let Some(from) = self.extras.get() {
            let to = local.extras();
            if let Some(rules) = from.rules.get() {
                let _ = to.rules.set(rules.clone());
            }
            if let Some(around) = from.around.get() {
                let _ = to.around.set(Arc::clone(around));
            }
            if let Some(baggage) = self.with_baggage(Baggage::clone) {
                let _ = to.baggage.set(Box::new(Mutex::new(baggage)));
            }
        }
        if let Some(fields) = self.with_fields(Fields::clone) {
            let _ = local.fields.set(Box::new(Mutex::new(fields)));
        }
        local
    }

    fn extras(&self) -> &Extras {
        self.extras.get_or_init(|| AssertUnwindSafe(Box::default()))
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

    /// Sets a field of the whole request or job: it rides on every later line and on the local root's span. A value
    /// set again replaces the first; one under a secret key is never kept. Keys longer than [`Local::MAX_KEY`] bytes,
    /// and those beyond [`Fields::MAX_FIELDS`], are ignored.
    pub fn set_field(&self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        // A user's code, so before anything is locked.
        let key = key.into();
        if key.len() > Self::MAX_KEY {
            return;
        }
        let fields = self.fields.get_or_init(|| {
            let mut fields = Fields::new();
            if let Some(rules) = self.extras.get().and_then(|extras| extras.rules.get()) {
                fields.judge_by(rules);
            }
            Box::new(Mutex::new(fields))
        });
        fields.lock().unwrap_or_else(PoisonError::into_inner).set(key, value);
    }

    /// Lends the fields set so far to `read`, which runs no code of a user's. `None` when none was ever set: one
    /// load.
    #[inline]
    pub fn with_fields<R>(&self, read: impl FnOnce(&Fields) -> R) -> Option<R> {
        let fields = self.fields.get()?;
        Some(read(&fields.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The caller's baggage, which travels on. To be called before anybody sets some.
    #[must_use]
    pub fn carrying(self, baggage: Option<Baggage>) -> Self {
        self.carry(baggage);
        self
    }

    /// As [`Local::carrying`].
    pub fn carry(&self, baggage: Option<Baggage>) {
        if let Some(baggage) = baggage {
            let _ = self.extras().baggage.set(Box::new(Mutex::new(baggage)));
        }
    }

    /// Puts a member into what calls from here on carry along, in the place of one of the same key.
    ///
    /// # Errors
    /// [`BaggageError`] for a key that is no token, and where there is too much already.
    pub fn set_baggage(&self, key: &str, value: &str) -> Result<(), BaggageError> {
        let baggage = self.extras().baggage.get_or_init(Box::default);
        baggage.lock().unwrap_or_else(PoisonError::into_inner).set(key, value)
    }

    /// Lends the baggage to `read`, which runs no code of a user's. `None` where there never was any.
    #[inline]
    pub fn with_baggage<R>(&self, read: impl FnOnce(&Baggage) -> R) -> Option<R> {
        let baggage = self.extras.get()?.baggage.get()?;
        Some(read(&baggage.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Sets what is entered with each poll; the first to do so is right. To be called before the first poll.
    pub fn surround(&self, around: Arc<dyn Around>) {
        let _ = self.extras().around.set(around);
    }

    /// What is entered with each poll. One load when there is nothing.
    #[inline]
    pub fn around(&self) -> Option<&Arc<dyn Around>> {
        self.extras.get()?.around.get()
    }

    /// What a subscriber keeps here, made at the first call, dropped with the local root. `None` where something of
    /// another type is kept.
    pub fn kept<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.extras().kept.get_or_init(|| Box::new(make())).downcast_ref()
    }

    /// What a flight recorder keeps here, made at the first call, dropped with the local root. `None` where something
    /// of another type is kept.
    pub fn flight<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.extras().flight.get_or_init(|| Box::new(make())).downcast_ref()
    }

    /// As [`Local::flight`], where it was made before. Two loads when there is nothing.
    #[inline]
    pub fn flight_so_far<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.extras.get()?.flight.get()?.downcast_ref()
    }

    /// Puts here by what the use of a connection is known that this request asks for another protocol. The first to do so is
    /// right.
    pub fn expect_upgrade<T: Any + Send + Sync>(&self, upgrade: T) {
        let _ = self.extras().upgrade.set(Box::new(upgrade));
    }

    /// What was put there, where it is of this type.
    pub fn expected_upgrade<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.extras.get()?.upgrade.get()?.downcast_ref()
    }

    /// Puts here what spans wait in until it is known whether this local root is kept; it is dropped with the local root.
    /// The first to do so is right. To be called before anything happens under it.
    pub fn hold<T: Any + Send + Sync>(&self, tail: T) {
        let _ = self.extras().tail.set(Box::new(tail));
    }

    /// What spans wait in, where it is of this type. Two loads when there is nothing.
    #[inline]
    pub fn held<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.extras.get()?.tail.get()?.downcast_ref()
    }

    /// Whether spans wait here.
    #[inline]
    pub fn is_held(&self) -> bool {
        self.extras.get().is_some_and(|extras| extras.tail.get().is_some())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_subscriber_keeps_is_made_once_and_dropped_with_the_root() {
        let (local, held) = (Local::task(), Arc::new(()));
        assert!(local.kept(|| Arc::clone(&held)).is_some());
        assert!(local.kept::<Arc<()>>(|| unreachable!()).is_some());
        assert!(local.kept(|| 1u8).is_none());
        assert_eq!(Arc::strong_count(&held), 2);
        drop(local);
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn what_a_flight_recorder_keeps_stands_beside_that() {
        let (local, held) = (Local::task(), Arc::new(()));
        assert!(local.flight_so_far::<Arc<()>>().is_none());
        assert!(local.kept(|| 1u8).is_some() && local.flight_so_far::<Arc<()>>().is_none());
        assert!(local.flight(|| Arc::clone(&held)).is_some());
        assert!(local.flight_so_far::<Arc<()>>().is_some() && local.flight_so_far::<u8>().is_none());
        drop(local);
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn what_spans_wait_in_is_put_there_once_and_dropped_with_the_root() {
        let (local, waiting) = (Local::task(), Arc::new(()));
        assert!(!local.is_held() && local.held::<Arc<()>>().is_none());
        local.hold(Arc::clone(&waiting));
        local.hold(1u8);
        assert!(local.is_held() && local.held::<Arc<()>>().is_some() && local.held::<u8>().is_none());
        drop(local);
        assert_eq!(Arc::strong_count(&waiting), 1);
    }

    #[test]
    fn fields_are_shared_replaced_and_redacted() {
        let local = Local::task();
        assert_eq!(local.with_fields(Fields::len), None);
        local.set_field("user", Value::U64(1));
        local.set_field(String::from("user"), Value::U64(2));
        local.set_field("password", Value::Str("hunter2"));
        local.set_field("k".repeat(Local::MAX_KEY), Value::U64(3));
        local.set_field("k".repeat(Local::MAX_KEY + 1), Value::U64(4));
        local.with_fields(|fields| {
            assert_eq!(fields.len(), 3, "what is too long is ignored");
            assert_eq!(fields.find("user"), Some(Value::U64(2)));
            assert_eq!(fields.find("password"), Some(Value::Str(crate::redact::REDACTED)));
        });
    }
}
