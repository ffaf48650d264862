//! Readiness for one purpose: the checks that are critical for it, and no others.

use std::sync::Arc;

use obs_core::time::Monotonic;

use crate::entry::Entry;
use crate::report::Status;
use crate::settings::Importance;

/// Owned by the registry, which knows the checks; a group knows their names alone, as they may be registered after it.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) checks: Vec<String>,
}

impl Group {
    /// What readiness is judged by: each of its checks is critical, and one that is not registered is unknown.
    pub(crate) fn states<'a>(
        &'a self,
        checks: &'a [Arc<Entry>],
        now: Monotonic,
    ) -> impl Iterator<Item = (Importance, Status)> + 'a {
        self.checks.iter().map(move |name| {
            let entry = checks.iter().find(|entry| entry.name == *name);
            (Importance::Critical, entry.map_or(Status::Unknown, |entry| entry.status(now)))
        })
    }
}
