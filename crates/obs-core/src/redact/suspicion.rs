//! Whether a text may hold a secret at all: what lets ordinary text through within a few instructions.
//!
//! Every secret has a sign that ordinary values seldom have: `:`, `=` or `@` of a key or a URL, the `yJ` of a JSON web
//! token, the end of a scheme before a space, or as many digits as a card has.

/// The shortest text with a secret in it, in bytes.
pub(super) const SHORTEST: usize = 8;

/// The fewest digits of a card's number.
pub(super) const CARD_DIGITS: usize = 13;

/// Digits that are seen of so many: the last byte of a text is no first one of a pair.
const SEEN_DIGITS: usize = CARD_DIGITS - 1;

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// Whether [`find`](super::find) may find anything in `text`; `false` is certain.
#[inline]
pub fn is_suspicious(text: &[u8]) -> bool {
    text.len() >= SHORTEST && look(text)
}

#[inline(never)]
fn look(text: &[u8]) -> bool {
    // Pairs of bytes that follow one another are seen as two blocks, one of them a byte further on.
    let Some(last) = text.last_chunk::<{ BLOCK + 1 }>() else {
        let mut padded = [0; BLOCK + 1];
        for (to, from) in padded.iter_mut().zip(text) {
            *to = *from;
        }
        let (signs, digits) = signs(&padded);
        return signs || usize::from(digits) >= SEEN_DIGITS;
    };
    let (mut found, digits) = signs(last);
    let mut total = usize::from(digits);
    let mut at = 0;
    while let Some(block) = text.get(at..text.len() - 1).and_then(<[u8]>::first_chunk) {
        let (signs, digits) = signs(block);
        found |= signs;
        total += usize::from(digits);
        at += BLOCK;
    }
    found || total >= SEEN_DIGITS
}

/// Whether any sign is in the block, and how many digits. Without branches, so that the compiler compares all bytes at
/// once.
#[inline(always)]
fn signs(block: &[u8; BLOCK + 1]) -> (bool, u8) {
    let (mut found, mut digits) = (0_u8, 0_u8);
    for at in 0..BLOCK {
        let (byte, next) = (block[at], block[at + 1]);
        // From `:` to `@` there is little else that stands in a text.
        found |= u8::from(byte.wrapping_sub(b':') <= b'@' - b':');
        found |= u8::from(byte == b'y') & u8::from(next == b'J');
        found |= u8::from(next == b' ') & (u8::from(byte | 0x20 == b'r') | u8::from(byte | 0x20 == b'c'));
        digits += u8::from(byte.wrapping_sub(b'0') <= 9);
    }
    (found != 0, digits)
}
