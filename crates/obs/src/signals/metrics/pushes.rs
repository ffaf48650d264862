//! The pushes that go on as long as the installation: flushed with it, and ended with a last one each.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use obs_metrics::push::Periodic;

use crate::Obs;

/// In the order they were handed over.
#[derive(Default)]
pub(super) struct Pushes(Mutex<Vec<Periodic>>);

impl Pushes {
    fn all(&self) -> MutexGuard<'_, Vec<Periodic>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All at once: one that hangs takes no time from another.
    pub(super) fn flush(&self, deadline: Duration) -> bool {
        let all = self.all();
        thread::scope(|scope| {
            let flush = |push| {
                let flush = move || Periodic::flush(push, deadline).is_ok();
                thread::Builder::new().spawn_scoped(scope, flush).ok()
            };
            let flushes: Vec<_> = all.iter().map(flush).collect();
            let ended = |thread: Option<thread::ScopedJoinHandle<'_, bool>>| {
                thread.is_some_and(|thread| thread.join().unwrap_or(false))
            };
            // Each is waited for, also after one that failed.
            flushes.into_iter().map(ended).fold(true, |all, one| all & one)
        })
    }

    /// All at once, as a flush.
    pub(super) fn shutdown(&mut self, deadline: Duration) {
        let mut all = self.all();
        thread::scope(|scope| {
            for push in all.iter_mut() {
                // Where there is no thread to be had, it ends by its own drop.
                let _ = thread::Builder::new().spawn_scoped(scope, move || push.shutdown(deadline));
            }
        });
    }
}

impl Obs {
    /// Keeps this push going as long as the installation: [`Obs::flush`] pushes what there is, and the end pushes once
    /// more, within its deadline.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use obs::metrics::push::Pushgateway;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let obs = obs::init("nightly")?;
    /// let gateway = Pushgateway::builder(obs.recorder(), "http://127.0.0.1:9091").build()?;
    /// obs.push_metrics(gateway.every(Duration::from_secs(15))?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn push_metrics(&self, push: Periodic) {
        self.signals.metrics.pushes.all().push(push);
    }
}
