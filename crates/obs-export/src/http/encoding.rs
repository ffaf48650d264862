//! How bodies are compressed on their way.

#[cfg(feature = "snappy")]
use bytes::Bytes;

use super::Call;

/// How the bodies of a [`Post`](super::Post) are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// As they are.
    #[default]
    Plain,
    /// As gzip, and said so by `content-encoding`.
    #[cfg(feature = "gzip")]
    Gzip,
    /// As one block of snappy without a frame, and not said so: what remote write and Loki take with protobuf.
    #[cfg(feature = "snappy")]
    Snappy,
}

impl Encoding {
    /// The call with its body compressed; one that cannot be is left as it is.
    pub fn encode(self, call: Call) -> Call {
        match self {
            Self::Plain => call,
            #[cfg(feature = "gzip")]
            Self::Gzip => call.gzip(),
            #[cfg(feature = "snappy")]
            Self::Snappy => {
                let mut call = call;
                if let Ok(block) = snap::raw::Encoder::new().compress_vec(&call.parts.concat()) {
                    call.parts = [Bytes::new(), block.into(), Bytes::new()];
                }
                call
            }
        }
    }
}
