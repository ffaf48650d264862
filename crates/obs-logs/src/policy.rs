//! What becomes of a line that finds its output's queue full.

use std::time::Duration;

use obs_export::queue;
use tracing_core::Level;

/// What becomes of a line that finds the queue of its output full. What is lost is counted by reason, and told in the
/// stream itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// It is dropped, as `queue_full`.
    #[default]
    DropNewest,
    /// The oldest lines that wait make room for it, and are dropped as `evicted`.
    DropOldest,
    /// Lines below this level are dropped, as `queue_full`; for one of this level or a more severe one the oldest of
    /// those below make room, as `evicted`. Where none of them is left it is dropped too.
    DropBelow(Level),
    /// The caller waits for room, at most this long, and the line is dropped as `queue_full` after that. A caller on an
    /// async runtime holds up a thread of it meanwhile. Nobody waits once the output has ended, and neither a thread
    /// of telemetry's own does nor what writes the lines that the flight recorder has held.
    Block(Duration),
}

impl Policy {
    /// As the queue takes it.
    pub(crate) fn of_queue(self) -> queue::Policy {
        match self {
            Self::DropNewest => queue::Policy::DropNewest,
            Self::DropOldest => queue::Policy::DropOldest,
            Self::DropBelow(level) => queue::Policy::DropBelow(rank(level)),
            Self::Block(limit) => queue::Policy::Block(limit),
        }
    }
}

/// How severe a level is, from 1: the priority of its lines.
pub(crate) fn rank(level: Level) -> u8 {
    match level {
        Level::TRACE => 1,
        Level::DEBUG => 2,
        Level::INFO => 3,
        Level::WARN => 4,
        Level::ERROR => 5,
    }
}
