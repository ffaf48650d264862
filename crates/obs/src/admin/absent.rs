//! Nothing to serve: no signal with an endpoint is enabled.

use std::net::SocketAddr;
use std::sync::Arc;

use obs_core::{Base, Observer};

use crate::config::{Config, Mistake};

/// Never made.
#[derive(Debug)]
pub(crate) enum Listener {}

/// Never made.
pub(crate) enum Endpoint {}

/// Never started.
#[derive(Debug, Default)]
pub(crate) struct AdminThread;

/// Shown to nobody.
#[derive(Clone, Debug)]
pub(crate) struct Printed;

/// Never made.
pub(crate) enum InFlight {}

impl Printed {
    pub(crate) fn new(_: &Config) -> Self {
        Self
    }

    pub(crate) fn show(&self, _: &Config) {}

    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        None
    }
}

impl InFlight {
    pub(crate) fn of(_: &Config, _: &Arc<Base>) -> Option<Self> {
        None
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        match *self {}
    }
}

impl Observer for InFlight {}

/// Takes no profiles.
#[derive(Debug, Default)]
pub(crate) struct Profiling(());

impl Profiling {
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        Vec::new()
    }

    pub(crate) fn end(&self) {}
}

impl Listener {
    pub(crate) fn start(
        _: &AdminThread,
        _: &Config,
        _: &Arc<Base>,
        _: Vec<Endpoint>,
    ) -> std::io::Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        match *self {}
    }

    pub(crate) fn tell(&self, _: &Config) {
        match *self {}
    }
}

/// Nothing is started.
pub(crate) fn mistakes(_: &Config) -> Vec<Mistake> {
    Vec::new()
}
