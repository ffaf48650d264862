//! No spans by gRPC: it is not built in.

use obs_trace::otlp::Settings;

/// What is chosen where it cannot be.
pub(super) const MISSING: Option<&str> = Some("`grpc` is not built in: it needs the feature `traces-grpc`");

/// Not asked for, since a mistake is told before.
pub(super) fn chosen(settings: Settings) -> Settings {
    settings
}
