//! Nothing is served from here: the feature `serve` is off.

/// Asks nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShutdownHandle(());
