//! What another configuration would change, and which of it can be taken up while the service runs.

use super::Config;
use super::key::{Reload, keys};

/// The keys at which two configurations differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Those that were taken up.
    pub(crate) taken_up: Vec<&'static str>,
    /// Those that need a restart.
    pub(crate) waiting: Vec<&'static str>,
}

impl Config {
    /// Takes up from `new` what can be taken up, and names everything that differs.
    pub(crate) fn take_up(&mut self, new: &Self) -> Changes {
        let mut changes = Changes::default();
        for key in keys() {
            let value = (key.get)(new);
            if value == (key.get)(self) {
                continue;
            }
            if key.reload != Reload::No {
                (key.set)(self, value.clone());
                match new.concealed.contains(key.path) {
                    true => self.concealed.insert(key.path.to_owned()),
                    false => self.concealed.remove(key.path),
                };
            }
            // Asked again, because a sampler that takes no share is not given one.
            let taken_up = (key.get)(self) == value;
            if taken_up { &mut changes.taken_up } else { &mut changes.waiting }.push(key.path);
        }
        changes
    }
}
