//! What a sink notes of the records that it has in its hands.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::journal::Note;

/// The file of notes, where there is one. Used by the worker's thread alone.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    is_open: AtomicBool,
    /// The sequence of the first record that is being sent.
    first: AtomicU64,
    note: Mutex<Option<Note>>,
}

impl Notes {
    pub(super) fn open(&self, note: Note) {
        *self.note.lock().unwrap_or_else(PoisonError::into_inner) = Some(note);
        self.is_open.store(true, Ordering::Release);
    }

    pub(super) fn close(&self) -> Option<Note> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn begin(&self, first: u64) {
        self.first.store(first, Ordering::Relaxed);
    }

    /// Whether records survive the process.
    pub(in crate::queue) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    pub(in crate::queue) fn write(&self, bytes: &[u8]) {
        if !self.is_open() {
            return;
        }
        let mut note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = &mut *note {
            // Without it records may come once more, which is the promise that all sinks have.
            let _ = note.write(self.first.load(Ordering::Relaxed), bytes);
        }
    }
}
