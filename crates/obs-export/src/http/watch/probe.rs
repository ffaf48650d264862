//! A first question to another machine: whether it is there, and would take what will come.

use std::fmt;
use std::io;

use super::super::wire::Wire;
use super::super::{Call, Client, ClientSettings, Encoding, Patience, SendError, TunnelRefused};
use crate::watch::{Question, Trouble, Unwell, find};

/// Asks each place once, by a request that changes nothing there, over a connection of its own.
#[derive(Clone)]
#[must_use]
pub struct Probe {
    client: ClientSettings,
    calls: Vec<Call>,
    wire: &'static Wire,
    fine: &'static [u16],
}

impl Probe {
    /// What is asked of each place. Beside 2xx, what says that a request was understood and of no use is a good answer: 400,
    /// 422, and 429.
    pub fn new(client: ClientSettings, calls: impl IntoIterator<Item = Call>) -> Self {
        Self { client, calls: calls.into_iter().collect(), wire: &Wire::HTTP, fine: &[] }
    }

    #[cfg(feature = "grpc")]
    pub(in crate::http) fn over(mut self, wire: &'static Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Further statuses that are good answers; default none.
    pub fn fine(mut self, statuses: &'static [u16]) -> Self {
        self.fine = statuses;
        self
    }

    /// Asks all places, one after the other, each at most for the time an attempt may take, and tells of those that are not
    /// well. Blocks; ends shortly after the deadline of `patience`, which may come up meanwhile.
    ///
    /// # Errors
    /// When no client can be made: no event queue, or a file with certificates that cannot be used.
    pub fn ask(&self, patience: &impl Patience, mut tell: impl FnMut(Unwell)) -> io::Result<()> {
        let mut client = Client::over(self.wire, self.client.clone())?;
        for call in &self.calls {
            let asked = (self.wire.write)(Encoding::Plain, call.clone());
            let answer = client.exchange(&asked, patience);
            if matches!(answer, Err(SendError::Over)) {
                break;
            }
            let Some(trouble) = Trouble::of(&answer) else { continue };
            if matches!(trouble, Trouble::Status(status) if matches!(status, 400 | 422 | 429) || self.fine.contains(&status))
            {
                continue;
            }
            let refused = |error: &(dyn std::error::Error + 'static)| {
                error.downcast_ref().map(|refused: &TunnelRefused| refused.to_string())
            };
            let proxy = answer.as_ref().err().and_then(|error| find(error, &refused));
            tell(Unwell::new(call.endpoint.to_string(), trouble, proxy));
        }
        Ok(())
    }
}

impl Question for Probe {
    fn ask(&self, patience: &dyn Patience, tell: &mut dyn FnMut(Unwell)) -> io::Result<()> {
        Self::ask(self, &patience, tell)
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("client", &self.client)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}
