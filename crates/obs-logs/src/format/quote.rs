//! A line once more as a text within JSON: what receivers get that want lines as values.
//!
//! A line is long, of plain letters but for the quotes and backslashes of its own, and everything else in it is rare. So
//! it is read by eight bytes, and what is written is what [`escape`] makes of it.

use super::escape::{self, Style};

/// How many bytes are looked at before room is made for more.
const PIECE: usize = 256;
/// Room for eight bytes, each with a backslash, of which the last ones are written eight at a time.
const SPREAD: usize = 24;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Appends `text` in quotes. What is not UTF-8 is replaced, as [`String::from_utf8_lossy`] does it.
pub(crate) fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        rest = push_plain(out, rest);
        let odd = match rest.first() {
            // Nothing is left, or a piece has ended.
            None | Some(0x20..=0x7e) => continue,
            Some(byte) if byte.is_ascii() => 1,
            // Letters beyond ASCII have no byte of it.
            Some(_) => rest.iter().position(u8::is_ascii).unwrap_or(rest.len()),
        };
        let (odd, behind) = rest.split_at(odd);
        escape::push_careful(out, String::from_utf8_lossy(odd).as_bytes(), Style::Quoted);
        rest = behind;
    }
    out.push(b'"');
}

/// Appends what is printable ASCII, of a piece at most. Returns what is left, which begins with something else unless the
/// piece has ended.
fn push_plain<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> &'a [u8] {
    let (piece, start) = (&text[..text.len().min(PIECE)], out.len());
    // Each byte may get a backslash, and more are written at a time.
    out.resize(start + 2 * piece.len() + SPREAD, 0);
    let room = &mut out[start..];
    let (mut at, mut to) = (0, 0);
    while let Some(word) = piece.get(at..).and_then(<[u8]>::first_chunk)
        && let Some(place) = room.get_mut(to..).and_then(<[u8]>::first_chunk_mut)
    {
        let word = u64::from_le_bytes(*word);
        if is_odd(word) {
            break;
        }
        (at, to) = (at + 8, to + spread(word, place));
    }
    // The last ones, or those in front of one that is odd.
    while let Some(byte @ 0x20..=0x7e) = piece.get(at).copied()
        && let Some([first, second]) = room.get_mut(to..).and_then(<[u8]>::first_chunk_mut)
    {
        (*first, *second) = (b'\\', byte);
        let is_escaped = matches!(byte, b'"' | b'\\');
        if !is_escaped {
            *first = byte;
        }
        (at, to) = (at + 1, to + 1 + usize::from(is_escaped));
    }
    out.truncate(start + to);
    &text[at..]
}

/// Whether any of eight bytes is no printable ASCII. A carry or borrow can only come from one that is odd itself.
#[inline(always)]
const fn is_odd(word: u64) -> bool {
    (word | word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES)) & HIGH != 0
}

/// Writes eight bytes of printable ASCII, a backslash in front of each quote and backslash. Returns how many that are.
#[inline(always)]
fn spread(mut word: u64, place: &mut [u8; SPREAD]) -> usize {
    // The highest bit of each byte that is this one: none of them has it, so that nothing is borrowed.
    let is = |byte: u8| HIGH.wrapping_sub(word ^ (ONES * u64::from(byte))) & HIGH;
    let mut marks = is(b'"') | is(b'\\');
    let (mut to, mut end) = (0, 8);
    loop {
        // Never more than eight bytes and as many backslashes in front: said so that nothing asks whether it is so.
        let at = to & 15;
        place[at..at + 8].copy_from_slice(&word.to_le_bytes());
        if marks == 0 {
            return end;
        }
        let bits = marks.trailing_zeros() & 56;
        to += (bits >> 3) as usize;
        place[to & 15] = b'\\';
        (to, end) = (to + 1, end + 1);
        // It stands in front of all that is left, without its mark.
        word >>= bits;
        marks = marks >> bits & !0xff;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json_text;

    #[track_caller]
    fn check(text: &[u8]) {
        let mut out = b"before".to_vec();
        push_quoted(&mut out, text);
        let expected = ["before", &json_text(&String::from_utf8_lossy(text))].concat();
        assert_eq!(String::from_utf8_lossy(&out), expected);
        assert_eq!(
            serde_json::from_slice::<String>(&out[6..]).unwrap(),
            String::from_utf8_lossy(text),
            "and a reader of JSON gets it back"
        );
    }

    #[test]
    fn every_byte_at_every_place_is_what_it_is_in_any_other_text() {
        for byte in 0..=255 {
            for len in [1, 8, 9, 257] {
                for at in (0..len).filter(|at| len < 20 || at % 61 == 0 || *at > 246) {
                    let mut text = vec![b'x'; len];
                    text[at] = byte;
                    check(&text);
                    text.fill(b'"');
                    text[at] = byte;
                    check(&text);
                }
            }
        }
    }

    #[test]
    fn lines_come_back_as_they_were() {
        check(b"");
        check(br#"{"timestamp":"2026-11-30T10:00:00.000000Z","message":"say \"hi\" in C:\\tmp"}"#);
        check("наши строки: 日本語 € 🦀, \u{202e}\u{2028}\u{9b}31m \u{fffd}\r\n\u{1b}[0m".as_bytes());
        check(b"\xffhalf \xe2\x82 of \xf0\x9f\xa6, \xc2\"\xe2\x80");
        check("é\"".repeat(1_000).as_bytes());
        check("\\".repeat(1_000).as_bytes());
    }
}
