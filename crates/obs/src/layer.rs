//! The tower layer of one installation.

use std::sync::Arc;

use obs_middleware::{ServerLayer, Trust};

use crate::config::TrustChoice;
use crate::{Obs, Observers};

/// What [`Obs::layer`] gives: for `Router::layer`, `ServiceBuilder::layer`, or any tower stack.
pub type Layer = ServerLayer<Observers>;

impl Obs {
    /// The layer that shows each request to every enabled signal. One per router; clones are cheap.
    pub fn layer(&self) -> Layer {
        let trust = match self.config().trust {
            TrustChoice::Internal => Trust::Internal,
            TrustChoice::Edge => Trust::Edge,
        };
        ServerLayer::new(Arc::clone(self.base()), self.observers().clone()).trust(trust)
    }
}
