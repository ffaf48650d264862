//! Spans by gRPC.

use obs_trace::otlp::Settings;

/// What is chosen where it cannot be.
pub(super) const MISSING: Option<&str> = None;

pub(super) fn chosen(settings: Settings) -> Settings {
    settings.grpc()
}
