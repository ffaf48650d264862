//! The keys of `obs.yaml`: the one table that the reader, the variables, the printed form, the schema and the page
//! all go by.

mod kind;
mod table;
mod value;

use super::Config;

pub(super) use kind::{Kind, list};
pub(super) use table::keys;
pub(in crate::config) use value::TRACES_PATH;
pub(crate) use value::Value;

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// Its place in the file, such as `logs.level`.
    pub(super) path: &'static str,
    /// What may stand there.
    pub(super) kind: Kind,
    /// What holds where nothing is chosen, as the page says it.
    pub(super) default: &'static str,
    /// The variables that go before the file, the last one first of all.
    pub(super) variables: &'static [Variable],
    /// The setter of the builder that chooses the same in code.
    pub(super) setter: &'static str,
    /// Whether a change is taken up while the service runs.
    pub(super) reload: Reload,
    /// What it is, in one sentence or two.
    pub(super) doc: &'static str,
    /// What a configuration has there.
    pub(super) get: fn(&Config) -> Value,
    /// Puts a value of this kind there.
    pub(super) set: fn(&mut Config, Value),
}

/// One variable of the environment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) form: Form,
}

/// How a variable says what its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As the file does.
    Same,
    /// In whole milliseconds.
    Millis,
    /// In a way of its own, or about several keys.
    Special,
}

/// Whether a change is taken up while the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reload {
    /// At the next start.
    No,
    /// Yes.
    Yes,
    /// For histograms that are first seen from then on.
    NewHistograms,
}

impl Key {
    /// The key at `path`.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        keys().find(|key| key.path == path)
    }

    /// Its name within its section.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }
}

/// The names that stand under a section; of the whole file where `section` is empty. Each once, in order.
pub(super) fn names_under(section: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for key in keys() {
        let rest = match section {
            "" => Some(key.path),
            _ => key.path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')),
        };
        let Some(rest) = rest else { continue };
        let name = rest.split('.').next().unwrap_or(rest);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests;
