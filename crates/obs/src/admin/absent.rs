//! Nothing to serve: no signal with an endpoint is enabled.

use std::net::SocketAddr;

/// Never made.
#[derive(Debug)]
pub(crate) enum Listener {}

/// Never made.
pub(crate) enum Endpoint {}

/// Never started.
#[derive(Debug, Default)]
pub(crate) struct AdminThread;

impl Listener {
    pub(crate) fn start(_: &AdminThread, _: SocketAddr, _: Vec<Endpoint>) -> std::io::Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        match *self {}
    }
}
