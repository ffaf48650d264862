//! Numbers as the two formats write them.

/// A sample's value: the shortest text that reads back as the same number.
#[inline]
pub(super) fn value(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        out.extend_from_slice(special(value));
    }
}

#[inline]
pub(super) fn integer(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Milliseconds as seconds, to the third digit.
pub(super) fn seconds(out: &mut Vec<u8>, millis: u64) {
    integer(out, millis / 1_000);
    let rest = millis % 1_000;
    let digit = |divisor| b'0' + (rest / divisor % 10) as u8;
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
}

fn special(value: f64) -> &'static [u8] {
    if value.is_nan() {
        b"NaN"
    } else if value > 0.0 {
        b"+Inf"
    } else {
        b"-Inf"
    }
}

/// A bucket's bound, as it is part of the series' identity: `1` and `1e+06` in the text format, where every client
/// library writes so, and `1.0` and `1e+06` in OpenMetrics 1.0 ("Considerations: Canonical Numbers").
pub(super) fn bound(out: &mut Vec<u8>, value: f64, point: bool) {
    if !value.is_finite() {
        return out.extend_from_slice(special(value));
    }
    let (negative, digits, exponent) = shortest(value);
    if negative {
        out.push(b'-');
    }
    // As `%g` with the shortest digits: an exponent below -4 or from 6 on.
    if (-4..6).contains(&exponent) {
        plain(out, &digits, exponent, point);
    } else {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
    }
}

fn plain(out: &mut Vec<u8>, digits: &[u8], exponent: i32, point: bool) {
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        return out.extend_from_slice(digits);
    }
    let whole = exponent as usize + 1;
    out.extend((0..whole).map(|at| digits.get(at).copied().unwrap_or(b'0')));
    if digits.len() > whole {
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    } else if point {
        out.extend_from_slice(b".0");
    }
}

/// Sign, significant digits without zeros at either end, and the power of ten of the first.
fn shortest(value: f64) -> (bool, Vec<u8>, i32) {
    if value == 0.0 {
        return (false, b"0".to_vec(), 0);
    }
    // Rust writes the shortest digits, as `d.ddde-n`.
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    (value < 0.0, digits, exponent.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_other_clients_write_them() {
        let check = |number, text: &str, open: &str| {
            for (point, expected) in [(false, text), (true, open)] {
                let mut out = Vec::new();
                bound(&mut out, number, point);
                assert_eq!(String::from_utf8(out).unwrap(), expected);
            }
        };
        check(0.01, "0.01", "0.01");
        check(1.0, "1", "1.0");
        check(-2.5, "-2.5", "-2.5");
        check(0.0, "0", "0.0");
        check(100.0, "100", "100.0");
        check(123_456.5, "123456.5", "123456.5");
        check(1e6, "1e+06", "1e+06");
        check(1_234_567.0, "1.234567e+06", "1.234567e+06");
        check(0.0001, "0.0001", "0.0001");
        check(0.00001, "1e-05", "1e-05");
        check(f64::INFINITY, "+Inf", "+Inf");
    }

    #[test]
    fn values_read_back() {
        let check = |number, expected: &str| {
            let mut out = Vec::new();
            value(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "+Inf");
        check(f64::NEG_INFINITY, "-Inf");
        check(0.1, "0.1");
        check(-3.0, "-3.0");
    }
}
