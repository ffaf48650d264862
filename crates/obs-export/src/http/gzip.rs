//! Bodies as gzip, for receivers that say they read it.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
#[cfg(feature = "grpc")]
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{Call, Encoding};

impl Call {
    /// Compresses the body it has now, and says so. A body that cannot be compressed is sent as it is.
    pub fn gzip(self) -> Self {
        Encoding::Gzip.encode(self)
    }
}

pub(super) fn compress(parts: &[Bytes]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        encoder.write_all(part)?;
    }
    encoder.finish()
}

/// What it was before; nothing where it is none, or would be longer than `most`.
#[cfg(feature = "grpc")]
pub(super) fn decompress(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    super::encoding::at_most(GzDecoder::new(bytes), most)
}
