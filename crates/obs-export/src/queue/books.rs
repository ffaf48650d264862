//! The books of one queue: what came in, what got out, what was lost and why, and how long the sink took.

use std::time::Duration;

/// Why a record was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The queue held as many bytes as it may.
    QueueFull,
    /// It waited, and made room for a later or more important one.
    Evicted,
    /// It came after the end.
    Closed,
    /// The process ended before it could be delivered.
    Shutdown,
    /// Writing failed: disk full, broken pipe.
    Io,
    /// The other side refused it for good.
    Rejected,
    /// The other side could not be reached, or kept failing, for as long as is tried.
    Unreachable,
    /// Its bytes in the journal did not come back as they went in.
    Damaged,
    /// The sink's own fault; counted so that the books stay right.
    Internal,
}

impl Reason {
    /// All reasons, in the order they are written.
    pub const ALL: [Self; 9] = [
        Self::QueueFull,
        Self::Evicted,
        Self::Closed,
        Self::Shutdown,
        Self::Io,
        Self::Rejected,
        Self::Unreachable,
        Self::Damaged,
        Self::Internal,
    ];

    /// The `reason` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Evicted => "evicted",
            Self::Closed => "closed",
            Self::Shutdown => "shutdown",
            Self::Io => "io",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Damaged => "damaged",
            Self::Internal => "internal",
        }
    }
}

/// The books at one moment; `produced = delivered + dropped + pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Records handed over, and those that an earlier process left in the journal.
    pub produced: u64,
    /// How many of these an earlier process left in the journal.
    pub recovered: u64,
    /// Records the other side has.
    pub delivered: u64,
    pub(super) dropped: [u64; Reason::ALL.len()],
    /// Records waiting or being sent.
    pub pending: u64,
    /// Their bytes.
    pub pending_bytes: u64,
    /// What the sink did.
    pub exports: Exports,
    /// How long producers have waited for room, all together.
    pub blocked: Duration,
    /// How long ago the oldest of the records waiting or being sent came, or a little longer; where others made room for
    /// younger ones, as if they were still there.
    pub oldest: Option<Duration>,
}

/// The batches a sink was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Batches that arrived whole.
    pub delivered: u64,
    /// Batches of which something was lost.
    pub dropped: u64,
    /// How long the sink took for all of them, with retries and the waits between.
    pub time: Duration,
}

impl Exports {
    pub(super) fn add(&mut self, arrived: bool, time: Duration) {
        let batches = if arrived { &mut self.delivered } else { &mut self.dropped };
        *batches += 1;
        self.time = self.time.saturating_add(time);
    }
}

impl Counts {
    /// Records lost, for whatever reason.
    pub fn dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Records lost for one reason.
    pub fn dropped_for(&self, reason: Reason) -> u64 {
        self.dropped[reason as usize]
    }
}

#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) produced: u64,
    pub(super) recovered: u64,
    pub(super) delivered: u64,
    pub(super) exports: Exports,
    pub(super) blocked: Duration,
    dropped: [u64; Reason::ALL.len()],
}

impl Books {
    pub(super) fn drop_records(&mut self, reason: Reason, records: u64) {
        self.dropped[reason as usize] += records;
    }

    pub(super) fn dropped(&self) -> [u64; Reason::ALL.len()] {
        self.dropped
    }
}
