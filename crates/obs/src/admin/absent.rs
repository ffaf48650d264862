//! Nothing to serve: no signal with an endpoint is enabled.

use std::net::SocketAddr;

use crate::config::Config;

/// Never made.
#[derive(Debug)]
pub(crate) enum Listener {}

/// Never made.
pub(crate) enum Endpoint {}

/// Never started.
#[derive(Debug, Default)]
pub(crate) struct AdminThread;

/// Nobody asks.
pub(crate) struct Guard;

impl Guard {
    pub(crate) fn new(_: Option<&str>) -> Self {
        Self
    }
}

/// Shown to nobody.
#[derive(Clone, Debug)]
pub(crate) struct Printed;

impl Printed {
    pub(crate) fn new(_: &Config) -> Self {
        Self
    }

    pub(crate) fn show(&self, _: &Config) {}

    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        None
    }
}

/// Takes no profiles.
#[derive(Debug, Default)]
pub(crate) struct Profiling;

impl Profiling {
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        Vec::new()
    }

    pub(crate) fn end(&self) {}
}

impl Listener {
    pub(crate) fn start(
        _: &AdminThread,
        _: SocketAddr,
        _: Vec<Endpoint>,
        _: Guard,
    ) -> std::io::Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        match *self {}
    }
}
