//! Fields that set a part of the span instead of an attribute, named as tracing-opentelemetry names them.

use std::fmt;

use obs_core::fields::{Bounded, guarded};
use obs_core::redact::Rules;

use crate::record::Kind;

/// Replaces the span's name.
pub(super) const NAME: &str = "otel.name";
/// `server`, `client`, `producer`, `consumer` or `internal`.
pub(super) const KIND: &str = "otel.kind";
/// `ok`, which is final, `error`, or `unset`, which changes nothing.
pub(super) const STATUS_CODE: &str = "otel.status_code";
/// The description of an error; makes the status an error unless a code is given.
pub(super) const STATUS_DESCRIPTION: &str = "otel.status_description";
/// The name that tracing-opentelemetry had for it before 0.32.
pub(super) const STATUS_MESSAGE: &str = "otel.status_message";

/// What the special fields have said so far.
#[derive(Debug, Default)]
pub(super) struct Special {
    pub(super) name: Option<String>,
    pub(super) kind: Option<Kind>,
    pub(super) code: Option<Code>,
    pub(super) description: Option<String>,
}

/// In the order of the OpenTelemetry API ("Set Status"): a higher one replaces a lower one and never the other way
/// round, so that `ok` is final and `unset` changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    Unset,
    Error,
    Ok,
}

/// Texts above this length are cut: names and descriptions are no place for data.
const MAX_TEXT: usize = 1_024;

impl Special {
    /// Whether `key` is one of the special ones. All begin alike, so that other keys cost one comparison.
    pub(super) fn is_key(key: &str) -> bool {
        key.starts_with("otel.")
            && [NAME, KIND, STATUS_CODE, STATUS_DESCRIPTION, STATUS_MESSAGE].contains(&key)
    }

    /// Takes the value of a special key; an unknown word changes nothing.
    pub(super) fn set(&mut self, key: &str, value: &str, rules: &Rules) {
        match key {
            NAME => self.name = Some(cut(&rules.redact(value)).to_owned()),
            KIND => self.kind = Kind::parse(value).or(self.kind),
            STATUS_CODE => self.code = self.code.max(Code::parse(value)),
            STATUS_DESCRIPTION | STATUS_MESSAGE => {
                self.description = Some(cut(&rules.redact(value)).to_owned())
            }
            _ => {}
        }
    }

    /// As [`Special::set`], with what `value` prints: that may be endless, and may panic.
    pub(super) fn set_debug(&mut self, key: &str, value: &dyn fmt::Debug, rules: &Rules) {
        let mut text = String::new();
        guarded(&mut Bounded::new(&mut text, MAX_TEXT), format_args!("{value:?}"));
        self.set(key, &text, rules);
    }

    /// Takes over what `later` has said.
    pub(super) fn merge(&mut self, later: Self) {
        self.name = later.name.or(self.name.take());
        self.kind = later.kind.or(self.kind);
        self.code = self.code.max(later.code);
        self.description = later.description.or(self.description.take());
    }
}

impl Code {
    fn parse(text: &str) -> Option<Self> {
        let all = [("unset", Self::Unset), ("ok", Self::Ok), ("error", Self::Error)];
        all.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, code)| code)
    }
}

/// `text` up to the bound, at the end of a character.
pub(super) fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints one text for as long as it is taken, then panics.
    struct Endless(&'static str);

    impl fmt::Debug for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            while f.write_str(self.0).is_ok() {}
            panic!("no")
        }
    }

    struct Half;

    impl fmt::Debug for Half {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            panic!("no")
        }
    }

    #[test]
    fn what_a_value_prints_is_bounded_and_its_panic_goes_no_further() {
        let mut special = Special::default();
        special.set_debug(NAME, &Endless("é?"), Rules::STANDARD);
        let name = special.name.as_deref().unwrap();
        assert!(name.len() > MAX_TEXT - 4 && name.len() <= MAX_TEXT && name.starts_with("é?é?"), "{name}");
        special.set_debug(STATUS_DESCRIPTION, &Half, Rules::STANDARD);
        assert_eq!(special.description.as_deref(), Some("half[panicked]"));
        special.set_debug(STATUS_CODE, &format_args!("OK"), Rules::STANDARD);
        special.set_debug(KIND, &Half, Rules::STANDARD);
        assert_eq!((special.code, special.kind), (Some(Code::Ok), None));
    }
}
