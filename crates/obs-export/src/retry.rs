//! The retry table: which answers are tried again, and after how long. Pure functions, and who waits.

use std::time::{Duration, Instant};

use crate::queue::Control;

/// With less than this left before the deadline no further attempt is made.
const LAST_PAUSE: Duration = Duration::from_millis(50);

/// What an answer's status means for the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// 2xx: the other side took it.
    Accepted,
    /// 429, 502, 503, 504: it may take it later.
    Retry,
    /// Anything else, redirects included: it never will.
    Rejected,
}

impl Fate {
    /// By the table of OTLP/HTTP ("Retryable Response Codes" in the OTLP specification).
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Accepted,
            429 | 502 | 503 | 504 => Self::Retry,
            _ => Self::Rejected,
        }
    }
}

/// How long to wait between attempts, and for how long to try at all.
#[derive(Clone, Debug)]
#[must_use]
pub struct Retry {
    first: Duration,
    longest: Duration,
    budget: Duration,
    server_errors: bool,
    access: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

impl Retry {
    /// Pauses from 250 ms doubling up to 30 s, for at most 5 minutes.
    pub const fn new() -> Self {
        Self {
            first: Duration::from_millis(250),
            longest: Duration::from_secs(30),
            budget: Duration::from_secs(300),
            server_errors: false,
            access: false,
        }
    }

    /// The first pause before jitter; default 250 ms. Each further one is twice as long.
    pub const fn first_pause(mut self, pause: Duration) -> Self {
        self.first = pause;
        self
    }

    /// The longest pause, also when `Retry-After` asks for more; default 30 s.
    pub const fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest = pause;
        self
    }

    /// How long one batch is tried before it is given up as unreachable; default 5 minutes. Meanwhile the queue
    /// fills up to its bound.
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// A budget of at most `most`.
    pub fn budget_within(mut self, most: Duration) -> Self {
        self.budget = self.budget.min(most);
        self
    }

    /// Tries again after every 5xx, as remote write asks, and not only after those of the table of OTLP.
    pub const fn server_errors(mut self) -> Self {
        self.server_errors = true;
        self
    }

    /// Tries again too where one is not let in, or nobody is at the place asked for (401, 403, 404 and 407; over gRPC
    /// `UNAUTHENTICATED`, `PERMISSION_DENIED` and `UNIMPLEMENTED`): a token or a path is set right by somebody, and what
    /// waits is not at fault. For what survives the process.
    pub const fn access(mut self) -> Self {
        self.access = true;
        self
    }

    /// Whether it does.
    #[cfg(feature = "http")]
    pub(crate) const fn is_for_access(&self) -> bool {
        self.access
    }

    /// What an answer means: [`Fate::of_status`], unless all server errors, or closed doors, are tried again.
    pub const fn fate(&self, status: u16) -> Fate {
        match status {
            500..=599 if self.server_errors => Fate::Retry,
            401 | 403 | 404 | 407 if self.access => Fate::Retry,
            _ => Fate::of_status(status),
        }
    }

    /// The pause before attempt `attempt + 1` (the first attempt is number 1), of which `elapsed` has gone already;
    /// `None` when the budget would be spent before that attempt began.
    ///
    /// `asked` is the other side's `Retry-After`, kept up to the longest pause. Without it the pause is drawn by
    /// `random` from the upper half of the exponential one, so that many senders do not come back in step.
    pub fn pause(
        &self,
        attempt: u32,
        elapsed: Duration,
        asked: Option<Duration>,
        random: u64,
    ) -> Option<Duration> {
        let pause = match asked {
            Some(asked) => asked.min(self.longest),
            None => {
                let factor = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
                let full = self.first.saturating_mul(factor).min(self.longest);
                let share = (random >> 32) as f64 / f64::from(u32::MAX);
                (full / 2).saturating_add((full / 2).mul_f64(share))
            }
        };
        if elapsed.saturating_add(pause) < self.budget { Some(pause) } else { None }
    }
}

