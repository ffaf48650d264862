//! All watched runtimes of one registry, and the thread that looks at them.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Builder;

use obs_core::Clock;
use tokio::runtime::Handle;

use super::MAX_RUNTIMES;
use super::limits::StallLimits;
use super::pace::Pace;
use super::report::RuntimeReport;
use super::runtime::{News, Runtime};
use super::teller::Teller;

/// What a runtime is called that has no name of its own.
const NAME: &str = "main";

/// The watchdog of one registry. The thread is there from the first runtime on, and ends with this.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
    /// Dropped, it ends the thread; nothing is ever sent.
    thread: Mutex<Option<Sender<()>>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limits: StallLimits,
    pace: Pace,
    runtimes: Vec<Runtime>,
}

impl Watchdog {
    pub(crate) fn new(clock: Clock) -> Self {
        let limits = StallLimits::new();
        let state = State { limits, pace: Pace::new(limits.every()), runtimes: Vec::new() };
        Self { shared: Arc::new(Shared { clock, state: Mutex::new(state) }), thread: Mutex::default() }
    }

    /// Holds for runtimes that are named from here on.
    pub(super) fn set_limits(&self, limits: StallLimits) {
        let mut state = self.shared.lock();
        state.limits = limits;
        state.pace = Pace::new(limits.every());
    }

    /// Watches a runtime; whether there was room. A runtime that is known, and one without a limit, changes nothing.
    pub(super) fn add(&self, handle: &Handle) -> bool {
        let mut state = self.shared.lock();
        state.runtimes.retain(|known| !known.has_ended());
        if state.limits.is_none() || state.runtimes.iter().any(|known| known.id == handle.id()) {
            return true;
        }
        if state.runtimes.len() == MAX_RUNTIMES {
            return false;
        }
        let own = handle.name().unwrap_or(NAME);
        let mut name = own.to_owned();
        let mut number = 1;
        while state.runtimes.iter().any(|known| known.name == name) {
            number += 1;
            name = format!("{own}_{number}");
        }
        let runtime = Runtime::new(handle, name, state.limits);
        state.runtimes.push(runtime);
        true
    }

    /// Starts the thread unless there is one, or nothing to look at.
    pub(super) fn run(&self) -> io::Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_some() || self.shared.lock().runtimes.is_empty() {
            return Ok(());
        }
        let (end, ended) = channel();
        let (shared, teller) = (Arc::downgrade(&self.shared), Teller::here());
        let builder = Builder::new().name(String::from("obs-watchdog"));
        builder.spawn(move || watch(&shared, &ended, teller))?;
        *thread = Some(end);
        Ok(())
    }

    /// Forgets all runtimes and ends the thread. It is not waited for: it looks at nothing any more when it wakes.
    pub(crate) fn end(&self) {
        self.shared.lock().runtimes.clear();
        drop(self.thread.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    pub(crate) fn reports(&self) -> Vec<RuntimeReport> {
        self.shared.lock().runtimes.iter().map(Runtime::report).collect()
    }

    /// Why the service is not alive, as of the last look.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.reports().iter().flat_map(RuntimeReport::faults).collect()
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Shared {
    /// Looks at each runtime once. Says what there is to tell, and forgets those that have ended.
    pub(super) fn look(&self) -> Vec<News> {
        let mut news = Vec::new();
        let mut state = self.lock();
        let passed = state.pace.passed(self.clock.monotonic());
        state.runtimes.retain(|runtime| !runtime.has_ended());
        state.runtimes.iter_mut().for_each(|runtime| runtime.look(passed, &mut news));
        news
    }

    /// Held for copies and comparisons; no code of a user's runs under it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn watch(shared: &Weak<Shared>, ended: &Receiver<()>, mut teller: Teller) {
    loop {
        let Some(watched) = shared.upgrade() else { return };
        let news = watched.look();
        let every = watched.lock().limits.every();
        drop(watched);
        teller.tell(news);
        if ended.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}
