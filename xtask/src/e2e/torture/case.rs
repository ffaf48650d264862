//! How a receiver behaves, and what becomes of lines then.

use std::ops::RangeInclusive;

/// One way to behave.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// What the receiver is told; nothing where there is none.
    pub(super) mode: Option<&'static str>,
    /// Whom it is for.
    to: &'static [&'static str],
    /// For which of them it is no part of every run, but of that with `--full`.
    rest: &'static [&'static str],
    /// Whether records may come behind later ones.
    pub(super) reorders: bool,
    /// Whether it comes to an end at which nothing waits.
    pub(super) settles: bool,
    /// How many of those delivered may be read by nobody for each connection that was had: of those who do not answer.
    pub(super) unread: u64,
    /// How many bytes of further text a record has.
    pub(super) text: u64,
    /// How long an attempt may take, in milliseconds. On a busy machine even one who is well may take long, and what is
    /// sent again then comes twice.
    pub(super) patience: u64,
    /// How many are delivered of so many, in memory or with a journal.
    pub(super) expected: fn(u64, bool) -> RangeInclusive<u64>,
}

/// Who takes records.
pub(super) const RECEIVERS: [&str; 5] = ["loki", "elasticsearch", OTLP, SPANS, SYSLOG];
pub(super) const OTLP: &str = "otlp";
pub(super) const SPANS: &str = "spans";
pub(super) const SYSLOG: &str = "syslog";
/// Those whose answers of this kind are read by the code that reads them of the others.
const ALIKE: &[&str] = &[OTLP, SPANS];
/// Those who answer.
const HTTP: &[&str] = &["loki", "elasticsearch", OTLP, SPANS];

impl Case {
    const fn new(
        name: &'static str,
        mode: Option<&'static str>,
        expected: fn(u64, bool) -> RangeInclusive<u64>,
    ) -> Self {
        let settles = mode.is_some();
        let (to, rest) = (HTTP, &[] as &[_]);
        Self { name, mode, to, rest, reorders: false, settles, unread: 0, text: 0, patience: 2_000, expected }
    }

    /// For those who take and do not answer.
    const fn stream(
        name: &'static str,
        mode: Option<&'static str>,
        unread: u64,
        expected: fn(u64, bool) -> RangeInclusive<u64>,
    ) -> Self {
        Self { to: &[SYSLOG], unread, ..Self::new(name, mode, expected) }
    }

    pub(super) fn is_for(&self, to: &str) -> bool {
        self.to.contains(&to)
    }

    /// Whether it is no part of every run.
    pub(super) fn is_rest(&self, to: &str) -> bool {
        self.rest.contains(&to)
    }
}

const ALL: fn(u64, bool) -> RangeInclusive<u64> = |said, _| said..=said;
const NONE: fn(u64, bool) -> RangeInclusive<u64> = |_, _| 0..=0;
/// All that is in a journal; in memory those that found room while the receiver was not well.
const KEPT: fn(u64, bool) -> RangeInclusive<u64> =
    |said, durable| if durable { said..=said } else { 1..=said };
/// Some are lost, and some are not.
const SOME: fn(u64, bool) -> RangeInclusive<u64> = |said, _| 1..=said - 1;
/// Whatever is not turned away for good by their numbers; in memory of those that found room.
const SIX_OF_SEVEN: fn(u64, bool) -> RangeInclusive<u64> = |said, durable| {
    let most = said - said.div_ceil(7);
    if durable { most..=most } else { 1..=most }
};

/// The first that is for a receiver is the one that others are compared with.
pub(super) const CASES: [Case; 17] = [
    Case::new("204 or 200", Some("well"), ALL),
    Case { rest: ALIKE, ..Case::new("400", Some("400"), NONE) },
    Case { rest: ALIKE, ..Case::new("413 above 60 KB", Some("413"), KEPT) },
    Case { rest: ALIKE, ..Case::new("429 with Retry-After", Some("429"), KEPT) },
    Case { rest: ALIKE, ..Case::new("503 every other time", Some("503"), KEPT) },
    Case {
        to: &["elasticsearch"],
        reorders: true,
        ..Case::new("partial errors", Some("partial"), SIX_OF_SEVEN)
    },
    Case { to: &[OTLP, SPANS], ..Case::new("partial success", Some("partial"), SIX_OF_SEVEN) },
    Case::new("hangs twice", Some("hang"), KEPT),
    Case { rest: ALIKE, ..Case::new("closes in mid-answer", Some("cut"), KEPT) },
    Case::new("lies every other time", Some("lie"), SOME),
    Case { rest: ALIKE, ..Case::new("resets each second quarter of a second", Some("flap"), KEPT) },
    Case::new("is not there", None, NONE),
    Case::stream("reads all", Some("well"), 0, ALL),
    // More than the kernel takes for whoever does not read.
    Case {
        settles: false,
        text: 800,
        patience: 300,
        ..Case::stream("never reads", Some("hang"), u64::MAX, SOME)
    },
    Case::stream("resets after 64 KiB", Some("cut"), 1_000, KEPT),
    Case::stream("resets and refuses each second quarter of a second", Some("flap"), 1_000, KEPT),
    Case::stream("is not there", None, 0, NONE),
];
