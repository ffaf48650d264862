//! A family: what all series of one name have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Key;
use obs_core::keys::Kind;
use obs_core::time::Monotonic;
use obs_core::{Clock, Timestamp};

use crate::declare::Values;
use crate::error::Rejection;
use crate::series::{Arena, Slots};
use crate::text::TOTAL;

/// How many nanoseconds a stamp counts in one: a tenth of a second.
const STAMP_NANOS: u64 = 100_000_000;

/// What all series of one recorder share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) arena: Arena,
    pub(crate) slots: Slots,
    pub(crate) exemplars: bool,
    clock: Clock,
    began: Timestamp,
    began_monotonic: Monotonic,
    rejected: [AtomicU64; Rejection::ALL.len()],
}

impl Shared {
    pub(crate) fn new(exemplars: bool, clock: Clock) -> Self {
        let (began, began_monotonic) = (clock.now(), clock.monotonic());
        let (arena, slots) = (Arena::new(), Slots::new());
        Self { arena, slots, exemplars, clock, began, began_monotonic, rejected: Default::default() }
    }

    /// The time now as series note it: tenths of a second since the recorder began, enough for thirteen years, whatever
    /// becomes of the calendar's clock meanwhile.
    pub(crate) fn stamp(&self) -> u32 {
        let since = self.clock.monotonic().since(self.began_monotonic).as_nanos();
        u32::try_from(since / u128::from(STAMP_NANOS)).unwrap_or(u32::MAX)
    }

    /// Milliseconds since the Unix epoch at a stamp.
    pub(crate) fn stamp_millis(&self, stamp: u32) -> u64 {
        (self.began.unix_nanos() + u64::from(stamp) * STAMP_NANOS) / 1_000_000
    }

    #[cold]
    pub(crate) fn reject(&self, rejection: Rejection) {
        self.rejected[rejection as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Every reason that occurred, and how often.
    pub(crate) fn rejected(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Rejection::ALL
            .into_iter()
            .map(|reason| (reason.as_str(), self.rejected[reason as usize].load(Ordering::Relaxed)))
            .filter(|&(_, count)| count > 0)
    }
}

/// Name, type, label names and bounds: fixed by the first registration.
#[derive(Debug)]
pub(crate) struct Family {
    /// Without `_total`.
    pub(crate) name: Box<str>,
    pub(crate) kind: Kind,
    /// In the order in which every series writes them.
    pub(crate) labels: Box<[Box<str>]>,
    /// What its labels may be, where it was declared.
    pub(crate) values: Values,
    /// Upper bounds without `+Inf`; empty but for histograms.
    pub(crate) bounds: Box<[f64]>,
    /// Whether its series have native buckets too.
    pub(crate) native: bool,
    pub(crate) shared: Arc<Shared>,
    /// Registrations that went to the overflow series.
    pub(crate) overflowed: AtomicU64,
}

impl Family {
    /// The name its samples carry, but for the endings of histograms.
    pub(crate) fn sample_name(&self) -> String {
        match self.kind {
            Kind::Counter => format!("{}{TOTAL}", self.name),
            _ => self.name.to_string(),
        }
    }

    /// Whether `key` is, in whatever order, the series of this family with the labels `text`, which must be plain:
    /// without a backslash, so that what is written is the value itself. A value with a quote in it could be made to pass
    /// for the end of one and the beginning of the next: whoever asks has compared a hash of all 64 bits, or has seen that
    /// there is none.
    #[inline]
    pub(crate) fn is(&self, key: &Key, text: &[u8]) -> bool {
        let labels = key.labels();
        if labels.len() != self.labels.len() || !self.is_named(key.name()) {
            return false;
        }
        let labels = labels.as_slice();
        // The text was rendered in the order of our labels: `name="value",name="value"`.
        let mut at = 0;
        for (position, name) in self.labels.iter().enumerate() {
            // Nearly always in the order of the first registration.
            let label = match &labels[position] {
                label if is_spelt(label.key(), name, "") => label,
                _ => match labels.iter().find(|label| is_spelt(label.key(), name, "")) {
                    Some(label) => label,
                    None => return false,
                },
            };
            match past(text, at, name, label.value().as_bytes()) {
                Some(next) => at = next,
                None => return false,
            }
        }
        is_end(text, at)
    }

    /// Whether `text`, which must be plain, is rendered of these values in the order of the labels; with values as in
    /// [`Family::is`].
    #[inline]
    pub(crate) fn has<'a>(&self, values: impl Iterator<Item = &'a [u8]>, text: &[u8]) -> bool {
        let mut at = 0;
        for (name, value) in self.labels.iter().zip(values) {
            match past(text, at, name, value) {
                Some(next) => at = next,
                None => return false,
            }
        }
        is_end(text, at)
    }
}

/// Where the next label begins, if at `at` there is one with this value; its name is not looked at.
#[inline]
fn past(text: &[u8], at: usize, name: &str, value: &[u8]) -> Option<usize> {
    let from = at + name.len() + 2;
    let to = from + value.len();
    (to < text.len() && text[to] == b'"' && same(&text[from..to], value)).then_some(to + 2)
}

/// One past the quote that ends the text, and one more for the comma that is not there.
#[inline]
fn is_end(text: &[u8], at: usize) -> bool {
    at == text.len() + 1 || at == 0 && text.is_empty()
}

/// Equality without a call: names and values are short. The last word is compared whole, with bytes that were compared
/// before.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_last), Some(b_last)) => {
            let (a_words, b_words) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
            a_last == b_last && a_words.iter().zip(b_words).all(|(a, b)| a == b)
        }
        _ => match (a.first_chunk::<4>(), a.last_chunk::<4>(), b.first_chunk::<4>(), b.last_chunk::<4>()) {
            (Some(a_first), Some(a_last), Some(b_first), Some(b_last)) => {
                a_first == b_first && a_last == b_last
            }
            _ => a.iter().zip(b).all(|(a, b)| a == b),
        },
    }
}

