//! The ends of the ways out: queues with a thread behind them, memory, and nothing.

#[cfg(feature = "rolling")]
mod appender;
mod complaint;
mod discard;
mod file;
mod memory;
mod stream;

use std::sync::Arc;

use obs_core::meter::Source;
use obs_export::queue::Queue;

#[cfg(feature = "rolling")]
pub(crate) use appender::Appender;
pub(crate) use discard::Discard;
pub(crate) use file::{Held, Open, Plain};
pub use memory::Memory;
pub(crate) use stream::Stream;

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
}

#[derive(Debug)]
pub(crate) enum Lane {
    Queue(Queue),
    Memory(Memory),
    Discard(Arc<Discard>),
}

impl Way {
    /// Hands over one line. Never blocks longer than a copy takes, never fails: what is lost is counted.
    #[inline]
    pub(crate) fn push(&self, line: &[u8]) {
        match &self.lane {
            Lane::Queue(queue) => queue.push(line),
            Lane::Memory(memory) => memory.push(line),
            Lane::Discard(discard) => discard.push(),
        }
    }

    pub(crate) fn queue(&self) -> Option<&Queue> {
        match &self.lane {
            Lane::Queue(queue) => Some(queue),
            _ => None,
        }
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        match &self.lane {
            Lane::Queue(queue) => Arc::new(queue.clone()),
            Lane::Memory(memory) => Arc::new(memory.clone()),
            Lane::Discard(discard) => Arc::clone(discard) as Arc<dyn Source>,
        }
    }
}
