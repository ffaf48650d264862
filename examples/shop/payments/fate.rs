//! What becomes of a payment: by its number, so that a run can be repeated.

use shop::Mistake;

/// Every how manieth payment goes wrong; 0 is never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) fail: u64,
    pub(crate) slow: u64,
    pub(crate) panic: u64,
}

impl Rates {
    pub(crate) fn from_environment() -> Result<Self, Mistake> {
        Ok(Self {
            fail: shop::or_default("PAYMENTS_FAIL_EVERY", "10")?,
            slow: shop::or_default("PAYMENTS_SLOW_EVERY", "7")?,
            panic: shop::or_default("PAYMENTS_PANIC_EVERY", "50")?,
        })
    }

    /// What becomes of the payment with this number; the first one is 1.
    pub(crate) fn fate(&self, payment: u64) -> Fate {
        let is_due = |every: u64| every != 0 && payment.is_multiple_of(every);
        let end = match (is_due(self.panic), is_due(self.fail)) {
            (true, _) => End::Panic,
            (false, true) => End::BankUnreachable,
            (false, false) => End::Paid,
        };
        Fate { slow: is_due(self.slow), end }
    }
}

/// What becomes of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Whether it takes its time first.
    pub(crate) slow: bool,
    /// How it ends.
    pub(crate) end: End,
}

/// How a payment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Paid,
    BankUnreachable,
    Panic,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_wins_over_failure_and_slow_adds_to_it() {
        let rates = Rates { fail: 2, slow: 3, panic: 4 };
        let fate = |slow, end| Fate { slow, end };
        let seen: Vec<_> = (1..=6).map(|payment| rates.fate(payment)).collect();
        assert_eq!(
            seen,
            [
                fate(false, End::Paid),
                fate(false, End::BankUnreachable),
                fate(true, End::Paid),
                fate(false, End::Panic),
                fate(false, End::Paid),
                fate(true, End::BankUnreachable),
            ]
        );
    }

    #[test]
    fn zero_is_never() {
        let rates = Rates { fail: 0, slow: 0, panic: 0 };
        assert!((1..=100).all(|payment| rates.fate(payment) == Fate { slow: false, end: End::Paid }));
    }
}
