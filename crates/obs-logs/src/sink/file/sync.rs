//! When what was written is made to survive a crash of the machine.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use obs_core::Clock;
use obs_core::time::Monotonic;

/// When lines are brought to the disk itself (`fdatasync`); until then a crash of the machine, not one of the process,
/// may lose them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// When the operating system sees fit.
    #[default]
    Never,
    /// With each batch of lines, before it counts as delivered.
    EachBatch,
    /// This long after the first line that is not on the disk yet, at the latest.
    Every(Duration),
}

/// Keeps count of what is not on the disk.
#[derive(Debug)]
pub(super) struct Syncing {
    policy: Sync,
    clock: Clock,
    /// Since when something is not on the disk.
    dirty: Option<Monotonic>,
    /// Whether something could not be brought there, and nobody has asked since. The disk would not say so twice.
    failed: bool,
}

impl Syncing {
    pub(super) fn new(policy: Sync, clock: Clock) -> Self {
        Self { policy, clock, dirty: None, failed: false }
    }

    /// Something was written.
    pub(super) fn note(&mut self) {
        if self.is_wanted() && self.dirty.is_none() {
            self.dirty = Some(self.clock.monotonic());
        }
    }

    /// All is on the disk, or was tried.
    pub(super) fn done(&mut self, is_there: bool) {
        self.dirty = None;
        self.failed |= !is_there;
    }

    /// Whether anything since this was asked before is not on the disk although it was tried.
    pub(super) fn take_failed(&mut self) -> bool {
        std::mem::take(&mut self.failed)
    }

    /// Whether something is not on the disk that should be at the end of a file.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty.is_some()
    }

    /// Whether names are to be on the disk too.
    pub(super) fn is_wanted(&self) -> bool {
        self.policy != Sync::Never
    }

    /// Whether a batch has to wait for the disk.
    pub(super) fn is_each_batch(&self) -> bool {
        self.policy == Sync::EachBatch
    }

    /// How long there is time still; zero where it is due.
    pub(super) fn left(&self) -> Option<Duration> {
        let since = self.dirty?;
        let Sync::Every(interval) = self.policy else { return None };
        Some(interval.saturating_sub(self.clock.monotonic().since(since)))
    }
}

/// Has the names in the directory of `path` survive a crash of the machine, where that can be had.
pub(super) fn sync_directory(path: &Path) {
    if cfg!(unix)
        && let Some(directory) = path.parent()
    {
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
}
