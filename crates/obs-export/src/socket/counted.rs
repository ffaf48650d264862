//! Octet counting (RFC 6587, section 3.4.1): the length of a record in decimal digits, a space, and the record.

use std::ops::Range;

/// More digits than any record's length has.
const DIGITS: usize = 9;

/// Appends the record that `write` appends, with its length in front.
pub fn push(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    write(out);
    let mut digits = [b' '; DIGITS + 1];
    let mut left = out.len() - at;
    let mut first = DIGITS;
    while first > 0 {
        first -= 1;
        digits[first] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.splice(at..at, digits[first..].iter().copied());
}

/// Where the first record is in these bytes, without its length; `None` where there is none whole.
pub fn first(bytes: &[u8]) -> Option<Range<usize>> {
    let mut length = 0;
    for (at, byte) in bytes.iter().enumerate().take(DIGITS + 1) {
        match byte {
            b'0'..=b'9' => length = length * 10 + usize::from(byte - b'0'),
            b' ' if at > 0 => {
                let range = at + 1..at + 1 + length;
                return (range.end <= bytes.len()).then_some(range);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_stands_in_front_in_decimal_digits() {
        let mut out = b"5 abcde".to_vec();
        push(&mut out, |out| out.extend(b"<34>1 -"));
        push(&mut out, |_| ());
        push(&mut out, |out| out.extend([b'x'; 1_234]));
        assert!(out.starts_with(b"5 abcde7 <34>1 -0 1234 xxx"));
        assert_eq!(out.len(), 7 + 9 + 2 + 5 + 1_234);
    }

    #[test]
    fn the_first_is_found_where_it_is_whole() {
        for (bytes, found) in [
            (&b"7 <34>1 -0 "[..], Some(2..9)),
            (b"0 ", Some(2..2)),
            (b"10 0123456789", Some(3..13)),
            (b"10 012345678", None),
            (b"10", None),
            (b"", None),
            (b" 1", None),
            (b"-1 x", None),
            (b"9999999999999999999999 x", None),
        ] {
            assert_eq!(first(bytes), found, "{}", bytes.escape_ascii());
        }
    }
}
