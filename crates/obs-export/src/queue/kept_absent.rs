//! Without the feature `journal` nothing survives the process.

use std::sync::MutexGuard;

use super::Shared;
use super::state::State;

/// There is none.
#[derive(Debug)]
pub(super) enum Kept {}

impl Kept {
    pub(super) fn pending(&self) -> (u64, usize) {
        match *self {}
    }
}

impl Shared {
    /// Is not called.
    pub(super) fn keep(&self, state: MutexGuard<'_, State>, _: &[u8], _: u8) {
        drop(state);
    }
}

/// Keeps nothing.
#[derive(Debug, Default)]
pub(super) struct Notes {}

impl Notes {
    pub(super) fn is_open(&self) -> bool {
        false
    }

    pub(super) fn write(&self, _: &[u8]) {}
}
