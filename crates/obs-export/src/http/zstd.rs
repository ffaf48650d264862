//! Bodies as zstd, for receivers that say they read it.

use std::io::{self, Write};

use bytes::Bytes;
use zstd::stream::write::Encoder;

/// What zstd itself takes by default: of telemetry a fifth less than gzip at its fastest, in less time.
const LEVEL: i32 = 3;

pub(super) fn compress(parts: &[Bytes]) -> io::Result<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
    for part in parts {
        encoder.write_all(part)?;
    }
    encoder.finish()
}
