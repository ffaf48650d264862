//! Levels that are changed for a while, while the service runs.

use std::time::Duration;

use tracing_core::metadata::LevelFilter;

use super::Logs;
use crate::plan::{Lasting, LevelChange, LevelChangeError, Scope};

impl Logs {
    /// Has `scope` written from `level` on for as long as `lasting`, in the place of an earlier change of the same scope;
    /// then it is as it was. Both are told by a line of target `obs::logs`.
    ///
    /// A change of one request goes before one of its route, that before one of its target, and that before the filter.
    /// Lines that only a change lets out, and that no route takes by their level, go where lines at `INFO` go.
    ///
    /// # Errors
    /// Where there are 64 changes already; nothing is changed then.
    pub fn change_level(
        &self,
        scope: Scope,
        level: LevelFilter,
        lasting: Duration,
    ) -> Result<LevelChange, LevelChangeError> {
        let clock = &self.0.base.clock;
        let change = LevelChange { scope, level, until: clock.now().after(lasting) };
        let put = Lasting { change: change.clone(), since: clock.monotonic(), lasting };
        self.0.live.replace(|plans| plans.control.put(put))?;
        self.levels_changed();
        self.tell_level("log level changed", &change);
        self.0.upkeep.wake(self);
        Ok(change)
    }

    /// Ends the change of `scope` before its time; what it was, if there was one.
    pub fn revert_level(&self, scope: &Scope) -> Option<LevelChange> {
        let change = self.0.live.replace(|plans| plans.control.remove(scope))?;
        self.levels_changed();
        self.tell_level("log level reverted", &change);
        Some(change)
    }

    /// Has `act` called each time levels were changed for a while, and when they are as before: for whoever keeps an
    /// answer of [`Logs::max_level_hint`]. The first to ask is heard.
    pub fn when_levels_change(&self, act: impl Fn() + Send + Sync + 'static) {
        let _ = self.0.told.set(Box::new(act));
    }

    fn levels_changed(&self) {
        if let Some(act) = self.0.told.get() {
            act();
        }
    }

    /// The changes in force.
    pub fn level_changes(&self) -> Vec<LevelChange> {
        self.0.live.plans().control.changes().cloned().collect()
    }

    /// Does what time has made due by the base's clock, and says in what time to come again, if ever: ends changes of
    /// levels, and tells of lines that were left out. A thread of the engine's own calls it; for a clock that is moved by
    /// hand, whoever moves it does.
    pub fn catch_up(&self) -> Option<Duration> {
        let (now, elapsed) = (self.0.base.clock.now(), self.0.base.clock.monotonic());
        let due = self.0.live.plans().control.next(elapsed).is_some_and(|left| left.is_zero());
        if due {
            let ended = self.0.live.replace(|plans| plans.control.expire(elapsed));
            self.levels_changed();
            for change in ended {
                self.tell_level("log level reverted", &change);
            }
        }
        let plans = self.0.live.plans();
        let sampler = plans.sampler.clone();
        let next = plans.control.next(elapsed);
        drop(plans);
        if let Some(sampler) = &sampler {
            sampler.sweep(now, false, |lines| self.tell_suppressed(lines));
        }
        let tick = sampler.map(|sampler| sampler.tick());
        [next, tick].into_iter().flatten().min()
    }

    /// Tells of all lines that were left out and not told of yet: nothing comes after.
    pub(super) fn catch_up_last(&self) {
        // An output that is full is not waited for: that is for those that write lines of their own.
        let _silence = obs_core::context::silence();
        let now = self.0.base.clock.now();
        let sampler = self.0.live.plans().sampler.clone();
        for sampler in self.0.upkeep.last().into_iter().chain(sampler) {
            sampler.sweep(now, true, |lines| self.tell_suppressed(lines));
        }
    }
}
