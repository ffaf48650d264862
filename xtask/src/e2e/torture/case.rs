//! How a receiver behaves, and what becomes of lines then.

use std::ops::RangeInclusive;

/// One way to behave.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// What the receiver is told; nothing where there is none.
    pub(super) mode: Option<&'static str>,
    only: Option<&'static str>,
    /// Whether records may come behind later ones.
    pub(super) reorders: bool,
    /// How many are delivered of so many, in memory or with a journal.
    pub(super) expected: fn(u64, bool) -> RangeInclusive<u64>,
}

impl Case {
    const fn new(
        name: &'static str,
        mode: Option<&'static str>,
        expected: fn(u64, bool) -> RangeInclusive<u64>,
    ) -> Self {
        Self { name, mode, only: None, reorders: false, expected }
    }

    pub(super) fn is_for(&self, to: &str) -> bool {
        self.only.is_none_or(|only| only == to)
    }
}

const ALL: fn(u64, bool) -> RangeInclusive<u64> = |said, _| said..=said;
const NONE: fn(u64, bool) -> RangeInclusive<u64> = |_, _| 0..=0;
/// All that is in a journal; in memory those that found room while the receiver was not well.
const KEPT: fn(u64, bool) -> RangeInclusive<u64> =
    |said, durable| if durable { said..=said } else { 1..=said };
/// Some are lost, and some are not.
const SOME: fn(u64, bool) -> RangeInclusive<u64> = |said, _| 1..=said - 1;
/// Whatever is turned away for good by their numbers.
const SIX_OF_SEVEN: fn(u64, bool) -> RangeInclusive<u64> =
    |said, _| said - said.div_ceil(7)..=said - said.div_ceil(7);

/// The first is the one that others are compared with.
pub(super) const CASES: [Case; 11] = [
    Case::new("204 or 200", Some("well"), ALL),
    Case::new("400", Some("400"), NONE),
    Case::new("413 above 60 KB", Some("413"), ALL),
    Case::new("429 with Retry-After", Some("429"), KEPT),
    Case::new("503 every other time", Some("503"), KEPT),
    Case {
        only: Some("elasticsearch"),
        reorders: true,
        ..Case::new("partial errors", Some("partial"), SIX_OF_SEVEN)
    },
    Case::new("hangs twice", Some("hang"), KEPT),
    Case::new("closes in mid-answer", Some("cut"), KEPT),
    Case::new("lies every other time", Some("lie"), SOME),
    Case::new("resets each second quarter of a second", Some("flap"), KEPT),
    Case::new("is not there", None, NONE),
];
