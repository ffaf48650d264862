//! `Retry-After`: how long the other side asks to be left alone.

use std::time::Duration;

use obs_core::Timestamp;

use super::date;

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date of which the past counts as now.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let date = date::parse(value)?;
    Some(Duration::from_nanos(date.unix_nanos().saturating_sub(now.unix_nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_unix_nanos(784_111_777_000_000_000);
        for (value, expected) in [
            ("120", Some(Duration::from_secs(120))),
            (" 0 ", Some(Duration::ZERO)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(Duration::from_secs(10))),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(Duration::ZERO)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(retry_after(value, now), expected, "{value}");
        }
    }
}
