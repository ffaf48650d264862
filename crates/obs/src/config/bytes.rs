//! Sizes as an operator writes them: a whole number and its unit.

use std::fmt;

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TB", 1_000_000_000_000),
    ("TiB", 1 << 40),
];

/// `64KiB`, `8MiB` or `500MB`; nothing else is one, so that no unit is guessed.
pub(super) fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, bytes) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

/// Writes a size so that [`parse`] reads it again.
pub(super) struct Shown(pub(super) u64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, unit): &(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*unit);
        let (name, unit) = UNITS.into_iter().rev().find(fits).unwrap_or(UNITS[0]);
        write!(f, "{}{name}", self.0 / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, bytes) in [
            ("0B", 0),
            ("1B", 1),
            ("64KiB", 65_536),
            ("8MiB", 8_388_608),
            ("1GiB", 1_073_741_824),
            ("500MB", 500_000_000),
            ("1023B", 1_023),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
            assert_eq!(Shown(bytes).to_string(), text);
        }
    }

    #[test]
    fn nothing_else_is_a_size() {
        for text in ["", "1", "MiB", "1.5MiB", "-1KiB", "1 KiB", "1kib", "1M", "99999999999TiB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
