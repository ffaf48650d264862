//! Nothing is profiled: the feature is off.

use super::Endpoint;

/// Takes no profiles.
#[derive(Debug, Default)]
pub(crate) struct Profiling(());

impl Profiling {
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        Vec::new()
    }

    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "whoever serves says so"))]
    pub(crate) fn serving(&self) {}

    pub(crate) fn end(&self) {}
}
