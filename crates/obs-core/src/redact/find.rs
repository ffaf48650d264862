//! Walks a text from sign to sign and asks, at each, whether a secret stands there.

use std::iter::FusedIterator;
use std::ops::Range;

use super::{Rules, card, key_before, suspicion, token, url, value};

/// How a text was escaped before it is looked into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escapes {
    /// Not at all: it is the text itself.
    #[default]
    None,
    /// As inside of a JSON string: `\"`, `\\`, `\n`, `\u001b`. What is found begins and ends between escapes.
    Json,
}

/// The secrets of a text, from front to back, as ranges of bytes. Made by [`find`](super::find) and [`Rules::find_in`].
#[derive(Clone, Debug)]
pub struct Findings<'a> {
    scan: Scan<'a>,
    at: usize,
    urls: url::Ahead,
}

/// A text and by which rules it is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a> {
    pub(super) text: &'a [u8],
    pub(super) escapes: Escapes,
    pub(super) rules: &'a Rules,
    /// Where the last secret ended: nothing in front of it is looked at again.
    pub(super) floor: usize,
}

/// What stands at a sign.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// No secret up to here.
    Clean(usize),
    /// A secret.
    Secret(Range<usize>),
}

impl<'a> Findings<'a> {
    pub(super) fn new(rules: &'a Rules, text: &'a [u8], escapes: Escapes) -> Self {
        let is_asked = text.len() >= suspicion::SHORTEST && rules.has_patterns();
        let at = if is_asked { 0 } else { text.len() };
        Self { scan: Scan { text, escapes, rules, floor: 0 }, at, urls: url::Ahead::default() }
    }
}

impl Iterator for Findings<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let text = self.scan.text;
        loop {
            let rest = text.get(self.at..)?;
            self.at += rest.iter().position(|&byte| MAY_BE_SIGN[usize::from(byte)])?;
            let found = match text[self.at] {
                b':' | b'=' => self.scan.at_separator(self.at, &mut self.urls),
                b'J' => token::json_web_token(text, self.at),
                b' ' if ends_scheme(text, self.at) => token::behind_scheme(text, self.at),
                b'0'..=b'9' => card::number(text, self.at),
                _ => Found::Nothing,
            };
            match found {
                Found::Nothing => self.at += 1,
                // Each step is at least one byte, or a mistake would never end.
                Found::Clean(end) => self.at = end.max(self.at + 1),
                Found::Secret(secret) => {
                    self.at = secret.end.max(self.at + 1);
                    self.scan.floor = secret.end;
                    return Some(secret);
                }
            }
        }
    }
}

/// Bytes at which something is asked.
const MAY_BE_SIGN: [bool; 256] = {
    let mut signs = [false; 256];
    let all = b":=J 0123456789";
    let mut at = 0;
    while at < all.len() {
        signs[all[at] as usize] = true;
        at += 1;
    }
    signs
};

/// Whether what stands before the space at `at` ends as `Bearer` and `Basic` do.
fn ends_scheme(text: &[u8], at: usize) -> bool {
    at > 0 && matches!(text[at - 1], b'r' | b'R' | b'c' | b'C')
}

impl FusedIterator for Findings<'_> {}

impl Scan<'_> {
    /// At `:` or `=`: of a URL, behind a key, or neither.
    fn at_separator(&self, at: usize, urls: &mut url::Ahead) -> Found {
        let is_colon = self.text[at] == b':';
        if is_colon {
            let next = self.text.get(at + 1);
            if next == Some(&b'/') && self.text.get(at + 2) == Some(&b'/') {
                return url::authority(self, at, urls);
            }
            // A path of the program: `token::parse`.
            if next == Some(&b':') {
                return Found::Clean(at + 2);
            }
        }
        match key_before::secret(self, at) {
            Some(key) => value::behind(self, at, &key),
            None => Found::Nothing,
        }
    }

    /// What stands at `at`, with its escape undone, and in how many bytes: white space of every kind is a space,
    /// other control characters an `x`.
    pub(super) fn unit(&self, at: usize) -> Option<(u8, usize)> {
        let byte = *self.text.get(at)?;
        if self.escapes == Escapes::Json && byte == b'\\' {
            let rest = self.text.get(at + 1..).unwrap_or_default();
            return Some(match rest {
                [escaped @ (b'\\' | b'"'), ..] => (*escaped, 2),
                [b'n' | b'r' | b't', ..] => (b' ', 2),
                [b'u', a, b, c, d, ..] => match [*a, *b, *c, *d] {
                    [b'0', b'0', b'0', b'b' | b'c']
                    | [b'0', b'0', b'8', b'5']
                    | [b'2', b'0', b'2', b'8' | b'9'] => (b' ', 6),
                    _ => (b'x', 6),
                },
                _ => (b'\\', 1),
            });
        }
        Some((if matches!(byte, b' ' | b'\t'..=b'\r') { b' ' } else { byte }, 1))
    }

    /// Whether a line ends at `at`.
    pub(super) fn is_line_end(&self, at: usize) -> bool {
        match self.text.get(at) {
            Some(b'\n' | b'\r') | None => true,
            Some(b'\\') => {
                self.escapes == Escapes::Json && matches!(self.text.get(at + 1), Some(b'n' | b'r'))
            }
            _ => false,
        }
    }

    /// How many backslashes of the text itself stand before the sign at `at`, and where the first of them is.
    pub(super) fn backslashes(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(self.floor..at).unwrap_or_default();
        let raw = before.iter().rev().take_while(|&&byte| byte == b'\\').count();
        if self.escapes == Escapes::None {
            return (raw, at - raw);
        }
        // A quote's own escape is one of them; the others stand in pairs for one each.
        let own = usize::from(self.text.get(at) == Some(&b'"')).min(raw);
        let count = (raw - own) / 2;
        (count, at - own - count * 2)
    }
}
