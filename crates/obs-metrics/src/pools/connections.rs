//! What a pool says of itself at one moment.

use obs_core::keys::metric;
use obs_core::meter::Meter;

/// How many connections a pool has, and who waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    active: u64,
    idle: u64,
    max: Option<u64>,
    waiters: Waiters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiters {
    Unknown,
    Counted(u64),
    /// Those are among them that gave up.
    EverBegun(u64),
}

impl Connections {
    /// So many in use, and so many open that are not.
    pub const fn new(active: u64, idle: u64) -> Self {
        Self { active, idle, max: None, waiters: Waiters::Unknown }
    }

    /// So many open, of which so many are not in use. Pools count the two apart, so that for a moment there may be more idle
    /// than open: none is in use then.
    pub const fn of_open(open: u64, idle: u64) -> Self {
        Self::new(open.saturating_sub(idle), idle)
    }

    /// How many may be open. Default: unknown, and left out of the scrape.
    pub const fn max(mut self, connections: u64) -> Self {
        self.max = Some(connections);
        self
    }

    /// How many acquires wait. Default: unknown, and left out of the scrape.
    pub const fn waiters(mut self, acquires: u64) -> Self {
        self.waiters = Waiters::Counted(acquires);
        self
    }

    /// As [`Connections::waiters`], of a pool that goes on counting whoever gives up: those that did so by way of a
    /// [`TimedPool`](crate::pools::TimedPool) are taken off.
    pub const fn waiters_and_given_up(mut self, acquires: u64) -> Self {
        self.waiters = Waiters::EverBegun(acquires);
        self
    }

    /// How many are in use.
    pub const fn in_use(self) -> u64 {
        self.active
    }

    /// How many may be open, where that is known.
    pub const fn most(self) -> Option<u64> {
        self.max
    }

    pub(super) fn tell(self, pool: &str, given_up: u64, meter: &mut dyn Meter) {
        let waiters = match self.waiters {
            Waiters::Unknown => None,
            Waiters::Counted(acquires) => Some(acquires),
            Waiters::EverBegun(acquires) => Some(acquires.saturating_sub(given_up)),
        };
        let numbers = [
            (&metric::DB_POOL_ACTIVE, Some(self.active)),
            (&metric::DB_POOL_IDLE, Some(self.idle)),
            (&metric::DB_POOL_MAX, self.max),
            (&metric::DB_POOL_WAITERS, waiters),
        ];
        for (metric, number) in numbers {
            if let Some(number) = number {
                meter.gauge(metric, &[pool], number as f64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Connections;

    #[test]
    fn more_idle_than_open_is_nobody_who_has_one() {
        assert_eq!(Connections::of_open(3, 1), Connections::new(2, 1));
        assert_eq!(Connections::of_open(1, 2), Connections::new(0, 2));
    }
}
