//! The second thread: prints what has waited too long although nothing else arrives, and all of it for a flush.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use obs_core::{Clock, time};

use super::printer::Printer;

/// The shortest time between two looks.
const SHORTEST: Duration = Duration::from_millis(1);

/// What the worker's thread, the patrol and flushes share.
pub(super) struct Shared {
    printer: Mutex<Printer>,
    clock: Clock,
    orders: Mutex<Orders>,
    changed: Condvar,
}

/// Never locked while something is printed, so that a flush can give up on an output that hangs.
#[derive(Default)]
struct Orders {
    /// Whether something has begun to wait since the patrol looked.
    look: bool,
    /// Flushes asked for, and how many of them are done.
    asked: u64,
    done: u64,
    ended: bool,
}

impl Shared {
    pub(super) fn new(printer: Printer, clock: Clock) -> Arc<Self> {
        let (printer, orders) = (Mutex::new(printer), Mutex::default());
        Arc::new(Self { printer, clock, orders, changed: Condvar::new() })
    }

    /// Takes a batch; returns how many spans are lost.
    pub(super) fn take(&self, batch: &[u8]) -> u64 {
        let now = self.clock.monotonic();
        let mut printer = self.printer();
        let was_idle = printer.due(now).is_none();
        let lost = printer.take(batch, now);
        printer.overdue(now);
        let waits = printer.due(now).is_some();
        drop(printer);
        if was_idle && waits {
            self.orders().look = true;
            self.changed.notify_all();
        }
        lost
    }

    /// Prints all that waits; `false` when `deadline` passes first.
    pub(super) fn flush(&self, deadline: Duration) -> bool {
        let until = time::deadline(deadline);
        let mut orders = self.orders();
        orders.asked += 1;
        let mine = orders.asked;
        self.changed.notify_all();
        while orders.done < mine && !orders.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            orders = self.wait(orders, Some(left));
        }
        true
    }

    /// Prints all that waits and sends the patrol home.
    pub(super) fn end(&self) {
        self.printer().all();
        self.orders().ended = true;
        self.changed.notify_all();
    }

    /// The patrol, until [`Shared::end`].
    pub(super) fn patrol(&self) {
        let _silence = obs_core::context::silence();
        let mut left = None;
        let mut orders = self.orders();
        while !orders.ended {
            if orders.asked > orders.done {
                let asked = orders.asked;
                drop(orders);
                self.printer().all();
                orders = self.orders();
                orders.done = asked;
                self.changed.notify_all();
            } else if orders.look || left.is_some_and(|left: Duration| left.is_zero()) {
                orders.look = false;
                drop(orders);
                left = self.look();
                orders = self.orders();
            } else {
                let begun = Instant::now();
                orders = self.wait(orders, left);
                left = left.map(|left| left.saturating_sub(begun.elapsed()));
            }
        }
    }

    /// Prints what is overdue; returns how long the next may wait.
    fn look(&self) -> Option<Duration> {
        let now = self.clock.monotonic();
        let mut printer = self.printer();
        printer.overdue(now);
        // A clock that stands still is not asked again and again.
        printer.due(now).map(|left| left.max(SHORTEST))
    }

    fn wait<'a>(&'a self, orders: MutexGuard<'a, Orders>, most: Option<Duration>) -> MutexGuard<'a, Orders> {
        match most {
            Some(most) => self.changed.wait_timeout(orders, most).unwrap_or_else(PoisonError::into_inner).0,
            None => self.changed.wait(orders).unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn printer(&self) -> MutexGuard<'_, Printer> {
        self.printer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
