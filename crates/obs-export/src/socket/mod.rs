//! Records over sockets, by one thread that blocks: [`Dispatch`] is a [`queue::Sink`](crate::queue::Sink) that writes them
//! to one of several places.
//!
//! There is no answer: a record is delivered once all of it is written to the socket. For one batch:
//!
//! 1. where no connection is open, the first place is opened, on a thread of its own that may be given up;
//! 2. before each write [`Wire::check`] asks whether the other side is there still;
//! 3. a connection that breaks, or takes nothing for [`SocketSettings::timeout`], is given up. The record that was cut short is sent
//!    again whole, on another connection. The next place is tried at once, and when all were tried there is a pause
//!    of [`Retry`]; one that has held for a while is opened again first, without a pause;
//! 4. a record within which five connections in a row were closed is lost as `rejected`: one that is too long for the other
//!    side, say;
//! 5. what is not out when the budget of [`Retry`] is spent is lost as `unreachable`, at the deadline of a shutdown as
//!    `shutdown`. A record that goes out begins the budget anew.
//!
//! [`Probe`] asks whether the places can be opened. [`Traffic`] has what was written.
//!
//! Each record of a queue is framed by its length in octets: see [`counted`]. That is how records go over TCP, TLS and
//! Unix streams; a datagram has the record alone.

mod address;
mod cause;
pub mod counted;
mod datagram;
mod dial;
mod dispatch;
mod probe;
mod report;
mod settings;
mod stream;
#[cfg_attr(not(feature = "socket-tls"), path = "tls_absent.rs")]
mod tls;
mod work;

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

pub use address::Address;
pub use dispatch::Dispatch;
pub use probe::Probe;
pub use report::{Failure, Retrying};
pub use settings::SocketSettings;

pub use crate::retry::{Patience, Retry, Until};
#[cfg(feature = "socket-tls")]
pub use crate::tls::Tls;
pub use crate::watch::{Question, Remote, Report, Traffic, Trouble, Unwell};

/// The longest that one call of a [`Wire`] takes, so that its owner hears of an end.
pub const SLICE: Duration = Duration::from_millis(50);

/// Where records go to.
pub trait Place: fmt::Display + Send + Sync {
    /// Opens a way there, before `until`. Called on a thread of its own.
    ///
    /// # Errors
    /// Why there is none now.
    fn open(&self, until: Instant) -> io::Result<Box<dyn Wire>>;
}

/// A way that is open.
pub trait Wire: Send {
    /// Asks whether the other side is there still, without waiting.
    ///
    /// # Errors
    /// It is gone.
    fn check(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Sends some of `bytes`, which begin with a record or with what is left of one. Takes no longer than about a
    /// [`SLICE`].
    ///
    /// # Errors
    /// The way is broken, and how much of a record that was being sent has arrived is not known.
    fn send(&mut self, bytes: &[u8]) -> io::Result<Sent>;

    /// Nothing more will come: makes sure that what was sent arrives, without waiting for long.
    fn close(&mut self) {}
}

/// What became of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// So many are out, as they are, and not none.
    Bytes(usize),
    /// The first record is out, which has so many bytes here, in another form of so many.
    Record {
        /// Of those that were to be sent.
        taken: usize,
        /// Of what went to the socket.
        sent: usize,
    },
    /// There is no room now; the same bytes are sent again.
    Waits,
    /// The first record will never go this way.
    Never,
}
