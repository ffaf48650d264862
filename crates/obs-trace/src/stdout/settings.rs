//! What can be chosen about trees on standard output.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use obs_export::queue;

use super::PIPELINE;
use super::line::Paint;

/// Whether trees are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Where standard output is a terminal; never on a writer of the caller's.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How spans are gathered and printed.
#[must_use]
pub struct Settings {
    pub(super) queue: queue::Settings,
    pub(super) waiting_bytes: usize,
    pub(super) patience: Duration,
    colours: Colours,
    writer: Option<Box<dyn Write + Send>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// To standard output, coloured on a terminal; 8 MiB in the queue, and 4 MiB for at most 5 seconds until their
    /// local root has ended.
    pub fn new() -> Self {
        Self {
            queue: queue::Settings::new(PIPELINE),
            waiting_bytes: 4 * 1024 * 1024,
            patience: Duration::from_secs(5),
            colours: Colours::Auto,
            writer: None,
        }
    }

    /// Bounds of the queue and its name on metrics ([`PIPELINE`]); default [`queue::Settings::new`].
    pub fn queue(mut self, queue: queue::Settings) -> Self {
        self.queue = queue;
        self
    }

    /// The most bytes of spans that wait for their local root; default 4 MiB. Beyond, the traces that have waited
    /// longest are printed as parts.
    pub fn waiting_bytes(mut self, bytes: usize) -> Self {
        self.waiting_bytes = bytes;
        self
    }

    /// How long a trace's spans wait for its local root, counted from the first of them; default 5 seconds. After
    /// that they are printed as a part.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whether trees are coloured; default [`Colours::Auto`].
    pub fn colours(mut self, colours: Colours) -> Self {
        self.colours = colours;
        self
    }

    /// Where trees are written, one after the other; default standard output.
    pub fn writer(mut self, writer: Box<dyn Write + Send>) -> Self {
        self.writer = Some(writer);
        self
    }

    pub(super) fn paint(&self) -> Paint {
        match self.colours {
            Colours::Auto => Paint::new(self.writer.is_none() && io::stdout().is_terminal()),
            colours => Paint::new(colours == Colours::On),
        }
    }

    pub(super) fn into_writer(self) -> Box<dyn Write + Send> {
        self.writer.unwrap_or_else(|| Box::new(io::stdout()))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("queue", &self.queue)
            .field("waiting_bytes", &self.waiting_bytes)
            .field("patience", &self.patience)
            .field("colours", &self.colours)
            .finish_non_exhaustive()
    }
}
