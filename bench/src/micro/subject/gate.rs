//! What holds a writer's thread back until it is let through, so that only the calls that fill its queue are measured.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Shut at first; clones share it.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    open: bool,
    passed: u64,
}

impl Gate {
    /// Lets through or holds back.
    pub(super) fn open(&self, open: bool) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).open = open;
        self.0.1.notify_all();
    }

    /// On the writer's thread: waits until the gate is open, and counts so many lines as passed.
    pub(super) fn pass(&self, lines: u64) {
        let state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shut = |state: &mut State| !state.open;
        let mut state = self.0.1.wait_while(state, shut).unwrap_or_else(PoisonError::into_inner);
        state.passed += lines;
        drop(state);
        self.0.1.notify_all();
    }

    /// Waits until so many lines have passed in all.
    pub(super) fn wait(&self, lines: u64) {
        let state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let few = |state: &mut State| state.passed < lines;
        drop(self.0.1.wait_while(state, few).unwrap_or_else(PoisonError::into_inner));
    }
}
