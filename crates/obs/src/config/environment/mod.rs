//! The environment, laid over what the code and the file chose: the only place that reads it.

mod outputs;
mod pairs;
mod propagators;
mod proxies;
mod standard;

use std::borrow::Cow;
use std::ffi::OsString;
use std::time::Duration;

use obs_core::propagate::Environment;

use super::LONGEST;
use super::draft::{Draft, Place, shown, wrong_word};
use super::key::{Form, Key, Kind, Value, keys};

/// Looks a variable up.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The process's own environment.
pub(super) fn process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// What the process that started this one has written to it of a trace.
pub(crate) fn inherited() -> Environment {
    Environment::read(|name| std::env::var_os(name))
}

/// Lays what the environment says over what is there.
pub(super) fn lay_over(draft: &mut Draft, lookup: Lookup<'_>) {
    let mut read = Reader { draft, lookup };
    // The list of attributes gives way to each variable of its own, as the OpenTelemetry specification has it for the
    // service's name; a switch goes before all.
    standard::attributes(&mut read);
    for key in keys() {
        for variable in key.variables {
            let value = match variable.form {
                Form::Same => read.same(variable.name, key.kind),
                Form::Millis => read.millis(variable.name, key.kind),
                Form::Special => None,
            };
            if let Some(value) = value {
                read.choose(key, value, variable.name);
            }
        }
    }
    standard::logs(&mut read);
    outputs::outputs(&mut read);
    standard::traces(&mut read);
    propagators::propagators(&mut read);
    proxies::proxies(&mut read);
}

/// Reads variables and gathers what is wrong with them. An empty variable is as good as none (OpenTelemetry
/// specification, "Environment Variables", general rules).
struct Reader<'d, 'l> {
    draft: &'d mut Draft,
    lookup: Lookup<'l>,
}

impl Reader<'_, '_> {
    fn raw(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        match self.raw(name)?.into_string() {
            Ok(text) => Some(text),
            Err(_) => {
                self.draft.fault(Place::Variable(name), "is not UTF-8");
                None
            }
        }
    }

    fn parsed<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(text.trim());
        if parsed.is_none() {
            // Lists of headers and attributes may hold secrets; their text is not repeated.
            let shown =
                if text.contains('=') { String::new() } else { format!("{} is wrong, ", shown(&text)) };
            self.draft.fault(Place::Variable(name), format!("{shown}expected {expected}"));
        }
        parsed
    }

    /// A list of headers or attributes, which may hold secrets: its text is not repeated.
    fn pairs(&mut self, name: &'static str) -> Option<Vec<(String, String)>> {
        let text = self.text(name)?;
        let parsed = pairs::pairs(text.trim());
        if parsed.is_none() {
            self.draft.fault(Place::Variable(name), "expected a list such as key=value,key=value");
        }
        parsed
    }

    /// A variable that says what the file would.
    fn same(&mut self, name: &'static str, kind: Kind) -> Option<Value> {
        match kind {
            Kind::Flag => self.flag(name).map(Value::Flag),
            Kind::Word(words) => self.word(name, words),
            // Directives and names are left as they are written.
            Kind::Text => self.text(name).map(Value::Text),
            kind => self.parsed(name, &kind.expected(), |text| kind.parse(text)),
        }
    }

    fn word(&mut self, name: &'static str, words: &'static [&'static str]) -> Option<Value> {
        let text = self.text(name)?;
        let value = Kind::Word(words).parse(&in_our_case(name, text.trim()));
        if value.is_none() {
            let what = wrong_word(text.trim(), words, &Kind::Word(words).expected());
            self.draft.fault(Place::Variable(name), what);
        }
        value
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.parsed(name, "`true` or `false`", |text| text.to_ascii_lowercase().parse().ok())
    }

    /// Of a time that has to be some, zero is no limit (OpenTelemetry specification, "Timeout" of the environment
    /// variables' types): the longest that the key takes.
    fn millis(&mut self, name: &'static str, kind: Kind) -> Option<Value> {
        let time = self.parsed(name, "whole milliseconds, at most one day", |text| {
            text.parse().ok().map(Duration::from_millis).filter(|duration| *duration <= LONGEST)
        });
        let time = match (time?, kind) {
            (Duration::ZERO, Kind::Time(least, most)) if !least.is_zero() => most,
            (time, _) => time,
        };
        Some(Value::Time(time))
    }

    fn choose(&mut self, key: &'static Key, value: Value, name: &'static str) {
        self.draft.choose(key, value, Place::Variable(name));
    }

    /// As [`Reader::choose`], for the key at `path`.
    fn choose_at(&mut self, path: &str, value: Value, name: &'static str) {
        if let Some(key) = Key::at(path) {
            self.choose(key, value, name);
        }
    }
}

/// A word as it is written here. Those of the specification are read in any case ("Environment Variables", enums).
fn in_our_case<'a>(name: &str, word: &'a str) -> Cow<'a, str> {
    if name.starts_with("OTEL_") { word.to_ascii_lowercase().into() } else { word.into() }
}

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;