impl Family {
    #[inline]
    fn is_named(&self, name: &str) -> bool {
        let total = self.kind == Kind::Counter && name.len() > self.name.len();
        is_spelt(name, &self.name, if total { TOTAL } else { "" })
    }
}

/// Whether `raw`, once sanitised, is `name` followed by `suffix`, both of which are ASCII.
#[inline]
fn is_spelt(raw: &str, name: &str, suffix: &str) -> bool {
    let (raw_bytes, len) = (raw.as_bytes(), name.len());
    if raw_bytes.len() == len + suffix.len()
        && same(&raw_bytes[..len], name.as_bytes())
        && same(&raw_bytes[len..], suffix.as_bytes())
    {
        return true;
    }
    is_sanitised(raw, name, suffix)
}

#[cold]
fn is_sanitised(raw: &str, name: &str, suffix: &str) -> bool {
    let mut written = name.bytes().chain(suffix.bytes());
    raw.chars().enumerate().all(|(at, char)| {
        let stays = char.is_ascii_alphabetic() || char == ':' || at > 0 && char.is_ascii_digit();
        // What is written under `_` may be anything that cannot stand there; a colon can in names, not in labels.
        match written.next() {
            Some(b'_') => !stays || char == ':' && suffix.is_empty(),
            Some(byte) => stays && char == char::from(byte),
            None => false,
        }
    }) && written.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_any_order_and_only_with_exactly_its_labels() {
        let family = Family {
            name: "x".into(),
            kind: Kind::Counter,
            labels: ["a".into(), "b".into()].into(),
            values: Values::default(),
            bounds: [].into(),
            native: false,
            shared: Arc::new(Shared::new(true, Clock::system())),
            overflowed: AtomicU64::new(0),
        };
        let is = |name: &'static str, labels: &[(&'static str, &'static str)], text: &str| {
            family.is(&Key::from_parts(name, labels), text.as_bytes())
        };
        let text = r#"a="1",b="2""#;
        assert!(is("x", &[("a", "1"), ("b", "2")], text));
        assert!(is("x_total", &[("b", "2"), ("a", "1")], text));
        assert!(!is("y", &[("a", "1"), ("b", "2")], text));
        assert!(!is("x", &[("a", "1")], text));
        assert!(!is("x", &[("a", "1"), ("c", "2")], text));
        assert!(!is("x", &[("a", "1"), ("b", "22")], text));
        assert!(!is("x", &[("a", "1"), ("b", "")], text));
        assert!(!is("x", &[("a", "1"), ("b", "2")], r#"a="1",b="2\"""#));
        assert!(is("x-total", &[("a", "1"), ("b", "2")], text));
        assert!(!is("x.totals", &[("a", "1"), ("b", "2")], text));
    }
}
