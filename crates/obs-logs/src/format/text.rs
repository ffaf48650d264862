//! Text as it is being made: bounded, escaped on the way, and safe from what a user's own code does meanwhile.

use std::fmt;

use super::Buffer;
use super::escape::{self, Style};

/// Ends a text that was cut.
pub(crate) const CUT: &str = "…";

/// Appends to a line, up to a limit.
pub(super) struct Text<'a> {
    pub(super) out: &'a mut Buffer,
    /// How long `out` may become, the mark of a cut apart.
    pub(super) limit: usize,
    pub(super) style: Style,
    /// Whether something did not fit.
    pub(super) cut: bool,
}

impl Text<'_> {
    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        if self.out.len() + text.len() > self.limit || !self.out.extend_clean(text.as_bytes()) {
            self.push_careful(text);
        }
    }

    #[cold]
    fn push_careful(&mut self, text: &str) {
        if !self.cut && self.out.len() + text.len() * escape::GROWTH <= self.limit {
            escape::push(self.out, text, self.style);
        } else if !self.cut {
            self.push_near_limit(text);
        }
    }

    fn push_near_limit(&mut self, mut text: &str) {
        while !text.is_empty() {
            // As much as fits whatever it is made of; plain text leaves room for the next round.
            let room = self.limit.saturating_sub(self.out.len()) / escape::GROWTH;
            let mut len = room.min(text.len());
            while !text.is_char_boundary(len) {
                len -= 1;
            }
            if len == 0 {
                // Nothing fits any more, also not by the short way.
                (self.cut, self.limit) = (true, 0);
                self.out.extend(CUT.as_bytes());
                return;
            }
            escape::push(self.out, &text[..len], self.style);
            text = &text[len..];
        }
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        // Tells a value of a gigabyte to stop printing.
        if self.cut { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fills_the_room_and_marks_the_cut() {
        for text in ["x".repeat(5_000), "é".repeat(5_000), "\u{1}".repeat(5_000), "🦀\"".repeat(2_000)] {
            let mut out = Buffer::new();
            let mut cut = Text { out: &mut out, limit: 1_000, style: Style::Quoted, cut: false };
            cut.push(&text);
            cut.push("never");
            assert!(cut.cut);
            let out = String::from_utf8(out.as_slice().to_vec()).unwrap();
            assert!(out.ends_with(CUT), "{out}");
            assert!((950..=1_000 + CUT.len()).contains(&out.len()), "{}", out.len());
        }
    }

    #[test]
    fn what_just_fits_is_not_cut() {
        let mut out = Buffer::new();
        let mut text = Text { out: &mut out, limit: 100, style: Style::Quoted, cut: false };
        text.push(&"x".repeat(94));
        assert!(!text.cut);
        assert_eq!(out.len(), 94);
    }
}
