//! The recorder that is a thread's own for a while.
//!
//! The facade lends recorders by reference, for the life of a guard. So that a guard can be kept, what is lent is a
//! constant that hands all on to the recorder this thread has entered.

use std::cell::RefCell;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, LocalRecorderGuard, Metadata, SharedString, Unit,
    set_default_local_recorder,
};
use obs_metrics::Recorder;

use crate::signals::metrics::Part;

thread_local! {
    static CURRENT: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

static HANDS_ON: HandsOn = HandsOn;

/// Hands all on.
struct HandsOn;

/// A recorder that can be entered.
#[derive(Clone, Debug)]
pub(super) struct LocalRecorder(Recorder);

/// The recorder is this thread's own until this is dropped.
pub(super) struct EnteredRecorder {
    before: Option<Recorder>,
    _guard: LocalRecorderGuard<'static>,
}

impl LocalRecorder {
    pub(super) fn of(part: &Part) -> Self {
        Self(part.recorder().clone())
    }

    pub(super) fn enter(&self) -> EnteredRecorder {
        let before = replace(Some(self.0.clone()));
        EnteredRecorder { before, _guard: set_default_local_recorder(&HANDS_ON) }
    }
}

fn replace(recorder: Option<Recorder>) -> Option<Recorder> {
    CURRENT
        .try_with(|current| Some(std::mem::replace(&mut *current.try_borrow_mut().ok()?, recorder)))
        .ok()
        .flatten()?
}

impl Drop for EnteredRecorder {
    fn drop(&mut self) {
        drop(replace(self.before.take()));
    }
}

fn with<R>(with: impl FnOnce(&Recorder) -> R) -> Option<R> {
    // A copy, so that nothing is borrowed meanwhile.
    let current = CURRENT.try_with(|current| current.try_borrow().ok()?.clone()).ok().flatten();
    current.as_ref().map(with)
}

impl metrics::Recorder for HandsOn {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        with(|to| to.describe_counter(key, unit, description));
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        with(|to| to.describe_gauge(key, unit, description));
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        with(|to| to.describe_histogram(key, unit, description));
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        with(|to| to.register_counter(key, metadata)).unwrap_or_else(Counter::noop)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        with(|to| to.register_gauge(key, metadata)).unwrap_or_else(Gauge::noop)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        with(|to| to.register_histogram(key, metadata)).unwrap_or_else(Histogram::noop)
    }
}
