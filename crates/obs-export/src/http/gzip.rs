//! Bodies as gzip, for receivers that say they read it.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, HeaderValue};

use super::Call;

impl Call {
    /// Compresses the body it has now, and says so. A body that cannot be compressed is sent as it is.
    pub fn gzip(mut self) -> Self {
        let Ok(body) = compress(&self.parts) else { return self };
        self.parts = [Bytes::new(), body.into(), Bytes::new()];
        self.header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
    }
}

fn compress(parts: &[Bytes]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        encoder.write_all(part)?;
    }
    encoder.finish()
}
