//! Calendar time as text: RFC 3339 in UTC, with the text of the second kept from line to line.

use obs_core::Timestamp;
use obs_core::time::civil;

use super::Buffer;
use super::number::pair;

const NANOS: u64 = 1_000_000_000;
/// How every JSON line begins.
const OPEN: &[u8; 14] = b"{\"timestamp\":\"";
/// `2026-10-03T12:34:56.`
const SECOND_LEN: usize = 20;
const PREFIX_LEN: usize = OPEN.len() + SECOND_LEN;
const OPEN_LEN: usize = PREFIX_LEN + 6;

/// The last second written, as text.
#[derive(Debug)]
pub(crate) struct TimeCache {
    /// Its first nanosecond.
    start: u64,
    /// The opening of a JSON line; its last 6 bytes are the fraction.
    open: [u8; OPEN_LEN],
}

impl TimeCache {
    pub(crate) fn new() -> Self {
        let mut open = [0; OPEN_LEN];
        open[..OPEN.len()].copy_from_slice(OPEN);
        let mut cache = Self { start: 0, open };
        cache.render(0);
        cache
    }

    #[cold]
    fn render(&mut self, second: u64) {
        self.start = second * NANOS;
        self.open[OPEN.len()..PREFIX_LEN].copy_from_slice(&second_text(second));
    }

    /// Nanoseconds of `now` into its second, whose text is at hand from then on.
    #[inline(always)]
    fn turn_to(&mut self, now: Timestamp) -> u32 {
        let nanos = now.unix_nanos();
        let into = nanos.wrapping_sub(self.start);
        if into < NANOS {
            return into as u32;
        }
        self.render(nanos / NANOS);
        (nanos % NANOS) as u32
    }

    /// `{"timestamp":"2026-10-03T12:34:56.123456`
    #[inline]
    pub(super) fn open_json(&mut self, now: Timestamp, out: &mut Buffer) {
        let micros = self.turn_to(now) / 1_000;
        let fraction = &mut self.open[PREFIX_LEN..];
        fraction[..2].copy_from_slice(&pair(micros / 10_000));
        fraction[2..4].copy_from_slice(&pair(micros / 100 % 100));
        fraction[4..].copy_from_slice(&pair(micros % 100));
        out.extend_short(&self.open, OPEN_LEN);
    }

    /// `timestamp=2026-10-03T12:34:56.123456`
    pub(super) fn open_logfmt(&mut self, now: Timestamp, out: &mut Buffer) {
        let micros = self.turn_to(now) / 1_000;
        out.extend(b"timestamp=");
        out.extend(&self.open[OPEN.len()..PREFIX_LEN]);
        for pair_of in [micros / 10_000, micros / 100 % 100, micros % 100] {
            out.extend(&pair(pair_of));
        }
    }

    /// `2026-10-03T12:34:56.123456Z`
    pub(super) fn push_micros(&mut self, now: Timestamp, out: &mut Buffer) {
        let micros = self.turn_to(now) / 1_000;
        out.extend(&self.open[OPEN.len()..PREFIX_LEN]);
        for pair_of in [micros / 10_000, micros / 100 % 100, micros % 100] {
            out.extend(&pair(pair_of));
        }
        out.push(b'Z');
    }

    /// `2026-10-03T12:34:56.123Z`
    pub(super) fn push_millis(&mut self, now: Timestamp, out: &mut Buffer) {
        let millis = self.turn_to(now) / 1_000_000;
        let [tens, ones] = pair(millis % 100);
        out.extend(&self.open[OPEN.len()..PREFIX_LEN]);
        out.extend(&[b'0' + (millis / 100) as u8, tens, ones, b'Z']);
    }
}

/// `2026-10-03T12:34:56Z`
pub(crate) fn time_text(time: Timestamp) -> String {
    let second = second_text(time.unix_nanos() / NANOS);
    format!("{}Z", String::from_utf8_lossy(&second[..SECOND_LEN - 1]))
}

/// Appends `2026-10-03T12:34:56.123456Z`.
#[cfg(feature = "syslog")]
pub(crate) fn push_micros(time: Timestamp, out: &mut Vec<u8>) {
    let micros = (time.unix_nanos() % NANOS / 1_000) as u32;
    out.extend_from_slice(&second_text(time.unix_nanos() / NANOS));
    for pair_of in [micros / 10_000, micros / 100 % 100, micros % 100] {
        out.extend_from_slice(&pair(pair_of));
    }
    out.push(b'Z');
}

/// `2026-10-03T12:34:56.` of a second counted from 1970.
pub(crate) fn second_text(second: u64) -> [u8; SECOND_LEN] {
    let (year, month, day) = civil(second / 86_400);
    let of_day = (second % 86_400) as u32;
    let mut text = *b"0000-00-00T00:00:00.";
    let mut put = |at: usize, number: u32| text[at..at + 2].copy_from_slice(&pair(number));
    put(0, year / 100);
    put(2, year % 100);
    put(5, month);
    put(8, day);
    put(11, of_day / 3_600);
    put(14, of_day / 60 % 60);
    put(17, of_day % 60);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(second: u64) -> String {
        String::from_utf8(second_text(second).to_vec()).unwrap()
    }

    /// Expected texts were made with `date -u -d @SECOND`.
    #[test]
    fn seconds_read_as_date_does() {
        for (second, expected) in [
            (0, "1970-01-01T00:00:00."),
            (68_169_599, "1972-02-28T23:59:59."),
            (68_169_600, "1972-02-29T00:00:00."),
            (951_782_400, "2000-02-29T00:00:00."),
            (978_307_199, "2000-12-31T23:59:59."),
            (1_791_030_896, "2026-10-03T12:34:56."),
            (4_107_542_399, "2100-02-28T23:59:59."),
            (4_107_542_400, "2100-03-01T00:00:00."),
            (13_574_563_200, "2400-02-29T00:00:00."),
            (18_446_744_073, "2554-07-21T23:34:33."),
        ] {
            assert_eq!(text(second), expected);
        }
    }

    #[test]
    fn the_kept_second_is_replaced_when_time_moves_either_way() {
        let mut cache = TimeCache::new();
        let mut line = |nanos| {
            let mut out = Buffer::new();
            cache.open_json(Timestamp::from_unix_nanos(nanos), &mut out);
            String::from_utf8(out.as_slice().to_vec()).unwrap()
        };
        assert_eq!(line(1_791_030_896_123_456_789), "{\"timestamp\":\"2026-10-03T12:34:56.123456");
        assert_eq!(line(1_791_030_896_999_999_999), "{\"timestamp\":\"2026-10-03T12:34:56.999999");
        assert_eq!(line(1_791_030_897_000_000_999), "{\"timestamp\":\"2026-10-03T12:34:57.000000");
        assert_eq!(line(5), "{\"timestamp\":\"1970-01-01T00:00:00.000000");
    }
}
