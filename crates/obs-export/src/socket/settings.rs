//! What an operator chooses of sockets: how long they may take, how large a datagram is and, where it is built in, TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::address::Dialled;
use super::tls::{Config, Tls};
use super::{Address, Dispatch, Place};

/// Longer time-outs mean none.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The most bytes of a datagram over UDP: what each receiver should be able to take by RFC 5426, section 3.2.
const DATAGRAM_BYTES: usize = 2_048;

/// Time-outs, sizes and certificates.
#[derive(Clone, Debug)]
#[must_use]
pub struct SocketSettings {
    pub(super) timeout: Duration,
    pub(super) datagram_bytes: usize,
    pub(super) tls: Tls,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl SocketSettings {
    /// 10 s to connect or to take anything, 2,048 bytes of a datagram, and the system's certificates.
    pub fn new() -> Self {
        Self { timeout: Duration::from_secs(10), datagram_bytes: DATAGRAM_BYTES, tls: Tls::default() }
    }

    /// How long connecting may take, TLS included, and how long the other side may take nothing; default 10 s, at most a
    /// day.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// The most bytes of a datagram over UDP; default 2,048. What is cut ends in `…`. A datagram of Unix's is as large as
    /// the system lets it be.
    pub fn datagram_bytes(mut self, bytes: usize) -> Self {
        self.datagram_bytes = bytes;
        self
    }

    /// A sink that writes to these addresses.
    ///
    /// # Errors
    /// What is wrong with the files of certificates, or that TLS is not built in.
    pub fn dispatch(&self, addresses: impl IntoIterator<Item = Address>) -> io::Result<Dispatch> {
        let places: io::Result<Vec<_>> = addresses.into_iter().map(|address| self.place(address)).collect();
        Ok(Dispatch::new(places?).timeout(self.timeout))
    }

    fn place(&self, address: Address) -> io::Result<Arc<dyn Place>> {
        let tls = match &address {
            Address::Tls { host, .. } => Some(Config::new(&self.tls, host)?),
            _ => None,
        };
        Ok(Arc::new(Dialled { address, tls, settings: self.clone() }))
    }
}
