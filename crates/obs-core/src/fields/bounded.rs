//! A text that takes no more than it has room for.

use std::fmt;

/// Writes onto the end of a text until that is `most` bytes long, then refuses, so that a value whose `Debug` is
/// endless costs no more memory than one that just fits. What is refused is cut at the end of a character.
#[derive(Debug)]
pub struct Bounded<'a> {
    text: &'a mut String,
    most: usize,
    cut: bool,
}

impl<'a> Bounded<'a> {
    /// Writes onto the end of `text`, up to `most` bytes in all.
    pub fn new(text: &'a mut String, most: usize) -> Self {
        Self { text, most, cut: false }
    }

    /// Whether anything was refused.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    #[cold]
    fn write_carefully(&mut self, part: &str) -> fmt::Result {
        // What comes after a gap must not look as if it followed.
        if self.cut {
            return Err(fmt::Error);
        }
        let room = self.most.saturating_sub(self.text.len());
        let mut end = part.len().min(room);
        while !part.is_char_boundary(end) {
            end -= 1;
        }
        let kept = &part[..end];
        if kept.len() > self.text.capacity() - self.text.len() {
            // As a text grows by itself, but not beyond the bound.
            let double = (self.text.capacity() * 2).min(self.most).saturating_sub(self.text.len());
            self.text.reserve_exact(double.max(kept.len()));
        }
        self.text.push_str(kept);
        self.cut = end < part.len();
        if self.cut { Err(fmt::Error) } else { Ok(()) }
    }
}

impl fmt::Write for Bounded<'_> {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        // Below half of the bound the text may grow as it likes.
        if self.cut || self.text.len() + part.len() > self.most / 2 {
            return self.write_carefully(part);
        }
        self.text.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn what_fits_is_kept_and_nothing_follows_a_gap() {
        let mut text = String::from("ab");
        let mut bounded = Bounded::new(&mut text, 6);
        bounded.write_str("é").unwrap();
        assert!(!bounded.is_cut());
        bounded.write_str("xéé").unwrap_err();
        bounded.write_str("y").unwrap_err();
        assert!(bounded.is_cut());
        assert_eq!(text, "abéx");
    }

    #[test]
    fn exactly_full_is_not_cut() {
        let mut text = String::new();
        let mut bounded = Bounded::new(&mut text, 3);
        bounded.write_str("abc").unwrap();
        bounded.write_str("").unwrap();
        assert!(!bounded.is_cut());
        bounded.write_str("d").unwrap_err();
        assert_eq!(text, "abc");
    }

    #[test]
    fn memory_grows_in_few_steps_and_never_beyond_the_bound() {
        let mut text = String::new();
        let (mut steps, mut capacity) = (0, 0);
        let mut bounded = Bounded::new(&mut text, 10_000);
        while bounded.write_str("0123456").is_ok() {
            steps += u32::from(bounded.text.capacity() != capacity);
            capacity = bounded.text.capacity();
        }
        assert!(steps < 20 && capacity <= 10_000, "{steps} {capacity}");
    }
}
