//! A pool whose acquires are timed, and the guard of one acquire.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use obs_core::context::{self, Context, Ids};
use obs_core::fields::Value;
use obs_core::keys::{attribute, metric};
use obs_core::observe::{Operation, OperationEnd, OperationKind};
use obs_core::time::Monotonic;
use obs_core::{Base, Outcome, Timestamp};

use crate::{Counter, Histogram, Recorder};

/// A wait that gave a connection sooner makes no span.
pub const SPAN_AFTER: Duration = Duration::from_millis(1);

/// Told of and timed: a pool that [`Recorder::pool`] was given, to be used in its place. Clones share it; dropping the last of
/// them ends what is told of the pool, and drops the pool.
#[must_use = "a pool is told of as long as this lives"]
pub struct TimedPool<P>(Arc<Entry<P>>);

pub(super) struct Entry<P> {
    pub(super) books: Books,
    pub(super) pool: P,
}

impl<P> TimedPool<P> {
    pub(super) fn new(entry: Arc<Entry<P>>) -> Self {
        Self(entry)
    }

    /// The pool itself. What it gives is not timed.
    pub fn pool(&self) -> &P {
        &self.0.pool
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.0.books.name
    }

    /// Waits for `acquire`, and [counts](crate::pools#what-is-counted) and [traces](crate::pools#what-is-traced) the wait.
    /// `is_timeout` says of an error whether it is the pool's own time-out.
    ///
    /// # Errors
    ///
    /// Those of `acquire`, as they are.
    ///
    /// # Cancel safety
    ///
    /// As `acquire` itself; a drop is counted.
    pub async fn timed<T, E>(
        &self,
        acquire: impl Future<Output = Result<T, E>>,
        is_timeout: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        let mut acquire = pin!(acquire);
        let mut wait = Wait::begin(&self.0.books);
        let given = poll_fn(|task| wait.calling(|| acquire.as_mut().poll(task))).await;
        let outcome = match &given {
            Ok(_) => Outcome::Success,
            Err(error) if wait.calling(|| is_timeout(error)) => Outcome::TimedOut,
            Err(_) => Outcome::ServerError,
        };
        wait.close(outcome);
        given
    }
}

impl<P> Clone for TimedPool<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for TimedPool<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedPool").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// What acquires of one pool move; found once, so that none of them looks anything up.
pub(super) struct Books {
    base: Arc<Base>,
    pub(super) name: Box<str>,
    waits: Histogram,
    timeouts: Counter,
    errors: Counter,
    cancelled: Counter,
    /// Futures that did not come to their end, for pools that cannot know.
    given_up: AtomicU64,
}

impl Books {
    pub(super) fn new(recorder: &Recorder, name: &str) -> Self {
        Self {
            base: Arc::clone(&recorder.0.base),
            name: name.into(),
            waits: recorder.pool_waits(name),
            timeouts: recorder.pool_counter(&metric::DB_POOL_TIMEOUTS, name),
            errors: recorder.pool_counter(&metric::DB_POOL_ERRORS, name),
            cancelled: recorder.pool_counter(&metric::DB_POOL_CANCELLED, name),
            given_up: AtomicU64::new(0),
        }
    }

    pub(super) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }
}

/// One acquire. Dropped before it was closed, it closes: as panicked where user code was running, as cancelled otherwise.
struct Wait<'a> {
    books: &'a Books,
    begun: Monotonic,
    /// The recorded span it is a part of, and when it began.
    within: Option<(Context, Timestamp)>,
    is_calling: bool,
    is_closed: bool,
}

impl<'a> Wait<'a> {
    fn begin(books: &'a Books) -> Self {
        let recording = |open: &Context| open.is_recording().then(|| open.clone());
        let within = context::with_current(recording).flatten();
        let clock = &books.base.clock;
        let within = within.map(|open| (open, clock.now()));
        Self { books, begun: clock.monotonic(), within, is_calling: false, is_closed: false }
    }

    /// Runs code of the pool's or the user's, so that a drop meanwhile is its panic.
    fn calling<R>(&mut self, call: impl FnOnce() -> R) -> R {
        self.is_calling = true;
        let answer = call();
        self.is_calling = false;
        answer
    }

    fn close(&mut self, outcome: Outcome) {
        self.is_closed = true;
        let books = self.books;
        let waited = books.base.clock.monotonic().since(self.begun);
        let span =
            self.within.take().and_then(|(open, started)| span(books, &open, started, waited, outcome));
        match outcome {
            Outcome::TimedOut => books.timeouts.add(1, span),
            Outcome::Cancelled => books.cancelled.add(1, span),
            outcome if outcome.is_error() => books.errors.add(1, span),
            _ => {}
        }
        books.waits.observe(waited.as_secs_f64(), span);
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.is_closed {
            return;
        }
        self.books.given_up.fetch_add(1, Ordering::Relaxed);
        self.close(if self.is_calling { Outcome::Panicked } else { Outcome::Cancelled });
    }
}

/// Tells of a wait within `open`, and gives the span that an exemplar should point at: its own if it has one. None where
/// it is not known yet whether the span is kept.
fn span(
    books: &Books,
    open: &Context,
    started: Timestamp,
    waited: Duration,
    outcome: Outcome,
) -> Option<Ids> {
    if outcome == Outcome::Success && waited < SPAN_AFTER {
        return open.is_sampled().then(|| open.ids());
    }
    let (context, parent) = books.base.open_below(open);
    let mut operation = Operation::uncounted(OperationKind::Internal, "acquire");
    operation.name.1 = Some(&books.name);
    operation.parent = Some(parent);
    operation.is_parent_remote = open.is_caller();
    operation.started = started;
    let mut end = OperationEnd::new(outcome, waited);
    end.fault = outcome.is_error().then(|| outcome.as_str());
    let attributes = [
        (attribute::POOL_NAME, Value::Str(&books.name)),
        (attribute::OUTCOME, Value::Str(outcome.as_str())),
        (attribute::ERROR_TYPE, Value::Str(outcome.as_str())),
    ];
    let told = attributes.len() - usize::from(end.fault.is_none());
    operation.attributes = &attributes[..told];
    books.base.operations.finish(&context, &operation, &end);
    context.is_sampled().then(|| context.ids())
}
