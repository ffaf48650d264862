//! The service with no telemetry at all: what everything else is compared with.

use super::{Stack, Surroundings};
use axum::Router;

/// The service as it is.
#[expect(clippy::unnecessary_wraps, reason = "stacks share one signature")]
pub(crate) fn build(service: Router, _: &Surroundings) -> Result<Stack, String> {
    Ok(Stack { app: service, metrics: None, flush: Box::new(|| ()), shutdown: Box::new(|| ()) })
}
