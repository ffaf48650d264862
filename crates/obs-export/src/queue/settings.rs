//! How large a queue is, how long it gathers, and what becomes of a record that finds it full.

use std::time::Duration;

/// What becomes of a record that finds the queue full. Whatever is lost is counted by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// It is dropped, as [`Reason::QueueFull`](super::Reason::QueueFull).
    #[default]
    DropNewest,
    /// The oldest that wait make room for it, and are dropped as [`Reason::Evicted`](super::Reason::Evicted). What is
    /// being sent is not touched.
    DropOldest,
    /// Records of a lower priority than this are dropped, as `QueueFull`; for one of this priority or a higher one the
    /// oldest of those lower ones make room, as `Evicted`. Where none of them is left it is dropped too.
    DropBelow(u8),
    /// The producer waits for room, at most this long, and the record is dropped as `QueueFull` after that. Nobody
    /// waits for a queue that is closed, for room that never comes (a record larger than the queue), or on a thread of
    /// telemetry's own. With a limit of zero it is [`Policy::DropNewest`].
    Block(Duration),
}

impl Policy {
    /// Whether records that wait may be dropped for others.
    pub(super) const fn evicts(self) -> bool {
        matches!(self, Self::DropOldest | Self::DropBelow(_))
    }
}

/// How large a queue is, how long it gathers, and what becomes of what finds it full.
#[derive(Clone, Debug)]
#[must_use]
pub struct Settings {
    pub(super) pipeline: &'static str,
    pub(super) capacity_bytes: usize,
    pub(super) batch_bytes: usize,
    pub(super) linger: Duration,
    pub(super) one_by_one: bool,
    pub(super) policy: Policy,
    pub(super) tells_gaps: bool,
}

impl Settings {
    /// Settings of the way out called `pipeline` on metrics: 8 MiB, batches sent at 64 KiB or after 20 ms; what finds
    /// it full is dropped.
    pub const fn new(pipeline: &'static str) -> Self {
        Self {
            pipeline,
            capacity_bytes: 8 * 1024 * 1024,
            batch_bytes: 64 * 1024,
            linger: Duration::from_millis(20),
            one_by_one: false,
            policy: Policy::DropNewest,
            tells_gaps: false,
        }
    }

    /// The most bytes that wait or are being sent; default 8 MiB. What becomes of a record that does not fit is said
    /// by the [`Policy`]. Where records that wait may be dropped for others, the bytes of dropped ones are given back
    /// once they are a quarter of this.
    pub const fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.capacity_bytes = bytes;
        self
    }

    /// How many bytes wake the worker before its time; default 64 KiB.
    pub const fn batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = bytes;
        self
    }

    /// Makes a batch of each record and waits for no more: for records that are whole messages. Default: batches of
    /// what has gathered.
    pub const fn one_by_one(mut self) -> Self {
        self.one_by_one = true;
        self.linger = Duration::ZERO;
        self
    }

    /// How long the worker gathers after the first record; default 20 ms.
    pub const fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// What becomes of a record that finds the queue full; default [`Policy::DropNewest`].
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Tells the sink, with each batch, where records are missing: see [`Batch::gaps`](super::Batch::gaps). A gap
    /// behind which nothing follows comes in a batch without records. Default: it is not told.
    pub const fn tells_gaps(mut self) -> Self {
        self.tells_gaps = true;
        self
    }

    /// Whether it is known where one record ends and the next begins.
    pub(super) const fn marks(&self) -> bool {
        self.one_by_one || self.policy.evicts()
    }

    /// Whether a record of this priority may make room for others.
    pub(super) const fn is_low(&self, priority: u8) -> bool {
        match self.policy {
            Policy::DropOldest => true,
            Policy::DropBelow(rank) => priority < rank,
            Policy::DropNewest | Policy::Block(_) => false,
        }
    }
}
