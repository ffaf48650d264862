//! No requests as zstd: it is not built in.

use obs_export::http::Encoding;

/// Says so.
pub(super) fn encoding() -> Result<Encoding, &'static str> {
    Err("`zstd` is not built in: it needs the feature `zstd`")
}
