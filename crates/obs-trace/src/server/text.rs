//! Short texts put together on the stack.

use std::fmt;

/// At most `N` bytes; what does not fit is cut at the end of a character.
pub(super) struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    pub(super) fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    pub(super) fn push(&mut self, text: &str) {
        let text = cut(text, N - self.len);
        self.bytes[self.len..self.len + text.len()].copy_from_slice(text.as_bytes());
        self.len += text.len();
    }

    /// One character below 128; others are left out.
    pub(super) fn push_ascii(&mut self, byte: u8) {
        if byte.is_ascii()
            && let Some(slot) = self.bytes.get_mut(self.len)
        {
            *slot = byte;
            self.len += 1;
        }
    }

    pub(super) fn as_str(&self) -> &str {
        // Only whole characters were copied, so the fallback is never taken.
        str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// `text` up to `max` bytes, at the end of a character.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_does_not_fit_is_cut_at_a_character() {
        let mut text = Text::<6>::new();
        text.push("GET ");
        text.push("aéé");
        assert_eq!(text.as_str(), "GET a");
        text.push("b");
        assert_eq!(text.as_str(), "GET ab");
        text.push("c");
        assert_eq!(text.as_str(), "GET ab");
        assert_eq!(cut("é", 1), "");
    }
}