/// Near the end a pause beyond the deadline would be the loss of what is tried, so half of what is left is waited instead.
pub fn hurried(pause: Duration, deadline: Option<Instant>) -> Duration {
    match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
        Some(left) if left > LAST_PAUSE => pause.min(left / 2),
        _ => pause,
    }
}

/// How much time there is, and who may cut it short.
pub trait Patience {
    /// When all must be over; may come up while something is under way.
    fn deadline(&self) -> Option<Instant>;

    /// Waits for `pause`; whether there is time left then.
    fn wait(&self, pause: Duration) -> bool;
}

impl<P: Patience + ?Sized> Patience for &P {
    fn deadline(&self) -> Option<Instant> {
        (**self).deadline()
    }

    fn wait(&self, pause: Duration) -> bool {
        (**self).wait(pause)
    }
}

impl Patience for Control {
    fn deadline(&self) -> Option<Instant> {
        Control::deadline(self)
    }

    fn wait(&self, pause: Duration) -> bool {
        Control::wait(self, pause)
    }
}

/// A fixed point in time that nobody moves.
#[derive(Clone, Copy, Debug)]
pub struct Until(pub Instant);

impl Patience for Until {
    fn deadline(&self) -> Option<Instant> {
        Some(self.0)
    }

    fn wait(&self, pause: Duration) -> bool {
        let left = self.0.saturating_duration_since(Instant::now());
        if left <= pause {
            // Waiting for the end would bring nothing.
            return false;
        }
        std::thread::sleep(pause);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_otlp() {
        for status in 100..600 {
            let expected = match status {
                200..300 => Fate::Accepted,
                429 | 502 | 503 | 504 => Fate::Retry,
                _ => Fate::Rejected,
            };
            assert_eq!(Fate::of_status(status), expected, "{status}");
            assert_eq!(Retry::new().fate(status), expected, "{status}");
            let all = if status >= 500 { Fate::Retry } else { expected };
            assert_eq!(Retry::new().server_errors().fate(status), all, "{status}");
            let door = if [401, 403, 404, 407].contains(&status) { Fate::Retry } else { expected };
            assert_eq!(Retry::new().access().fate(status), door, "{status}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_with_jitter_in_the_upper_half() {
        let retry =
            Retry::new().first_pause(Duration::from_millis(100)).longest_pause(Duration::from_secs(1));
        let range = |attempt| {
            let pause = |random| retry.pause(attempt, Duration::ZERO, None, random).unwrap().as_millis();
            (pause(0), pause(u64::MAX))
        };
        assert_eq!(range(1), (50, 100));
        assert_eq!(range(2), (100, 200));
        assert_eq!(range(4), (400, 800));
        assert_eq!(range(5), (500, 1_000));
        assert_eq!(range(100), (500, 1_000));
    }

    #[test]
    fn the_other_sides_wish_is_kept_up_to_the_longest_pause() {
        let retry = Retry::new().longest_pause(Duration::from_secs(10));
        let pause = |asked| retry.pause(7, Duration::ZERO, Some(Duration::from_secs(asked)), 1).unwrap();
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(3), Duration::from_secs(3));
        assert_eq!(pause(86_400), Duration::from_secs(10));
    }

    #[test]
    fn an_attempt_beyond_the_budget_is_not_waited_for() {
        let retry = Retry::new().first_pause(Duration::from_secs(2)).budget(Duration::from_secs(10));
        let pause = |elapsed| retry.pause(1, Duration::from_secs(elapsed), None, u64::MAX);
        assert_eq!(pause(7), Some(Duration::from_secs(2)));
        assert_eq!(pause(8), None);
        assert_eq!(retry.pause(1, Duration::ZERO, Some(Duration::MAX), 0), None);
    }

    #[test]
    fn endless_pauses_and_budgets_are_only_long() {
        let retry =
            Retry::new().first_pause(Duration::MAX).longest_pause(Duration::MAX).budget(Duration::MAX);
        let pause = |asked| retry.pause(9, Duration::from_secs(1), asked, u64::MAX);
        assert!(pause(None).is_none_or(|pause| pause > Duration::MAX / 2));
        assert_eq!(pause(Some(Duration::MAX)), None);
    }
}
