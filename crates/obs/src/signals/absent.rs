//! A signal whose feature is off.

use std::sync::Arc;

use obs_core::Base;

use super::Signal;
use crate::Error;
use crate::config::{Config, Mistake};
use crate::remotes::Watched;

/// Brings nothing.
pub(crate) struct Part;

impl Part {
    pub(crate) fn start(_: &Config, _: &Arc<Base>) -> Result<Self, Error> {
        Ok(Self)
    }

    /// Checks nothing.
    #[cfg_attr(feature = "health", expect(dead_code, reason = "asked of health alone"))]
    pub(crate) fn watch(&self, _: &[Watched], _: &Arc<Base>) -> Result<(), Error> {
        Ok(())
    }
}

/// Has no settings to be wrong.
pub(crate) fn mistakes(_: &Config) -> Vec<Mistake> {
    Vec::new()
}

impl Signal for Part {}
