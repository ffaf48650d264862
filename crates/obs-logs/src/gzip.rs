//! Whether closed files are compressed.

use crate::FileOutput;
use crate::sink::compress;

/// Whether closed files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// They stay as they are.
    #[default]
    Off,
    /// By gzip, on a thread of its own, one at a time; `.gz` is put behind their names.
    Gzip,
}

impl FileOutput {
    /// Whether closed files are compressed; default not.
    pub fn compress(mut self, compression: Compression) -> Self {
        self.compress = (compression == Compression::Gzip).then_some(compress as _);
        self
    }
}
