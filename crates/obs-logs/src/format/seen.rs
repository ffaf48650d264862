//! The value a field had last, where it was found to hold no secret: a text that never changes is judged once.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use obs_core::redact::Rules;

/// The most bytes of a text that is remembered.
const LONGEST: usize = 32;

/// The last text without a secret, of one call site on one thread. Atomic only because lines of our own, which remember
/// none, share what they know of themselves.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    len: AtomicUsize,
    words: [AtomicU64; LONGEST / 8],
}

impl Seen {
    /// Whether `text` holds no secret at first sight.
    #[inline(always)]
    pub(crate) fn is_clean(&self, text: &[u8], rules: &Rules) -> bool {
        text.len() < 8 || self.knows(text) || self.look(text, rules)
    }

    #[inline(always)]
    fn knows(&self, text: &[u8]) -> bool {
        let is = |(word, known): (u64, &AtomicU64)| word == known.load(Relaxed);
        text.len() == self.len.load(Relaxed) && words(text).into_iter().zip(&self.words).all(is)
    }

    /// Notes a text in which no secret was found, however much it looked like one at first sight.
    pub(crate) fn keep(&self, text: &[u8]) {
        // What has a backslash may stand escaped for another text, and unescaped for itself.
        if (8..=LONGEST).contains(&text.len()) && !text.contains(&b'\\') {
            self.note(text);
        }
    }

    #[inline(never)]
    fn look(&self, text: &[u8], rules: &Rules) -> bool {
        if rules.is_suspicious(text) {
            return false;
        }
        if text.len() <= LONGEST {
            self.note(text);
        }
        true
    }

    fn note(&self, text: &[u8]) {
        self.len.store(text.len(), Relaxed);
        self.words.iter().zip(words(text)).for_each(|(word, new)| word.store(new, Relaxed));
    }
}

/// A text of 8 to 32 bytes, as words that overlap.
#[inline(always)]
fn words(text: &[u8]) -> [u64; LONGEST / 8] {
    let word = |at: usize| {
        text.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let last = text.len().saturating_sub(8);
    // The second and third stand where the first and last leave a gap.
    [word(0), word(last.min(8)), word(last.saturating_sub(8)), word(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_text_is_known() {
        for len in 0..40 {
            let (seen, clean) = (Seen::default(), vec![b'x'; len]);
            assert!(seen.is_clean(&clean, Rules::STANDARD) && seen.is_clean(&clean, Rules::STANDARD));
            for at in 0..len {
                let mut other = clean.clone();
                other[at] = b'=';
                // A sign that ends a text has nothing behind it, and short texts hold nothing.
                let is_clean = len < 8 || len > 16 && at + 1 == len;
                assert_eq!(seen.is_clean(&other, Rules::STANDARD), is_clean, "{at} of {len}");
                assert!(seen.is_clean(&clean, Rules::STANDARD));
            }
        }
    }
}
