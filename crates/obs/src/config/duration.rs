//! Durations as an operator writes them: a whole number and its unit.

use std::fmt;
use std::time::Duration;

const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// `500ms`, `2s`, `1m` or `24h`; nothing else is one.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, millis) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
}

/// Writes a duration so that [`parse`] reads it again, to the millisecond.
pub(super) struct Shown(pub(super) Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        // A single minute reads better in seconds.
        let fits = |name, unit: u128| millis.is_multiple_of(unit) && (name != "m" || millis >= 2 * unit);
        let unit = UNITS.into_iter().rev().find(|(name, unit)| millis > 0 && fits(*name, u128::from(*unit)));
        let (name, unit) = unit.unwrap_or(UNITS[1]);
        write!(f, "{}{name}", millis / u128::from(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, millis) in
            [("0s", 0), ("1ms", 1), ("500ms", 500), ("1s", 1_000), ("60s", 60_000), ("90s", 90_000)]
        {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(text), Some(duration), "{text}");
            assert_eq!(Shown(duration).to_string(), text);
        }
        for (hours, text) in [(1, "1h"), (24, "24h")] {
            assert_eq!(Shown(Duration::from_secs(hours * 3_600)).to_string(), text);
        }
        assert_eq!(parse("2m"), Some(Duration::from_secs(120)));
    }

    #[test]
    fn nothing_else_is_a_duration() {
        for text in ["", "s", "1", "1.5s", "-1s", "1 s", "1S", "1d", "1m30s", "1us", "18446744073709551615h"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
