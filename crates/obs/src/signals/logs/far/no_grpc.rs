//! No log records by gRPC: it is not built in.

use obs_logs::Otlp;

/// Says so.
pub(super) fn chosen(_: Otlp) -> Result<Otlp, String> {
    Err(String::from("its `protocol` `grpc` is not built in: it needs the feature `logs-ship-grpc`"))
}
