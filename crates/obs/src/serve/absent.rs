//! Nothing is served from here: the feature `serve` is off.

use std::time::Duration;

use crate::admin::Endpoint;

/// Asks nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShutdownHandle(());

impl ShutdownHandle {
    /// Nothing to end.
    pub(crate) fn endpoint(&self, _: Duration) -> Option<Endpoint> {
        None
    }
}
