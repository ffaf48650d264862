//! What spans and log records have in common on their way to a collector.

#[cfg_attr(not(feature = "zstd"), path = "no_zstd.rs")]
mod zstd;

use obs_export::http::{Encoding, Endpoint};

use crate::config::{OtlpCompression, OtlpProtocol};

/// The encoding that is chosen.
///
/// # Errors
/// One that is not built in, in words.
pub(super) fn encoding(compression: OtlpCompression) -> Result<Encoding, &'static str> {
    match compression {
        OtlpCompression::None => Ok(Encoding::Plain),
        OtlpCompression::Gzip => Ok(Encoding::Gzip),
        OtlpCompression::Zstd => zstd::encoding(),
    }
}

/// What is wrong with a path where gRPC is spoken, which has paths of its own. `ours` is what may stand there all the same.
pub(super) fn path_fault(
    endpoint: &Endpoint,
    protocol: OtlpProtocol,
    ours: &'static str,
) -> Option<&'static str> {
    let path = endpoint.path().trim_end_matches('/');
    let has_own = protocol == OtlpProtocol::Grpc && !path.is_empty() && path != ours;
    has_own.then_some("has a path, and gRPC goes to a server alone")
}
