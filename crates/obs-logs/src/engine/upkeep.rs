//! The thread that does what time makes due. There is none as long as nothing ever is.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::{Inner, Logs};
use crate::sample::Sampler;

/// However soon there is something to do, no sooner than this.
const SHORTEST: Duration = Duration::from_millis(10);

/// Clones share it.
#[derive(Clone, Default)]
pub(super) struct Upkeep(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    thread: Option<JoinHandle<()>>,
    /// Something new is to be looked after.
    woken: bool,
    stopped: bool,
    /// Samplers that are no longer in force and may have something to tell, as long as a thread may be about to leave a
    /// line out by them.
    last: Vec<Arc<Sampler>>,
}

impl Upkeep {
    /// Has the thread look again; starts it where there is none and there is anything to look after.
    pub(super) fn wake(&self, logs: &Logs) {
        let plans = logs.0.live.plans();
        let idle = plans.sampler.is_none() && plans.control.changes().next().is_none();
        drop(plans);
        let mut state = self.lock();
        if state.stopped || idle && state.last.is_empty() && state.thread.is_none() {
            return;
        }
        state.woken = true;
        if state.thread.is_none() {
            let (shared, logs) = (self.clone(), Arc::downgrade(&logs.0));
            // Where there is no thread to be had, changes of levels stay and summaries come with the end.
            state.thread =
                Builder::new().name(String::from("obs-log-upkeep")).spawn(move || shared.run(&logs)).ok();
        }
        self.0.changed.notify_all();
    }

    /// Has a sampler tell what it has left out, the last time.
    pub(super) fn tell_last(&self, sampler: Arc<Sampler>) {
        self.lock().last.push(sampler);
    }

    /// Those that have something to tell. A sampler that only this holds is handed out for the last time.
    pub(super) fn last(&self) -> Vec<Arc<Sampler>> {
        let mut state = self.lock();
        let all = state.last.clone();
        // One is the list's own, one that of the copy.
        state.last.retain(|sampler| Arc::strong_count(sampler) > 2);
        all
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        let thread = {
            let mut state = self.lock();
            state.stopped = true;
            self.0.changed.notify_all();
            state.thread.take()
        };
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn run(&self, logs: &Weak<Inner>) {
        let _silence = obs_core::context::silence();
        loop {
            let pause = {
                let Some(logs) = logs.upgrade().map(Logs) else { return };
                let now = logs.0.base.clock.now();
                for sampler in self.last() {
                    sampler.sweep(now, true, |lines| logs.tell_suppressed(lines));
                }
                logs.catch_up()
            };
            let mut state = self.lock();
            let pause = if state.last.is_empty() { pause } else { Some(SHORTEST) };
            if state.stopped {
                return;
            }
            if !std::mem::take(&mut state.woken) {
                let wait = |state: MutexGuard<'_, State>| match pause {
                    None => drop(self.0.changed.wait(state)),
                    Some(pause) => drop(self.0.changed.wait_timeout(state, pause.max(SHORTEST))),
                };
                wait(state);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upkeep").field("runs", &self.lock().thread.is_some()).finish()
    }
}
