//! The clock as a value that is passed in, so that tests need no sleep, and the coarse tick it leaves behind.

mod calendar;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use calendar::civil;

/// A point in calendar time: nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From nanoseconds since the Unix epoch.
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_nanos(self) -> u64 {
        self.0
    }

    /// This point plus `duration`, at most the last one that can be written (year 2554).
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// This point less `duration`, at least the Unix epoch.
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// As RFC 3339 has it, in UTC and whole seconds: `2023-11-14T22:13:20Z`.
    pub fn rfc3339(self) -> String {
        let seconds = self.0 / 1_000_000_000;
        let ((year, month, day), of_day) = (civil(seconds / 86_400), seconds % 86_400);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// A point on a clock that never steps back; only differences have a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(Instant);

impl Monotonic {
    /// Time since `earlier`; zero when `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

/// Tells the time. `Clock::system()` in production; [`Clock::manual`] moves only when told to.
#[derive(Clone, Debug, Default)]
pub struct Clock(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    System,
    Manual(Arc<Manual>),
}

/// Both times of a manual clock, in nanoseconds.
#[derive(Debug)]
struct Manual {
    calendar: AtomicU64,
    monotonic: AtomicU64,
}

/// Milliseconds since the Unix epoch at the last reading of a system clock, rounded down to [`TICK_MILLIS`].
static TICK: AtomicU64 = AtomicU64::new(0);
thread_local! {
    /// Both of a system clock's times at one moment.
    static ANCHOR_HERE: Cell<Option<(Instant, Timestamp)>> = const { Cell::new(None) };
}

/// How long a thread goes by its anchor: for so long it does not see that somebody has set the machine's calendar.
const ANCHOR_NANOS: u32 = 10_000_000;
/// Two readings that lie further apart than this are no one moment: the thread was interrupted between them.
const ONE_MOMENT: Duration = Duration::from_micros(1);

/// What manual clocks count from.
static ANCHOR: OnceLock<Instant> = OnceLock::new();

/// How coarse [`tick_millis`] is.
pub const TICK_MILLIS: u64 = 10;

impl Clock {
    /// The machine's clocks.
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands at `start` and is moved by [`Clock::advance`]; clones share it.
    pub fn manual(start: Timestamp) -> Self {
        let manual = Manual { calendar: AtomicU64::new(start.0), monotonic: AtomicU64::new(start.0) };
        Self(Kind::Manual(Arc::new(manual)))
    }

    /// Moves a manual clock; a system clock cannot be moved and ignores it.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(manual) = &self.0 {
            let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
            manual.calendar.fetch_add(nanos, Ordering::Relaxed);
            manual.monotonic.fetch_add(nanos, Ordering::Relaxed);
        }
    }

    /// Sets the calendar time of a manual clock, as an operator may set that of a machine: monotonic time goes on. A
    /// system clock ignores it.
    pub fn set(&self, now: Timestamp) {
        if let Kind::Manual(manual) = &self.0 {
            manual.calendar.store(now.0, Ordering::Relaxed);
        }
    }

    /// Calendar time. A system clock before 1970 reads as 1970.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => {
                let nanos =
                    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
                tick(nanos);
                Timestamp(nanos)
            }
            Kind::Manual(manual) => Timestamp(manual.calendar.load(Ordering::Relaxed)),
        }
    }

    /// Time that never steps back, for durations.
    pub fn monotonic(&self) -> Monotonic {
        match &self.0 {
            Kind::System => Monotonic(Instant::now()),
            Kind::Manual(manual) => {
                // Far from its end, whatever the platform's clock counts from.
                let anchor = *ANCHOR.get_or_init(Instant::now);
                let moved = Duration::from_nanos(manual.monotonic.load(Ordering::Relaxed));
                Monotonic(anchor.checked_add(moved).unwrap_or(anchor))
            }
        }
    }
}

impl Clock {
    /// Both times of one moment, for what has a beginning and will have a duration. A system clock is mostly read once for
    /// it: its calendar is followed by the other one for up to 10 ms.
    #[inline]
    pub fn moment(&self) -> (Timestamp, Monotonic) {
        match &self.0 {
            Kind::System => {
                let now = Instant::now();
                if let Some((then, time)) = ANCHOR_HERE.get() {
                    let since = now.saturating_duration_since(then);
                    if since.as_secs() == 0 && since.subsec_nanos() < ANCHOR_NANOS {
                        let nanos = time.0 + u64::from(since.subsec_nanos());
                        tick(nanos);
                        return (Timestamp(nanos), Monotonic(now));
                    }
                }
                self.anchored(now)
            }
            Kind::Manual(_) => (self.now(), self.monotonic()),
        }
    }

