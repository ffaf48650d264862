//! How bodies are compressed on their way.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HeaderValue};

use super::Call;

/// How the bodies of a [`Post`](super::Post) are compressed. Over gRPC `grpc-encoding` says so, and snappy is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// As they are.
    #[default]
    Plain,
    /// As gzip, and said so by `content-encoding`.
    #[cfg(feature = "gzip")]
    Gzip,
    /// As zstd, and said so by `content-encoding`.
    #[cfg(feature = "zstd")]
    Zstd,
    /// As one block of snappy without a frame, and not said so: what remote write and Loki take with protobuf.
    #[cfg(feature = "snappy")]
    Snappy,
}

impl Encoding {
    /// The call with its body compressed; one that cannot be is left as it is.
    pub fn encode(self, mut call: Call) -> Call {
        let Some(body) = self.compress(&call.parts) else { return call };
        call.parts = [Bytes::new(), body.into(), Bytes::new()];
        match self.name() {
            Some(name) => call.header(CONTENT_ENCODING, HeaderValue::from_static(name)),
            None => call,
        }
    }

    /// What it is called in `content-encoding` and its like, where it is called anything.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            #[cfg(feature = "gzip")]
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
            #[cfg(feature = "snappy")]
            Self::Snappy => None,
        }
    }

    /// What was compressed as `name` says, at most so many bytes; nothing where that is not read here, or is broken.
    #[cfg(feature = "grpc")]
    pub(super) fn decompress(name: &[u8], bytes: &[u8], most: usize) -> Option<Vec<u8>> {
        match name {
            #[cfg(feature = "gzip")]
            b"gzip" => super::gzip::decompress(bytes, most),
            #[cfg(feature = "zstd")]
            b"zstd" => super::zstd::decompress(bytes, most),
            _ => {
                let _ = (bytes, most);
                None
            }
        }
    }

    /// What [`Encoding::decompress`] reads, as `grpc-accept-encoding` has it.
    #[cfg(feature = "grpc")]
    pub(super) const READ: &str = match (cfg!(feature = "gzip"), cfg!(feature = "zstd")) {
        (true, true) => "identity,gzip,zstd",
        (true, false) => "identity,gzip",
        (false, true) => "identity,zstd",
        (false, false) => "identity",
    };

    /// All parts as one body, unless it stays as it is.
    pub(super) fn compress(self, parts: &[Bytes]) -> Option<Vec<u8>> {
        match self {
            Self::Plain => {
                let _ = parts;
                None
            }
            #[cfg(feature = "gzip")]
            Self::Gzip => super::gzip::compress(parts).ok(),
            #[cfg(feature = "zstd")]
            Self::Zstd => super::zstd::compress(parts).ok(),
            #[cfg(feature = "snappy")]
            Self::Snappy => snap::raw::Encoder::new().compress_vec(&parts.concat()).ok(),
        }
    }
}

/// All that a reader gives, unless it fails or gives more than so many bytes.
#[cfg(all(feature = "grpc", any(feature = "gzip", feature = "zstd")))]
pub(super) fn at_most(reader: impl std::io::Read, most: usize) -> Option<Vec<u8>> {
    use std::io::Read as _;

    let mut read = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut read).ok()?;
    (read.len() <= most).then_some(read)
}
