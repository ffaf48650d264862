//! Checks of health for ways out to other machines: they leave the service ready, and are shown and counted.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::Clock;
use obs_export::watch::Remote;
use obs_health::{Check, CheckError, Health, Importance, RegisterError, Settings};

use super::Watched;

/// The longest name of a check, in bytes.
const LONGEST: usize = 64;

/// Why the way out of this name cannot have a check, where it cannot.
pub(crate) fn unfit(pipeline: &str) -> Option<String> {
    let is_long = pipeline.len() > LONGEST;
    is_long.then(|| {
        format!("its `health`: the check would be called `{pipeline}`, which is longer than {LONGEST} bytes")
    })
}

/// Adds a check for each way out that is to have one.
pub(crate) fn checks(health: &Health, clock: &Clock, watched: &[Watched]) -> Result<(), RegisterError> {
    for watched in watched.iter().filter(|watched| watched.health) {
        let remote = Arc::clone(&watched.remote);
        let lost = AtomicU64::new(remote.queue().counts().dropped());
        let settings = Settings::new().importance(Importance::Degraded);
        let name = remote.pipeline();
        health.check_with(name, settings, Delivery { remote, clock: clock.clone(), lost })?;
    }
    Ok(())
}

/// Whether records get through: what came of the last attempt, and whether any were dropped since the last look.
struct Delivery {
    remote: Arc<Remote>,
    clock: Clock,
    /// Records that had been dropped at the last look.
    lost: AtomicU64,
}

impl Check for Delivery {
    async fn check(&self) -> Result<(), CheckError> {
        let report = self.remote.traffic().report();
        let dropped = self.remote.queue().counts().dropped();
        let lost = dropped.saturating_sub(self.lost.swap(dropped, Ordering::Relaxed));
        let mut text = String::new();
        if let (Some(trouble), Some(at)) = (report.trouble, report.last_failure) {
            let age = self.clock.now().unix_nanos().saturating_sub(at.unix_nanos()) / 1_000_000_000;
            let _ = write!(text, "{trouble}, {age} s ago");
        }
        if lost > 0 {
            let and = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{and}{lost} records dropped since the last look");
        }
        if text.is_empty() { Ok(()) } else { Err(CheckError::new(text)) }
    }
}