    #[cold]
    fn anchored(&self, now: Instant) -> (Timestamp, Monotonic) {
        let time = self.now();
        if now.elapsed() < ONE_MOMENT {
            ANCHOR_HERE.set(Some((now, time)));
        }
        (time, Monotonic(now))
    }
}

/// Moves the coarse tick to this point in calendar time.
#[inline]
fn tick(nanos: u64) {
    let tick = nanos / (TICK_MILLIS * 1_000_000) * TICK_MILLIS;
    // A load first: the line stays shared between cores but for one store each tick.
    if TICK.load(Ordering::Relaxed) != tick {
        TICK.store(tick, Ordering::Relaxed);
    }
}

/// As good as never, and far from the end of any platform's clock, so that more can be added to it.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The point `after` from now, at most some decades away: a plain sum panics for `Duration::MAX`, which is how callers
/// say "for ever".
pub fn deadline(after: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(after.min(FAR)).unwrap_or(now)
}

/// Calendar time in milliseconds, as coarse as [`TICK_MILLIS`] and as fresh as the last [`Clock::now`] anywhere in
/// the process: one relaxed load. Every request and line reads the clock, so whoever works inside a span finds it
/// current.
pub fn tick_millis() -> u64 {
    TICK.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        // By `date -u -d @SECONDS +%FT%TZ`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = Timestamp::from_unix_nanos(seconds * 1_000_000_000 + 999_999_999);
            assert_eq!(time.rfc3339(), text);
            assert_eq!(time.after(Duration::from_secs(9)).before(Duration::from_secs(9)), time);
        }
        assert_eq!(Timestamp::from_unix_nanos(5).before(Duration::MAX), Timestamp::default());
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::from_unix_nanos(5));
        let (wall, mono) = (clock.now(), clock.monotonic());
        assert_eq!(clock.now(), wall);
        clock.clone().advance(Duration::from_nanos(7));
        assert_eq!(clock.now().unix_nanos(), 12);
        assert_eq!(clock.monotonic().since(mono), Duration::from_nanos(7));
        assert_eq!(mono.since(clock.monotonic()), Duration::ZERO);
    }

    #[test]
    fn a_moment_is_what_both_clocks_say() {
        let clock = Clock::manual(Timestamp::from_unix_nanos(5));
        assert_eq!(clock.moment(), (clock.now(), clock.monotonic()));
        clock.set(Timestamp::from_unix_nanos(70));
        assert_eq!(clock.moment(), (clock.now(), clock.monotonic()));
        let system = Clock::system();
        for _ in 0..100 {
            let before = (system.now(), system.monotonic());
            let (time, begun) = system.moment();
            let after = (system.now(), system.monotonic());
            assert!(before.1 <= begun && begun <= after.1);
            // Both of an anchor's readings lie within one moment.
            let off = 2 * ONE_MOMENT.as_nanos() as u64;
            let (earliest, latest) = (before.0.unix_nanos() - off, after.0.unix_nanos() + off);
            assert!((earliest..=latest).contains(&time.unix_nanos()), "{earliest} {time:?} {latest}");
        }
    }

    #[test]
    fn a_deadline_is_never_beyond_the_clock() {
        let day = Duration::from_secs(86_400);
        let soon = deadline(day).saturating_duration_since(Instant::now());
        assert!(soon <= day && soon > day / 2, "{soon:?}");
        for long in [Duration::MAX, Duration::MAX / 2, Duration::from_secs(i64::MAX as u64)] {
            let far = deadline(long);
            assert!(far.saturating_duration_since(Instant::now()) > 1_000 * day, "{long:?}");
            assert!(far.checked_add(day).is_some(), "{long:?}");
        }
        assert!(deadline(Duration::ZERO) <= Instant::now());
    }

    #[test]
    fn reading_the_system_clock_moves_the_tick() {
        let now = Clock::system().now().unix_nanos() / 1_000_000;
        let tick = tick_millis();
        assert_eq!(tick % TICK_MILLIS, 0);
        assert!(tick + TICK_MILLIS >= now && tick <= now + 1_000, "{tick} {now}");
    }
}
