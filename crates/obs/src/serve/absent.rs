//! Nothing is served from here: the feature `serve` is off.

use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;

use crate::admin::Endpoint;

/// Asks nobody.
#[derive(Clone, Debug)]
pub(crate) struct ShutdownHandle(());

impl ShutdownHandle {
    pub(crate) fn new(_: &Arc<Base>) -> Self {
        Self(())
    }

    /// Nothing to end.
    pub(crate) fn endpoint(&self, _: Duration) -> Option<Endpoint> {
        None
    }
}
