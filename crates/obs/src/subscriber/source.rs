//! The subscriber's numbers on `/metrics`.

use std::sync::Arc;

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

use super::fused::Fused;
use super::slab::Slab;

/// Tells how many spans found no room.
#[derive(Debug)]
pub(super) struct OpenSpans(Arc<Slab>);

impl OpenSpans {
    pub(super) fn of(fused: &Fused) -> Self {
        Self(Arc::clone(fused.slab()))
    }
}

impl Source for OpenSpans {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter(&metric::SPANS_REFUSED, &[], self.0.refused());
    }
}
