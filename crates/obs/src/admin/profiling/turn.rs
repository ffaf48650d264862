//! One profile at a time, and an end to it that comes when the installation ends.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Until when somebody measures.
    until: Option<Instant>,
    has_ended: bool,
}

/// Somebody measures; or nobody does any more, and nothing is left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy {
    pub(super) left: Duration,
}

/// Dropped, the next may have it.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Takes the turn, for about so long.
    pub(super) fn take(&self, time: Duration) -> Result<Turn<'_>, Busy> {
        let mut state = self.lock();
        let now = Instant::now();
        if let Some(until) = state.until {
            return Err(Busy { left: until.saturating_duration_since(now) });
        }
        if state.has_ended {
            return Err(Busy { left: Duration::ZERO });
        }
        state.until = Some(now + time);
        Ok(Turn(self))
    }

    pub(super) fn end(&self) {
        self.lock().has_ended = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Waits for so long, or until the end.
    pub(super) fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        let mut state = self.0.lock();
        while !state.has_ended {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn there_is_one_at_a_time_and_the_next_is_told_how_long_it_takes() {
        let turns = Turns::default();
        let turn = turns.take(LONG).unwrap();
        let Busy { left } = turns.take(LONG).unwrap_err();
        assert!(left > LONG - Duration::from_secs(60) && left <= LONG, "{left:?}");
        drop(turn);
        drop(turns.take(LONG).unwrap());
    }

    #[test]
    fn a_profile_ends_with_the_installation() {
        let turns = Turns::default();
        std::thread::scope(|scope| {
            let turn = turns.take(LONG).unwrap();
            scope.spawn(move || turn.wait(LONG));
            turns.end();
        });
        assert_eq!(turns.take(LONG).unwrap_err(), Busy { left: Duration::ZERO });
    }
}
