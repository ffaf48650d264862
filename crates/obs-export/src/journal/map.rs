//! The one unsafe call: a file as memory.

use std::fs::File;
use std::io;

use memmap2::{MmapMut, MmapOptions};

/// The bytes of a segment. What is stored in it is in the file as far as this machine is concerned, whatever becomes of
/// the process.
#[derive(Debug)]
pub(super) struct Map(MmapMut);

impl Map {
    /// Maps the first `bytes` of a file, all of which have been written.
    #[expect(unsafe_code, reason = "a write per record costs more than all the rest of a log call")]
    pub(super) fn new(file: &File, bytes: usize) -> io::Result<Self> {
        let mut options = MmapOptions::new();
        options.len(bytes);
        // SAFETY: the file is a segment in a directory that this journal has locked for itself, and is as long as the
        // map, with all its blocks written. Only one map of it is in use, by the writer, which alone stores to it and
        // never reads from it; others read the file by system calls. It is neither cut nor removed while it is mapped
        // by the writer. A process that ignores the lock and cuts the file ends this one by a signal (SIGBUS), as the
        // documentation says.
        let map = unsafe { options.map_mut(file) }?;
        Ok(Self(map))
    }

    /// Has the kernel make all pages writable now, so that nobody has to wait for it record by record. Where it cannot,
    /// that is merely slower.
    pub(super) fn populate(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.0.advise(memmap2::Advice::PopulateWrite);
    }

    #[inline]
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
