//! Names that are kept once for the life of the process, and never more than a fixed number of them.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

/// At most `CAP` names of at most `MAX_LEN` bytes each.
pub(crate) struct Names<const CAP: usize, const MAX_LEN: usize>(OnceLock<Mutex<HashSet<&'static str>>>);

impl<const CAP: usize, const MAX_LEN: usize> Names<CAP, MAX_LEN> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The one copy of `name`; `None` where it is too long, or new and one too many.
    pub(crate) fn intern(&self, name: &str) -> Option<&'static str> {
        if name.len() > MAX_LEN {
            return None;
        }
        let mut all = self.0.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(name) {
            return Some(known);
        }
        if all.len() >= CAP {
            return None;
        }
        // Kept for the life of the process, at most CAP * MAX_LEN bytes.
        let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
        all.insert(kept);
        Some(kept)
    }
}
