//! The share of trace ids that is recorded, by the arithmetic the OpenTelemetry SDKs agree on.

use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::TraceId;

use super::SamplerError;

/// `TraceIdRatioBased` of the OpenTelemetry SDKs: the last 8 bytes of the trace id, big-endian, without their lowest
/// bit, are compared with the share of 2^63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio(u64);

const WHOLE: u64 = 1 << 63;

impl Ratio {
    pub(crate) const ALL: Self = Self(WHOLE);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn new(share: f64) -> Result<Self, SamplerError> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self((share * WHOLE as f64) as u64))
        } else {
            Err(SamplerError::BadRatio)
        }
    }

    pub(crate) fn contains(self, trace_id: TraceId) -> bool {
        (trace_id.get() as u64) >> 1 < self.0
    }

    /// As [`Ratio::contains`], of ids in another order, so that what another share has left out is not left out here too.
    pub(crate) fn contains_mixed(self, trace_id: TraceId) -> bool {
        // Odd, so that no two ids become one: the golden ratio's part of 2^64.
        (trace_id.get() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1 < self.0
    }

    /// At most 2^63.
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn share(self) -> f64 {
        self.0 as f64 / WHOLE as f64
    }
}

/// A ratio that may be swapped while others decide by it.
#[derive(Debug)]
pub(crate) struct Share(AtomicU64);

impl Share {
    pub(crate) const fn new(ratio: Ratio) -> Self {
        Self(AtomicU64::new(ratio.0))
    }

    #[inline]
    pub(crate) fn get(&self) -> Ratio {
        // Relaxed: the number stands for nothing but itself.
        Ratio(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, ratio: Ratio) {
        self.0.store(ratio.0, Ordering::Relaxed);
    }
}
