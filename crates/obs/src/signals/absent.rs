//! A signal whose feature is off.

use std::sync::Arc;

use obs_core::Base;

use super::Signal;
use crate::Error;
use crate::config::{Config, Mistake};

/// Brings nothing.
pub(crate) struct Part;

impl Part {
    pub(crate) fn start(_: &Config, _: &Arc<Base>) -> Result<Self, Error> {
        Ok(Self)
    }
}

/// Has no settings to be wrong.
pub(crate) fn mistakes(_: &Config) -> Vec<Mistake> {
    Vec::new()
}

impl Signal for Part {}
