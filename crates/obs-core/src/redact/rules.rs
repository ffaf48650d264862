//! What counts as a secret in one installation.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::find::{Escapes, Findings};
use super::keys::{self, Words};
use super::{REDACTED, suspicion};

/// What counts as a secret; by default all that is known. Cheap to clone: one word, nothing where it is the default.
///
/// ```
/// use obs_core::redact::Rules;
///
/// let rules = Rules::new().secret_key("iban").plain_key("session_id");
/// assert_eq!(rules.redact("iban=DE02, session_id=7"), "iban=[redacted], session_id=7");
/// ```
#[derive(Clone, Default)]
pub struct Rules(Option<Arc<Own>>);

/// What differs from the default. Keys are in lower case with `_` between words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Own {
    secret: Vec<Box<[u8]>>,
    plain: Vec<Box<[u8]>>,
    no_patterns: bool,
}

impl Rules {
    /// Everything on and no keys of one's own, as a constant.
    pub const STANDARD: &'static Self = &Self(None);

    /// Everything on and no keys of one's own.
    pub const fn new() -> Self {
        Self(None)
    }

    fn own(mut self, change: impl FnOnce(&mut Own)) -> Self {
        change(Arc::make_mut(self.0.get_or_insert_default()));
        self
    }

    /// Also secret: keys that are, or end in, the words of `key`, written in any case and with any separators. Default
    /// none. Wins over [`Rules::plain_key`].
    #[must_use]
    pub fn secret_key(self, key: &str) -> Self {
        let words = Words::of(key.as_bytes()).as_slice().into();
        self.own(|own| own.secret.push(words))
    }

    /// Not secret, though it would be by default: keys that are, or end in, the words of `key`. Default none.
    #[must_use]
    pub fn plain_key(self, key: &str) -> Self {
        let words = Words::of(key.as_bytes()).as_slice().into();
        self.own(|own| own.plain.push(words))
    }

    /// Texts are not looked into, only keys are judged. Default: they are.
    #[must_use]
    pub fn without_patterns(self) -> Self {
        self.own(|own| own.no_patterns = true)
    }

    /// Whether these are the same rules, not only equal ones; cheap.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Whether a field, header or attribute of this name holds a secret.
    pub fn is_secret(&self, key: &str) -> bool {
        self.of_own(key.as_bytes()).unwrap_or_else(|| keys::is_secret(key))
    }

    /// [`Rules::is_secret`] for names in the program's text: mostly one look-up by address.
    #[inline]
    pub fn is_secret_static(&self, key: &'static str) -> bool {
        // Only the verdict by default is remembered, which is the same for all rules.
        self.of_own(key.as_bytes()).unwrap_or_else(|| keys::is_secret_static(key))
    }

    pub(super) fn are_secret(&self, words: &Words) -> bool {
        self.of_own_words(words).unwrap_or_else(|| words.are_secret())
    }

    #[inline]
    fn of_own(&self, key: &[u8]) -> Option<bool> {
        if self.0.is_none() { None } else { self.of_own_words(&Words::of(key)) }
    }

    fn of_own_words(&self, words: &Words) -> Option<bool> {
        let own = self.0.as_ref()?;
        let any = |keys: &[Box<[u8]>]| keys.iter().any(|key| !key.is_empty() && words.end_with(key));
        if any(&own.secret) {
            return Some(true);
        }
        any(&own.plain).then_some(false)
    }

    /// Whether texts are looked into.
    #[inline]
    pub fn has_patterns(&self) -> bool {
        self.0.as_ref().is_none_or(|own| !own.no_patterns)
    }

    /// Whether [`Rules::find`] may find anything in `text`: most texts are told apart within a few instructions.
    #[inline]
    pub fn is_suspicious(&self, text: &[u8]) -> bool {
        suspicion::is_suspicious(text) && self.has_patterns()
    }

    /// Where the secrets of a text are, from front to back.
    pub fn find<'a>(&'a self, text: &'a str) -> Findings<'a> {
        self.find_in(text.as_bytes(), Escapes::None)
    }

    /// As [`Rules::find`], in a text that may have been escaped already. What is not UTF-8 is no error.
    pub fn find_in<'a>(&'a self, text: &'a [u8], escapes: Escapes) -> Findings<'a> {
        Findings::new(self, text, escapes)
    }

    /// The text with [`REDACTED`] in place of its secrets. Copies nothing where there are none.
    #[inline]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_suspicious(text.as_bytes()) { self.replaced(text) } else { Cow::Borrowed(text) }
    }

    #[cold]
    fn replaced<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let (mut out, mut done) = (String::new(), 0);
        for secret in self.find(text) {
            out.push_str(text.get(done..secret.start).unwrap_or_default());
            out.push_str(REDACTED);
            done = secret.end;
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(out)
    }
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
            || self.0.as_deref().unwrap_or(&Own::default()) == other.0.as_deref().unwrap_or(&Own::default())
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |keys: &[Box<[u8]>]| -> Vec<String> {
            keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
        };
        let (secret, plain) =
            self.0.as_ref().map_or_else(Default::default, |own| (names(&own.secret), names(&own.plain)));
        f.debug_struct("Rules")
            .field("secret_keys", &secret)
            .field("plain_keys", &plain)
            .field("patterns", &self.has_patterns())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_ones_own_are_judged_by_whole_words_in_any_spelling() {
        let rules = Rules::new().secret_key("customerRef").plain_key("Session-Id").plain_key("customer_ref");
        for key in ["customer_ref", "CustomerRef", "x.customer-ref", "password"] {
            assert!(rules.is_secret(key), "{key}");
        }
        for key in ["session_id", "user.sessionId", "customer_reference", "ref"] {
            assert!(!rules.is_secret(key), "{key}");
        }
        assert!(Rules::new().is_secret("session_id") && !Rules::new().is_secret("customer_ref"));
    }

    #[test]
    fn rules_that_differ_do_not_share_a_verdict() {
        let rules = Rules::new().secret_key("iban").plain_key("token");
        for _ in 0..3 {
            assert!(rules.is_secret_static("iban") && !Rules::STANDARD.is_secret_static("iban"));
            assert!(!rules.is_secret_static("token") && Rules::STANDARD.is_secret_static("token"));
        }
    }

    #[test]
    fn without_patterns_texts_stay_and_keys_are_still_judged() {
        let rules = Rules::new().without_patterns();
        assert_eq!(rules.redact("password=hunter2"), "password=hunter2");
        assert!(rules.is_secret("password"));
    }

    #[test]
    fn a_key_without_a_word_makes_nothing_secret() {
        assert!(!Rules::new().secret_key("").is_secret("user"));
    }
}
