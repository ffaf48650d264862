//! Lower-case hexadecimal, the only form in which W3C Trace Context writes ids.

/// The 16 digits of a number, most significant first: eight at a time, without a table or a loop over digits.
pub(crate) const fn encode(value: u64) -> [u8; 16] {
    let (high, low) = (digits((value >> 32) as u32), digits(value as u32));
    ((high as u128) << 64 | low as u128).to_be_bytes()
}

/// The 32 digits of a number.
pub(crate) fn encode_wide(value: u128) -> [u8; 32] {
    let mut out = [0; 32];
    out[..16].copy_from_slice(&encode((value >> 64) as u64));
    out[16..].copy_from_slice(&encode(value as u64));
    out
}

/// Eight digits, the most significant in the highest byte.
const fn digits(value: u32) -> u64 {
    // Four bits into each byte.
    let mut spread = value as u64;
    spread = (spread << 16 | spread) & 0x0000_ffff_0000_ffff;
    spread = (spread << 8 | spread) & 0x00ff_00ff_00ff_00ff;
    spread = (spread << 4 | spread) & 0x0f0f_0f0f_0f0f_0f0f;
    // One in each byte that holds ten or more: those continue at `a`, which is 39 after `9` + 1.
    let letters = (spread + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    spread + 0x3030_3030_3030_3030 + letters * 39
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
