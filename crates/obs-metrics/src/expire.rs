//! Idle series: which have had nothing recorded for long enough, and are let go of once nobody holds a handle.
//!
//! A series is looked at by the scrapes, not by those who record, so that recording costs nothing more. What is held
//! stays, however long it is idle: a handle never counts in a series that nobody sees. The threads' own caches are no
//! handles; each is emptied when its thread measures again, so that they keep a series no longer than that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::near;
use crate::recorder::Inner;

/// How many series are looked at before registrations have their turn.
const BATCH: usize = 256;

/// How many looks there are in a time-out.
const LOOKS: u32 = 8;

/// Lets go of the series that were idle for a time.
#[derive(Debug)]
pub(crate) struct Expiry {
    /// In tenths of a second, as series note time; `None` keeps everything.
    timeout: Option<u32>,
    known: Mutex<Known>,
    expired: AtomicU64,
}

#[derive(Debug, Default)]
struct Known {
    looked: u32,
    /// When caches were emptied last.
    emptied: u32,
    /// By the number of the series.
    series: Vec<Movement>,
}

/// When a series moved last, as far as the looks can tell.
#[derive(Clone, Copy, Debug, Default)]
struct Movement {
    seen: u64,
    at: u32,
}

impl Expiry {
    pub(crate) fn new(timeout: Option<Duration>) -> Self {
        let tenths = |timeout: Duration| u32::try_from(timeout.as_millis() / 100).unwrap_or(u32::MAX).max(1);
        Self { timeout: timeout.map(tenths), known: Mutex::default(), expired: AtomicU64::new(0) }
    }

    /// How many series were let go of.
    pub(crate) fn expired(&self) -> Option<u64> {
        self.timeout.map(|_| self.expired.load(Ordering::Relaxed))
    }

    /// One look, unless the last one was only just.
    pub(crate) fn sweep(&self, recorder: &Inner) {
        let Some(timeout) = self.timeout else { return };
        let now = recorder.shared.stamp();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(known.looked) < timeout / LOOKS {
            return;
        }
        known.looked = now;
        let (mut free, mut held) = (Vec::new(), false);
        let mut next = Some(0);
        while let Some(from) = next {
            let known = &mut known.series;
            next = recorder.state().expirable(from, BATCH, |id, series| {
                let at = id as usize;
                if known.len() <= at {
                    known.resize(at + 1, Movement::default());
                }
                let movement = &mut known[at];
                // A number may have been another series'.
                if movement.at < series.created() {
                    *movement = Movement { seen: 0, at: series.created() };
                }
                if series.moved(&mut movement.seen) {
                    movement.at = now;
                } else if now.saturating_sub(movement.at) >= timeout {
                    match Arc::strong_count(series) {
                        1 => free.push((id, movement.seen)),
                        _ => held = true,
                    }
                }
            });
        }
        if !free.is_empty() {
            // What was counted since the look above is found under the lock; such a series stays.
            let stayed = recorder.state_mut().remove(&free);
            self.expired.fetch_add((free.len() - stayed.len()) as u64, Ordering::Relaxed);
            for id in stayed {
                known.series[id as usize].at = now;
            }
        }
        // Whether by a handle or by a cache is not known; caches fill again at the price of a look into the registry.
        if held && now.saturating_sub(known.emptied) >= timeout / 2 {
            known.emptied = now;
            near::forget();
        }
    }
}
