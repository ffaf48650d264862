//! Log records by gRPC.

use obs_logs::Otlp;

#[expect(clippy::unnecessary_wraps, reason = "where it is not built in there is none")]
pub(super) fn chosen(otlp: Otlp) -> Result<Otlp, String> {
    Ok(otlp.grpc())
}
