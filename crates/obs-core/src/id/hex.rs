//! Lower-case hexadecimal, the only form in which W3C Trace Context writes ids.

/// The two digits of each byte.
static PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digit(byte as u8 >> 4), digit(byte as u8 & 0x0f)];
        byte += 1;
    }
    pairs
};

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' - 10 + value }
}

/// The 16 digits of a number, most significant first.
#[inline]
pub(crate) fn encode(value: u64) -> [u8; 16] {
    let pairs = value.to_be_bytes().map(|byte| PAIRS[usize::from(byte)]);
    let mut out = [0; 16];
    out.copy_from_slice(pairs.as_flattened());
    out
}

/// The 32 digits of a number.
pub(crate) fn encode_wide(value: u128) -> [u8; 32] {
    let mut out = [0; 32];
    out[..16].copy_from_slice(&encode((value >> 64) as u64));
    out[16..].copy_from_slice(&encode(value as u64));
    out
}

/// Reads exactly `digits.len()` (at most 32) lower-case hex digits; upper case is refused, as the specification asks.
pub(crate) fn decode(digits: &[u8]) -> Option<u128> {
    debug_assert!(digits.len() <= 32);
    let mut value = 0u128;
    for &digit in digits {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u128::from(nibble);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_standard_library() {
        let mut value = 0x0123_4567_89ab_cdef_u64;
        for _ in 0..1_000 {
            assert_eq!(str::from_utf8(&encode(value)).unwrap(), format!("{value:016x}"));
            value = value.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        assert_eq!(encode(0), [b'0'; 16]);
        assert_eq!(encode(u64::MAX), [b'f'; 16]);
    }
}
