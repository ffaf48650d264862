//! The service with no telemetry at all: what everything else is compared with.

use super::{Service, Stack, Surroundings, plain};

/// The service as it is.
#[expect(clippy::unnecessary_wraps, reason = "stacks share one signature")]
pub(crate) fn build(service: Service, _: &Surroundings) -> Result<Stack, String> {
    Ok(Stack {
        app: service.router(plain()),
        metrics: None,
        flush: Box::new(|| ()),
        shutdown: Box::new(|| ()),
    })
}
