//! Numbers as text, the same in every format.

use std::fmt::Write;
use std::net::IpAddr;

use obs_core::fields::Value;

use super::Buffer;
use super::text::Text;

/// How a float is written.
pub(super) enum Float<'a> {
    /// As digits, valid in JSON.
    Finite(&'a str),
    /// As a word that JSON has no number for.
    Word(&'static str),
}

/// Two digits of each number below 100.
static PAIR: [[u8; 2]; 128] = {
    let mut pairs = [[b'0'; 2]; 128];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Numbers below this have eight digits at most: counts, statuses, sizes, milliseconds.
const SMALL: u64 = 100_000_000;

pub(super) fn push_u64(out: &mut Buffer, value: u64) {
    match small(value) {
        Some((digits, len)) => out.extend_short(&digits, len),
        None => out.extend(itoa::Buffer::new().format(value).as_bytes()),
    }
}

pub(super) fn push_i64(out: &mut Buffer, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_u64(out, value.unsigned_abs());
}

/// The digits of a number of at most eight, without leading zeros, and how many they are.
#[inline(always)]
pub(super) fn small(value: u64) -> Option<([u8; 8], usize)> {
    if value >= SMALL {
        return None;
    }
    let value = value as u32;
    let zeros = u32::from_le_bytes(*b"0000");
    let (high, low) = match value {
        0..10_000 => (zeros, four(value)),
        _ => (u32::from_le_bytes(four(value / 10_000)), four(value % 10_000)),
    };
    let digits = u64::from(high) | u64::from(u32::from_le_bytes(low)) << 32;
    // The first digit is in the lowest byte; the bit set in the last one keeps a zero that stands alone.
    let leading = ((digits ^ u64::from_le_bytes(*b"00000000")) | 1 << 56).trailing_zeros() & !7;
    Some(((digits >> leading).to_le_bytes(), 8 - leading as usize / 8))
}

/// The text of a float with up to three decimals, which most floats on lines are, and how long it is.
#[inline(always)]
pub(super) fn small_float(value: f64) -> Option<([u8; 8], usize)> {
    if !(value > 0.0 && value < 9_999.0) {
        return None;
    }
    let thousandths = (value * 1_000.0 + 0.5) as u32;
    // Division rounds correctly: if it gives the value back, so does reading these digits, and of so few digits no
    // shorter ones can do that.
    if f64::from(thousandths) / 1_000.0 != value {
        return None;
    }
    let (digits, len) = small(u64::from(thousandths / 1_000))?;
    let [_, a, b, c] = four(thousandths % 1_000);
    let fraction_len = 2 + usize::from(b != b'0' || c != b'0') + usize::from(c != b'0');
    // Four digits before the point at most, so all of it has eight bytes.
    let fraction = u64::from(u32::from_le_bytes([b'.', a, b, c]));
    let text = u64::from_le_bytes(digits) | fraction << ((8 * len) & 63);
    Some((text.to_le_bytes(), len + fraction_len))
}

/// Four digits of a number below 10,000.
#[inline(always)]
fn four(value: u32) -> [u8; 4] {
    let [a, b] = pair(value / 100);
    let [c, d] = pair(value % 100);
    [a, b, c, d]
}

/// Two digits of a number below 100.
#[inline(always)]
pub(super) fn pair(value: u32) -> [u8; 2] {
    PAIR[value as usize & 127]
}

/// Hands the shortest text that reads back as `value` to `write`.
pub(super) fn float(value: f64, write: impl FnOnce(Float<'_>)) {
    if value.is_finite() {
        write(Float::Finite(zmij::Buffer::new().format_finite(value)));
    } else if value.is_nan() {
        write(Float::Word("NaN"));
    } else if value > 0.0 {
        write(Float::Word("Infinity"));
    } else {
        write(Float::Word("-Infinity"));
    }
}

/// Appends a value that is no text, in the formats where nothing is in quotes but text.
pub(super) fn push_bare(out: &mut Buffer, value: Value<'_>) {
    match value {
        Value::I64(value) => push_i64(out, value),
        Value::U64(value) => push_u64(out, value),
        Value::Bool(value) => out.extend(if value { b"true" } else { b"false" }),
        Value::F64(value) => float(value, |float| match float {
            Float::Finite(text) => out.extend(text.as_bytes()),
            Float::Word(word) => out.extend(word.as_bytes()),
        }),
        Value::Str(_) => {}
    }
}

/// `12345` thousandths as `12.345`.
pub(super) fn push_thousandths(out: &mut Buffer, value: u64) {
    push_u64(out, value / 1_000);
    let [_, a, b, c] = four((value % 1_000) as u32);
    out.extend_short(&[b'.', a, b, c], 4);
}

/// An IP address by itself; an IPv4 address that came through an IPv6 socket as IPv4.
pub(super) fn push_address(text: &mut Text<'_>, address: IpAddr) {
    match address.to_canonical() {
        IpAddr::V4(ip) => {
            for (index, octet) in ip.octets().into_iter().enumerate() {
                if index > 0 {
                    text.out.push(b'.');
                }
                push_u64(text.out, u64::from(octet));
            }
        }
        IpAddr::V6(ip) => drop(write!(text, "{ip}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_for_floats_agrees_with_the_long_one() {
        let thousandths = (0..10_000_000).step_by(7).map(|n| f64::from(n) / 1_000.0);
        let odd = [
            0.1 + 0.2,
            1.0 / 3.0,
            9_998.999,
            9_999.0,
            0.000_5,
            1e-9,
            0.0,
            -0.0,
            -1.5,
            f64::NAN,
            f64::INFINITY,
        ];
        let near = [0.75f64.next_up(), 0.75f64.next_down(), 12.345f64.next_up(), 12.345f64.next_down()];
        let mut taken = 0;
        for value in thousandths.chain(odd).chain(near) {
            if let Some((text, len)) = small_float(value) {
                taken += 1;
                assert_eq!(str::from_utf8(&text[..len]).unwrap(), zmij::Buffer::new().format_finite(value));
            }
        }
        assert!(taken > 1_400_000, "{taken}");
        assert!(near.into_iter().all(|value| small_float(value).is_none()));
    }

    #[test]
    fn addresses_have_no_port_or_zone() {
        for (address, expected) in [
            ("10.0.0.255", "10.0.0.255"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:192.168.1.1", "192.168.1.1"),
            ("1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444:5555:6666:7777:8888"),
        ] {
            let mut out = Buffer::new();
            let mut text =
                Text { out: &mut out, limit: 1_000, style: super::super::escape::Style::Bare, cut: false };
            push_address(&mut text, address.parse().unwrap());
            assert_eq!(str::from_utf8(out.as_slice()).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_does() {
        let edges = (0..20).map(|power| 10u64.saturating_pow(power));
        let near = edges.flat_map(|edge| [edge.saturating_sub(1), edge, edge + 1]);
        for value in near.chain(0..20_000).chain([u64::MAX, i64::MIN as u64, 99_990_001]) {
            let mut out = Buffer::new();
            push_u64(&mut out, value);
            out.push(b' ');
            push_i64(&mut out, value as i64);
            out.push(b' ');
            push_thousandths(&mut out, value);
            let expected = format!("{value} {} {}.{:03}", value as i64, value / 1_000, value % 1_000);
            assert_eq!(str::from_utf8(out.as_slice()).unwrap(), expected);
        }
    }
}
