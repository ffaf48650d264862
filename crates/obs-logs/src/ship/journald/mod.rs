//! Lines to systemd's journal, by its native protocol: each line is an entry, and each of its fields a field of it.
//!
//! Nobody answers: a line is delivered once the system has taken its datagram.

mod entry;
mod flat;
mod frame;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;
use obs_export::socket::{Dispatch, Place, Retry};

use super::sockets::{GATHERING, seen};
use super::{Framed, Shipped};
use crate::Output;
use frame::Entry;
use wire::Journal;

/// Where the journal listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// Lines to systemd's journal.
///
/// A line in a form that is a flat JSON object, as [`Format::Json`](crate::Format::Json) is, which it has by default, is taken apart:
/// `message` becomes `MESSAGE`, and each other field one of its name in capitals. A line in another form is `MESSAGE` as
/// a whole.
///
/// ```
/// use obs_logs::{Journald, Output};
///
/// let output = Output::from(Journald::new()).named("journal");
/// # drop(output);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Journald {
    socket: PathBuf,
    timeout: Duration,
    retry: Retry,
}

impl Default for Journald {
    fn default() -> Self {
        Self::new()
    }
}

impl Journald {
    /// The journal of this machine, at `/run/systemd/journal/socket`.
    pub fn new() -> Self {
        Self { socket: SOCKET.into(), timeout: Duration::from_secs(10), retry: Retry::new() }
    }

    /// Where the journal listens; default `/run/systemd/journal/socket`. That of a namespace is
    /// `/run/systemd/journal.<namespace>/socket`.
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = path.into();
        self
    }

    /// How long the journal may take nothing; default 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a journal that is not there is tried; default [`Retry::new`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

impl From<Journald> for Output {
    fn from(journald: Journald) -> Self {
        let Journald { socket, timeout, retry } = journald;
        let (batch_bytes, linger) = GATHERING;
        let shipped = Shipped {
            frame: Box::new(|_| Arc::new(Entry)),
            is_record: false,
            batch_bytes,
            linger,
            content: "journald",
            open: Box::new(move |base: &Arc<Base>, pipeline| {
                let shown = format!("{} ({})", pipeline.trim_start_matches("logs_"), socket.display());
                let place: Arc<dyn Place> = Arc::new(Journal::new(socket, &base.resource.name));
                Ok(seen(Dispatch::new([place]).timeout(timeout), retry, base, shown))
            }),
        };
        Self::shipped("logs_journald", shipped)
    }
}
