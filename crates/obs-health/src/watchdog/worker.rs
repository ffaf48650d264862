//! One worker of a runtime, from look to look.

use std::time::Duration;

/// What tokio tells of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// How often it went to sleep and woke: odd while it sleeps.
    pub(super) turns: u64,
    /// For how long it was busy, as of when it last came back from its tasks.
    pub(super) busy: Duration,
}

impl Look {
    fn sleeps(self) -> bool {
        self.turns % 2 == 1
    }
}

/// For how long a worker has not come back from its tasks.
#[derive(Debug, Default)]
pub(super) struct Worker {
    last: Option<Look>,
    away: Duration,
}

impl Worker {
    /// Takes a look, `passed` after the one before.
    pub(super) fn look(&mut self, look: Look, passed: Duration) {
        let is_away = self.last == Some(look) && !look.sleeps();
        self.away = if is_away { self.away.saturating_add(passed) } else { Duration::ZERO };
        self.last = Some(look);
    }

    pub(super) fn away(&self) -> Duration {
        self.away
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Seconds away after each look, a second apart, at turns and milliseconds of being busy.
    #[track_caller]
    fn check(looks: &[(u64, u64)], expected: &[u64]) {
        let mut worker = Worker::default();
        let away = looks.iter().map(|(turns, busy)| {
            worker.look(Look { turns: *turns, busy: Duration::from_millis(*busy) }, SECOND);
            worker.away().as_secs()
        });
        assert_eq!(away.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_worker_is_away_while_it_is_awake_and_nothing_of_it_moves() {
        check(&[(2, 10); 4], &[0, 1, 2, 3]);
        check(&[(2, 10), (2, 10), (2, 11), (2, 11), (4, 11)], &[0, 1, 0, 1, 0]);
        check(&[(0, 0); 3], &[0, 1, 2]);
    }

    #[test]
    fn a_worker_that_sleeps_is_not_away_however_long() {
        check(&[(1, 0); 4], &[0; 4]);
        check(&[(2, 5), (2, 5), (3, 5), (3, 5)], &[0, 1, 0, 0]);
    }

    #[test]
    fn a_worker_that_is_busy_is_not_away() {
        check(&[(2, 1), (2, 2), (2, 3), (2, 4)], &[0; 4]);
    }
}
