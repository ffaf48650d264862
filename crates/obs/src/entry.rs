//! Makes an installation that is not the process's own a thread's own for a while.

#[cfg_attr(not(feature = "metrics"), path = "entry/absent.rs")]
mod recorder;

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use obs_core::Base;
use obs_core::context::Around;

use crate::Obs;
use crate::signals::Signals;
use crate::subscriber::{EnteredSubscriber, Subscriber};
use recorder::{EnteredRecorder, LocalRecorder};

thread_local! {
    static CURRENT: RefCell<Option<Arc<Entry>>> = const { RefCell::new(None) };
}

/// Whom an installation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of the process.
    Process,
    /// Who enters it.
    Apart,
}

/// What is entered: the subscriber and the recorder.
#[derive(Debug)]
pub(crate) struct Entry {
    base: Arc<Base>,
    subscriber: Subscriber,
    recorder: LocalRecorder,
}

impl Entry {
    pub(crate) fn new(base: &Arc<Base>, subscriber: &Subscriber, signals: &Signals) -> Arc<Self> {
        let recorder = LocalRecorder::of(&signals.metrics);
        Arc::new(Self { base: Arc::clone(base), subscriber: subscriber.clone(), recorder })
    }

    /// What the installation is built on.
    pub(crate) fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// What was entered on this thread last.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(|current| current.try_borrow().ok()?.clone()).ok().flatten()
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        let before = replace(Some(Arc::clone(self)));
        let (subscriber, recorder) = (self.subscriber.enter(), self.recorder.enter());
        Entered { _recorder: recorder, _subscriber: subscriber, before, not_send: PhantomData }
    }
}

fn replace(entry: Option<Arc<Entry>>) -> Option<Arc<Entry>> {
    CURRENT
        .try_with(|current| Some(std::mem::replace(&mut *current.try_borrow_mut().ok()?, entry)))
        .ok()
        .flatten()?
}

/// This thread's macros reach one installation until it is dropped; made by [`Obs::enter`].
///
/// Drop it on the thread, and in the reverse order, it was made in.
#[must_use = "it is entered until this is dropped"]
pub struct Entered {
    _recorder: EnteredRecorder,
    _subscriber: EnteredSubscriber,
    before: Option<Arc<Entry>>,
    not_send: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Dropped out here, where nothing is borrowed.
        drop(replace(self.before.take()));
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

/// Around the polls of one request.
#[derive(Debug)]
pub(crate) struct AroundRequest(pub(crate) Arc<Entry>);

impl Around for AroundRequest {
    fn enter(&self) -> Box<dyn Any> {
        Box::new(self.0.enter())
    }
}

impl Obs {
    /// Makes this installation the calling thread's own: what its `tracing` and `metrics` macros write goes here until
    /// the guard is dropped, and [`spawn`](crate::spawn) takes it along. Requests need no such guard.
    pub fn enter(&self) -> Entered {
        Entry::new(self.base(), &self.subscriber, &self.signals).enter()
    }
}
