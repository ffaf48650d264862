//! The task of one check: a run at once, then one each interval, each cut by its time-out, none of which can end it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use obs_core::Clock;
use obs_core::keys::target;
use obs_core::time::Monotonic;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use crate::check::{AnyCheck, Run};
use crate::entry::Entry;
use crate::error::CheckError;
use crate::history::{Change, Ended};
use crate::report::RunResult;
use crate::text;

/// Runs a check until the task is aborted.
pub(crate) async fn run(entry: Arc<Entry>, clock: Clock) {
    let every = entry.settings.interval;
    let Ok(mut ticks) = catch_unwind(|| ticks(every)) else {
        let began = clock.monotonic();
        let why = "its runtime has no timers: build it with enable_time()";
        return note(&entry, &clock, began, Err((RunResult::Failed, why.to_owned())));
    };
    loop {
        ticks.tick().await;
        let began = clock.monotonic();
        let end = attempt(&*entry.check, entry.settings.timeout).await;
        note(&entry, &clock, began, end);
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    // After a slow run the next one keeps its distance; the dependency is slow already.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn note(entry: &Entry, clock: &Clock, began: Monotonic, end: Result<(), (RunResult, String)>) {
    let at = clock.monotonic();
    let (result, error) = match end {
        Ok(()) => (RunResult::Passed, None),
        Err((result, error)) => (result, Some(Arc::from(error))),
    };
    let change = entry.record(Ended { at, took: at.since(began), result, error: error.clone() });
    if let Some(change) = change {
        shielded(|| tell(&entry.name, change, error.as_deref().unwrap_or_default()));
    }
}

/// One line for each change, however often the check runs.
fn tell(name: &str, change: Change, error: &str) {
    // Macros take names of fields as they are written, not as constants: a test holds these to `keys`.
    match change {
        Change::Fails => {
            tracing::warn!(target: target::HEALTH, check = name, error, "health check fails");
        }
        Change::Recovers => {
            tracing::info!(target: target::HEALTH, check = name, "health check passes again");
        }
    }
}

/// One run.
async fn attempt(check: &dyn AnyCheck, limit: Duration) -> Result<(), (RunResult, String)> {
    match timeout(limit, Caught(Some(check.begin()))).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => Err((RunResult::Failed, error.into_text())),
        Ok(Err(panic)) => Err((RunResult::Panicked, text_of(panic))),
        Err(_) => Err((RunResult::TimedOut, format!("timed out after {limit:?}"))),
    }
}

/// A run whose panics are its result, those of its drop included.
struct Caught<'a>(Option<Run<'a>>);

impl Future for Caught<'_> {
    type Output = Result<Result<(), CheckError>, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let run = &mut self.0;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(open) = run else { return Poll::Pending };
            let result = ready!(open.as_mut().poll(task));
            *run = None;
            Poll::Ready(result)
        }));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl Drop for Caught<'_> {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            shielded(|| drop(run));
        }
    }
}

/// Runs what is a user's code, whose panics the panic hook has told of already.
fn shielded(what: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(what)) else { return };
    // What a panic carries has a `Drop` of a user's as well; one that panics in turn could go on like that for ever.
    if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(worse);
    }
}

/// A panic's text. Payloads other than text, which only `panic_any` makes, have none.
fn text_of(panic: Box<dyn Any + Send>) -> String {
    let said = panic.downcast_ref::<&'static str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = match said {
        Some(said) => text::tell(format_args!("panicked: {said}")),
        None => "panicked with a payload that is no text".to_owned(),
    };
    shielded(|| drop(panic));
    text
}
