//! Whether a text may hold a secret at all: what lets ordinary text through within a few instructions.
//!
//! Every secret has a sign that ordinary values seldom have: the `:` or `=` of a key or a URL, the `yJ` of a JSON web
//! token, the end of a scheme before a space, or digits that nothing but spaces and dashes is between.

/// The shortest text with a secret in it, in bytes.
pub(super) const SHORTEST: usize = 8;

/// The shortest text with a secret in it that has neither key nor URL: a scheme and its credentials, or a card.
const SHORTEST_WITHOUT_KEY: usize = 13;

/// The fewest bytes of a card's number.
const CARD: usize = 13;

/// Whether [`find`](super::find) may find anything in `text`; `false` is certain.
#[inline]
pub fn is_suspicious(text: &[u8]) -> bool {
    text.len() >= SHORTEST && look(text)
}

#[inline(never)]
fn look(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk::<17>() {
        return look_long(text, last);
    }
    let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) else { return false };
    let halves = [u64::from_le_bytes(*first), u64::from_le_bytes(*last)];
    if text.len() < SHORTEST_WITHOUT_KEY {
        return separators(halves[0]) | separators(halves[1]) != 0;
    }
    // Both halves, which overlap: a pair of bytes at the seam stands whole in the second.
    let mut block = [0; 17];
    block[..8].copy_from_slice(first);
    block[8..16].copy_from_slice(last);
    // Wherever a card's number stands in it, it is in the middle.
    let is_card = || text[text.len() - CARD..CARD].iter().all(is_of_card);
    any(&signs(&block).0) || is_card()
}

/// Any 13 bytes in a row have four within a block that begin at a multiple of four there.
fn look_long(text: &[u8], last: &[u8; 17]) -> bool {
    let (mut found, mut is_numeric) = signs(last);
    let mut rest = text;
    while let Some(block) = rest.first_chunk::<17>() {
        let (signs, numeric) = signs(block);
        found.iter_mut().zip(signs).for_each(|(all, new)| *all |= new);
        is_numeric |= numeric;
        rest = &rest[16..];
    }
    any(&found) || is_numeric && has_card(text)
}

/// Whether so many bytes of a card's number stand in a row as the shortest one has.
#[cold]
fn has_card(text: &[u8]) -> bool {
    text.split(|byte| !is_of_card(byte)).any(|run| run.len() >= CARD)
}

/// Whether a card's number may hold this byte.
fn is_of_card(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b' ' | b'-')
}

/// Not zero if any of 8 bytes is `:` or `=`.
#[inline(always)]
fn separators(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    (zeros(word ^ (ONES * b':' as u64)) | zeros(word ^ (ONES * b'=' as u64))) & (ONES << 7)
}

/// Where a sign begins within the first 16 bytes of a block, and whether four digits, spaces or dashes are in a row.
/// Without branches, so that the compiler compares all bytes at once.
#[inline(always)]
fn signs(block: &[u8; 17]) -> ([u8; 16], bool) {
    let mask = |is: bool| if is { 0xff } else { 0 };
    let mut found = [0_u8; 16];
    let mut numeric = [0_u8; 16];
    for at in 0..16 {
        let (byte, next) = (block[at], block[at + 1]);
        let is_separator = mask(byte == b':') | mask(byte == b'=');
        let is_token = mask(byte == b'y') & mask(next == b'J');
        let is_scheme = mask(next == b' ') & (mask(byte | 0x20 == b'r') | mask(byte | 0x20 == b'c'));
        found[at] = is_separator | is_token | is_scheme;
        numeric[at] = mask(byte.wrapping_sub(b'0') <= 9) | mask(byte == b' ') | mask(byte == b'-');
    }
    let lanes = numeric.as_chunks::<4>().0;
    let full = |lane: &[u8; 4]| u32::from_le_bytes(*lane) == u32::MAX;
    (found, full(&lanes[0]) | full(&lanes[1]) | full(&lanes[2]) | full(&lanes[3]))
}

#[inline(always)]
fn any(found: &[u8; 16]) -> bool {
    u128::from_le_bytes(*found) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_is_found_at_every_place_of_every_length() {
        for len in SHORTEST..80 {
            for sign in [":", "=", "yJ", "r ", "C ", "4111-1111 1111", "1234567890123"] {
                let is_long = sign.len() > 1;
                if is_long && len < SHORTEST_WITHOUT_KEY || sign.len() > len {
                    continue;
                }
                // What ends a text has nothing behind it.
                for at in 0..len - sign.len() {
                    let text = format!("{}{sign}{}", "x".repeat(at), "x".repeat(len - at - sign.len()));
                    assert!(is_suspicious(text.as_bytes()), "{text}");
                }
            }
            assert!(
                !is_suspicious("x".repeat(len).as_bytes()) && !is_suspicious("é-1".repeat(len).as_bytes())
            );
            // One digit less than a card has; shorter texts are not told apart to the last digit.
            for at in (0..=len.saturating_sub(12)).filter(|_| len > 16) {
                let text = format!("{}411111111111{}", "x".repeat(at), "x".repeat(len - at - 12));
                assert!(!is_suspicious(text.as_bytes()), "{text}");
            }
        }
    }
}
