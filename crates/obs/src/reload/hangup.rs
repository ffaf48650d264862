//! SIGHUP: an operator asks for the file to be read now.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Hear;

/// Hears it from the moment it is made; until then, and without one, the signal ends the process as ever.
pub(super) struct Hangup(Option<Signal>);

impl Hangup {
    /// Needs a runtime around it.
    pub(super) fn new(hear: Hear) -> std::io::Result<Self> {
        let heard = match hear {
            Hear::Hangup => Some(signal(SignalKind::hangup())?),
            Hear::Nothing => None,
        };
        Ok(Self(heard))
    }

    /// Waits for the next one.
    ///
    /// # Cancel safety
    /// None is lost.
    pub(super) async fn heard(&mut self) {
        let heard = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if heard.is_none() {
            pending().await
        }
    }
}
