//! Bodies as gzip, for receivers that say they read it.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
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
