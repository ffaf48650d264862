//! The share of trace ids that is recorded, by the arithmetic the OpenTelemetry SDKs agree on.

use obs_core::TraceId;

use super::SamplerError;

/// `TraceIdRatioBased` of the OpenTelemetry SDKs: the last 8 bytes of the trace id, big-endian, without their lowest
/// bit, are compared with the share of 2^63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio(u64);

const WHOLE: u64 = 1 << 63;

impl Ratio {
    pub(super) const ALL: Self = Self(WHOLE);
    pub(super) const NONE: Self = Self(0);

    pub(super) fn new(share: f64) -> Result<Self, SamplerError> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self((share * WHOLE as f64) as u64))
        } else {
            Err(SamplerError::BadRatio)
        }
    }

    pub(super) fn contains(self, trace_id: TraceId) -> bool {
        (trace_id.get() as u64) >> 1 < self.0
    }

    pub(super) fn share(self) -> f64 {
        self.0 as f64 / WHOLE as f64
    }
}
