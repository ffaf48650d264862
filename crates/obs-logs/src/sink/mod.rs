//! The ends of the ways out: queues with a thread behind them, memory, and nothing.

#[cfg(feature = "rolling")]
mod appender;
mod complaint;
mod discard;
mod file;
mod memory;
mod notice;
mod stream;
mod telling;

use std::sync::Arc;

use obs_core::meter::Source;
use obs_export::queue::Queue;
#[cfg(feature = "framed")]
use obs_export::watch::Remote;

#[cfg(feature = "rolling")]
pub(crate) use appender::Appender;
#[cfg(any(
    feature = "ship",
    feature = "syslog",
    all(feature = "journal", unix),
    all(feature = "journald", target_os = "linux")
))]
pub(crate) use complaint::Complaint;
pub(crate) use discard::Discard;
#[cfg(feature = "gzip")]
pub(crate) use file::compress::compress;
pub(crate) use file::keeper::{Chores, Compress, Keeper};
pub(crate) use file::names::Names;
pub(crate) use file::retain::Retention;
pub(crate) use file::rotate::{Limits, Opened, Rotated};
pub use file::sync::Sync;
pub(crate) use file::{Held, Plain, Reopen};
pub use memory::Memory;
pub(crate) use notice::Notices;
#[cfg(feature = "framed")]
pub(crate) use notice::Owed;
pub(crate) use stream::Stream;
pub(crate) use telling::Telling;

#[cfg(feature = "framed")]
use crate::ship::Frame;

/// Which of the lines that were made an output takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Logfmt,
    Pretty {
        coloured: bool,
    },
    /// By its number among the shapes of the engine.
    Shaped(u8),
}

impl Form {
    /// How many shapes an engine may have: each has a bit beside those of the plain forms.
    pub(crate) const MOST_SHAPES: u8 = 61;

    /// Its bit in a set of forms. With and without colours it is one line but for the head.
    #[inline]
    pub(crate) const fn bit(self) -> u64 {
        match self {
            Self::Json => 1,
            Self::Logfmt => 2,
            Self::Pretty { .. } => 4,
            Self::Shaped(number) => 8 << (number & 63),
        }
    }
}

/// One output, open.
#[derive(Debug)]
pub(crate) struct Way {
    /// What routes call it.
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) lane: Lane,
    /// What is to be seen of it from outside, where it is no part of this process.
    #[cfg(feature = "framed")]
    pub(crate) remote: Option<Arc<Remote>>,
}

#[derive(Debug)]
pub(crate) enum Lane {
    Queue(Queue, Option<Reopen>),
    /// To another machine, by records of its own kind.
    #[cfg(feature = "framed")]
    Framed(Queue, Arc<dyn Frame>),
    Memory(Memory),
    Discard(Arc<Discard>),
}

impl Way {
    pub(crate) fn new(name: String, form: Form, lane: Lane) -> Self {
        Self {
            name,
            form,
            lane,
            #[cfg(feature = "framed")]
            remote: None,
        }
    }

    /// Hands over one line of a level's rank. Blocks no longer than a copy takes, unless its queue was told to, and
    /// never fails: what is lost is counted.
    #[inline]
    pub(crate) fn push(&self, line: &[u8], rank: u8) {
        match &self.lane {
            Lane::Queue(queue, _) => queue.push_with(line, rank),
            // Handed over as a record, which needs more than the line.
            #[cfg(feature = "framed")]
            Lane::Framed(..) => {}
            Lane::Memory(memory) => memory.push(line),
            Lane::Discard(discard) => discard.push(),
        }
    }

    pub(crate) fn queue(&self) -> Option<&Queue> {
        match &self.lane {
            Lane::Queue(queue, _) => Some(queue),
            #[cfg(feature = "framed")]
            Lane::Framed(queue, _) => Some(queue),
            _ => None,
        }
    }

    /// Whether it is a file that is opened again when asked for.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.lane, Lane::Queue(_, Some(_)))
    }

    /// Has a file opened again, at once where its thread is at rest.
    pub(crate) fn reopen(&self) {
        if let Lane::Queue(queue, Some(reopen)) = &self.lane {
            reopen.ask();
            queue.nudge();
        }
    }

    /// What is to be seen of another machine.
    #[cfg(feature = "framed")]
    pub(crate) fn remote(&self) -> Option<&Arc<Remote>> {
        self.remote.as_ref()
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        match &self.lane {
            Lane::Queue(queue, _) => Arc::new(queue.clone()),
            #[cfg(feature = "framed")]
            Lane::Framed(queue, _) => Arc::new(queue.clone()),
            Lane::Memory(memory) => Arc::new(memory.clone()),
            Lane::Discard(discard) => Arc::clone(discard) as Arc<dyn Source>,
        }
    }
}
