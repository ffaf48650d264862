//! Makes any text safe inside a line: no byte of it can end the string, the line, or steer a terminal.
//!
//! Escaped in every format: C0 and C1 controls, DEL, the line separators U+2028 and U+2029, and the bidirectional
//! embeddings, overrides and isolates (U+202A to U+202E, U+2066 to U+2069) that make a line read as what it is not.

use super::Buffer;
use super::buffer::Append;

/// What a byte at the head of a character asks for.
const PLAIN: u8 = 0;
/// `\u00XX`.
const HEX: u8 = 1;
/// Lead byte of U+0080 to U+00BF; the first half of them are C1 controls.
const LEAD_C2: u8 = 2;
/// Lead byte of U+2000 to U+2FFF, among them the separators and overrides.
const LEAD_E2: u8 = 3;
/// Lead byte of U+F000 to U+FFFF, among them the replacement character.
const LEAD_EF: u8 = 4;
// Anything else is the letter that follows the backslash.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

const fn table(quoted: bool) -> [u8; 256] {
    let mut table = [PLAIN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = HEX;
        byte += 1;
    }
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[b'\t' as usize] = b't';
    table[0x7f] = HEX;
    table[0xc2] = LEAD_C2;
    table[0xe2] = LEAD_E2;
    if quoted {
        table[b'"' as usize] = b'"';
        table[b'\\' as usize] = b'\\';
    }
    table
}

static QUOTED: [u8; 256] = table(true);
static BARE: [u8; 256] = table(false);
static KEY: [u8; 256] = {
    let mut table = table(true);
    table[b' ' as usize] = HEX;
    table[b'=' as usize] = HEX;
    table[b'"' as usize] = HEX;
    table[0xef] = LEAD_EF;
    table
};

/// How much is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Inside double quotes: JSON, and quoted values of the other formats.
    Quoted,
    /// Outside of quotes: messages of the pretty format. Quotes and backslashes stand for themselves.
    Bare,
    /// A key of logfmt, in which there is neither a space nor `=`, `"` or U+FFFD.
    Key,
}

/// The most bytes that one byte of text becomes.
pub(super) const GROWTH: usize = 6;

/// Appends `text`, escaped.
#[inline]
pub(super) fn push(out: &mut Buffer, text: &str, style: Style) {
    if !out.extend_clean(text.as_bytes()) {
        push_careful(out, text.as_bytes(), style);
    }
}

/// Appends a key of logfmt. Two keys that differ still do so: what stands for an escaped one begins with a backslash,
/// and a backslash of its own is doubled. No key at all becomes `\0`.
pub(super) fn push_key(out: &mut Buffer, key: &str) {
    if key.is_empty() {
        out.extend(b"\\0");
    } else {
        push_careful(out, key.as_bytes(), Style::Key);
    }
}

#[cold]
pub(super) fn push_careful(out: &mut impl Append, bytes: &[u8], style: Style) {
    let table = match style {
        Style::Quoted => &QUOTED,
        Style::Bare => &BARE,
        Style::Key => &KEY,
    };
    let (mut done, mut at) = (0, 0);
    while at < bytes.len() {
        let class = table[usize::from(bytes[at])];
        let (code, len) = match class {
            PLAIN => {
                at += 1;
                continue;
            }
            HEX => (u16::from(bytes[at]), 1),
            LEAD_C2 => match bytes.get(at + 1) {
                Some(&second @ 0x80..=0x9f) => (u16::from(second), 2),
                _ => {
                    at += 1;
                    continue;
                }
            },
            LEAD_E2 => match (bytes.get(at + 1), bytes.get(at + 2)) {
                (Some(0x80), Some(&third @ 0xa8..=0xae)) => (0x2000 | u16::from(third & 0x3f), 3),
                (Some(0x81), Some(&third @ 0xa6..=0xa9)) => (0x2040 | u16::from(third & 0x3f), 3),
                _ => {
                    at += 1;
                    continue;
                }
            },
            LEAD_EF => match (bytes.get(at + 1), bytes.get(at + 2)) {
                (Some(0xbf), Some(0xbd)) => (0xfffd, 3),
                _ => {
                    at += 1;
                    continue;
                }
            },
            letter => {
                out.append(&bytes[done..at]);
                out.append(&[b'\\', letter]);
                at += 1;
                done = at;
                continue;
            }
        };
        out.append(&bytes[done..at]);
        let digit = |shift: u16| DIGITS[usize::from(code >> shift & 15)];
        out.append(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
        at += len;
        done = at;
    }
    out.append(&bytes[done..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(style: Style, text: &str, expected: &str) {
        for capacity in [0, 1_024] {
            let mut out = Buffer::with_capacity(capacity);
            push(&mut out, text, style);
            assert_eq!(str::from_utf8(out.as_slice()).unwrap(), expected);
        }
    }

    #[test]
    fn quotes_controls_and_separators_are_escaped_and_letters_are_not() {
        check(Style::Quoted, "plain text, 0 to 9", "plain text, 0 to 9");
        check(Style::Quoted, "a\"b\\c", "a\\\"b\\\\c");
        check(Style::Quoted, "\n\r\t\0\u{1b}[31m\u{7f}", "\\n\\r\\t\\u0000\\u001b[31m\\u007f");
        check(Style::Quoted, "\u{80}\u{9b}31m\u{9f}\u{a0}é", "\\u0080\\u009b31m\\u009f\u{a0}é");
        check(
            Style::Quoted,
            "\u{2027}\u{2028}\u{2029}\u{202e}\u{202f}",
            "\u{2027}\\u2028\\u2029\\u202e\u{202f}",
        );
        check(Style::Quoted, "\u{2065}\u{2066}\u{2069}\u{206a}", "\u{2065}\\u2066\\u2069\u{206a}");
        check(Style::Quoted, "日本語 € 🦀", "日本語 € 🦀");
        check(Style::Quoted, "\u{fffd}\u{feff}", "\u{fffd}\u{feff}");
        check(Style::Bare, "say \"hi\" in C:\\tmp\n\u{1b}", "say \"hi\" in C:\\tmp\\n\\u001b");
    }

    #[test]
    fn a_key_has_nothing_that_ends_it_and_stays_apart_from_others() {
        let keys = [
            "plain.key-1",
            "a b",
            "a\\u0020b",
            "a=b",
            "a\"b",
            "a\nb",
            "a\\nb",
            "",
            "\\0",
            "\u{fffd}",
            "\u{202e}",
            "é",
        ];
        let expected = [
            "plain.key-1",
            "a\\u0020b",
            "a\\\\u0020b",
            "a\\u003db",
            "a\\u0022b",
            "a\\nb",
            "a\\\\nb",
            "\\0",
            "\\\\0",
            "\\ufffd",
            "\\u202e",
            "é",
        ];
        for (key, expected) in keys.into_iter().zip(expected) {
            let mut out = Buffer::new();
            push_key(&mut out, key);
            assert_eq!(str::from_utf8(out.as_slice()).unwrap(), expected);
        }
    }
}
