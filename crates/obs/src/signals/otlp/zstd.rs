//! Requests as zstd.

use obs_export::http::Encoding;

#[expect(clippy::unnecessary_wraps, reason = "where it is not built in there is none")]
pub(super) fn encoding() -> Result<Encoding, &'static str> {
    Ok(Encoding::Zstd)
}
