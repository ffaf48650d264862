//! Fields that set a part of the span instead of an attribute, named as tracing-opentelemetry names them.

use std::fmt;

use obs_core::fields::{Bounded, Value, guarded};
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
/// How much of a text is judged: more than is kept, so that a secret is seen whole before the text is cut.
const MOST_JUDGED: usize = MAX_TEXT + BEYOND;
const BEYOND: usize = 2 * 1_024;
/// Stands where a text was cut.
const CUT: &str = "…";

impl Special {
    /// Whether `key` is one of the special ones. All begin alike, so that other keys cost one comparison.
    #[inline]
    pub(super) fn is_key(key: &str) -> bool {
        key.starts_with("otel.") && Self::is_one(key)
    }

    fn is_one(key: &str) -> bool {
        [NAME, KIND, STATUS_CODE, STATUS_DESCRIPTION, STATUS_MESSAGE].contains(&key)
    }

    /// Takes the value of a special key; an unknown word changes nothing.
    pub(super) fn set(&mut self, key: &str, value: &str, rules: &Rules) {
        match key {
            NAME => self.name = Some(clean(value, rules)),
            KIND => self.kind = Kind::parse(value).or(self.kind),
            STATUS_CODE => self.code = self.code.max(Code::parse(value)),
            STATUS_DESCRIPTION | STATUS_MESSAGE => self.description = Some(clean(value, rules)),
            _ => {}
        }
    }

    /// As [`Special::set`] where `key` is a special one, and whether it is: then it is none of the span's attributes.
    #[inline]
    pub(super) fn take(&mut self, key: &str, value: Value<'_>, rules: &Rules) -> bool {
        match value {
            Value::Str(text) if Self::is_key(key) => {
                self.set(key, text, rules);
                true
            }
            _ => false,
        }
    }

    /// As [`Special::set`], with what `value` prints: that may be endless, and may panic.
    pub(super) fn set_debug(&mut self, key: &str, value: &dyn fmt::Debug, rules: &Rules) {
        let mut text = String::new();
        // More than is judged, so that what was cut here is seen to be.
        guarded(&mut Bounded::new(&mut text, MOST_JUDGED + 4), format_args!("{value:?}"));
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

/// `text` without its secrets, up to the bound.
pub(super) fn clean(text: &str, rules: &Rules) -> String {
    let judged = first(text, MOST_JUDGED);
    let clean = rules.redact(judged);
    if judged.len() == text.len() {
        return cut(&clean);
    }
    // With secrets out, what is kept could reach as far as where half of one may stand.
    marked(&clean, clean.len().saturating_sub(BEYOND))
}

/// A text without secrets up to the bound.
pub(super) fn cut(text: &str) -> String {
    if text.len() <= MAX_TEXT { text.to_owned() } else { marked(text, MAX_TEXT) }
}

fn marked(text: &str, most: usize) -> String {
    [first(text, most.min(MAX_TEXT - CUT.len())), CUT].concat()
}

/// The beginning of `text`, up to the end of a character.
fn first(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
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
        assert!(name.ends_with('…'), "{name}");
        special.set_debug(STATUS_DESCRIPTION, &Half, Rules::STANDARD);
        assert_eq!(special.description.as_deref(), Some("half[panicked]"));
        special.set_debug(STATUS_CODE, &format_args!("OK"), Rules::STANDARD);
        special.set_debug(KIND, &Half, Rules::STANDARD);
        assert_eq!((special.code, special.kind), (Some(Code::Ok), None));
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_text_is_cut() {
        let said = |text: &str| {
            let mut special = Special::default();
            special.set(NAME, text, Rules::STANDARD);
            special.set_debug(STATUS_DESCRIPTION, &format_args!("{text}"), Rules::STANDARD);
            [special.name.unwrap(), special.description.unwrap()]
        };
        let secret = "Bearer abcdef0123456789abcdef0123456789";
        for before in [MAX_TEXT - 20, MAX_TEXT - 1, MOST_JUDGED - 20, MOST_JUDGED - 1] {
            // Secrets in front of it make what is kept shorter than what was judged.
            for front in ["", &"token=abcdef0123456789abcdef0123456789 ".repeat(60)[..]] {
                let filled = "word ".repeat(before / 5);
                let text = format!(
                    "{front}{}{secret} {}",
                    &filled[front.len().min(filled.len())..],
                    "x ".repeat(3_000)
                );
                for said in said(&text) {
                    assert!(said.len() <= MAX_TEXT && said.ends_with('…'), "{said}");
                    assert!(!said.contains("abcd"), "{before}: {said}");
                }
            }
        }
        for length in [MAX_TEXT, MAX_TEXT + 1] {
            let [name, description] = said(&"x".repeat(length));
            assert_eq!((name.len(), &name), (MAX_TEXT, &description));
            assert_eq!(name.ends_with('…'), length > MAX_TEXT);
        }
    }
}
