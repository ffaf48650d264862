//! Lines in memory, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use obs_export::queue::Reason;

/// A list of lines, bounded in bytes: what comes when it is full is dropped and counted. Clones share it.
#[derive(Clone, Debug)]
pub struct Memory {
    pipeline: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    lines: Vec<String>,
    bytes: usize,
    capacity_bytes: usize,
    kept: u64,
    dropped: u64,
}

impl Memory {
    /// How many bytes [`Memory::new`] keeps: 16 MiB.
    pub const CAPACITY_BYTES: usize = 16 * 1024 * 1024;

    /// An empty list of [`Memory::CAPACITY_BYTES`].
    pub fn new() -> Self {
        Self::bounded(Self::CAPACITY_BYTES)
    }

    /// An empty list that keeps at most this many bytes, newlines included.
    pub fn bounded(capacity_bytes: usize) -> Self {
        let state = State { lines: Vec::new(), bytes: 0, capacity_bytes, kept: 0, dropped: 0 };
        Self { pipeline: "logs_memory", state: Arc::new(Mutex::new(state)) }
    }

    /// The lines so far, each without its newline.
    pub fn lines(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    /// Takes the lines out and makes room for more.
    pub fn take(&self) -> Vec<String> {
        let mut state = self.lock();
        state.bytes = 0;
        std::mem::take(&mut state.lines)
    }

    /// How many lines found no room.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    pub(crate) fn named(mut self, pipeline: &'static str) -> Self {
        self.pipeline = pipeline;
        self
    }

    pub(crate) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.bytes + line.len() > state.capacity_bytes {
            state.dropped += 1;
            return;
        }
        state.bytes += line.len();
        state.kept += 1;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        state.lines.push(String::from_utf8_lossy(line).into_owned());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Source for Memory {
    fn collect(&self, meter: &mut dyn Meter) {
        let (kept, dropped) = {
            let state = self.lock();
            (state.kept, state.dropped)
        };
        meter.counter(&metric::PIPELINE_PRODUCED, &[self.pipeline], kept + dropped);
        meter.counter(&metric::PIPELINE_DELIVERED, &[self.pipeline], kept);
        meter.counter(&metric::PIPELINE_DROPPED, &[self.pipeline, Reason::QueueFull.as_str()], dropped);
    }
}
