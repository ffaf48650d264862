//! How far a value goes that stands behind a secret key: in quotes, in brackets, or up to what ends a word.

use std::ops::Range;

use super::find::{Found, Scan};
use super::key_before::Key;
use super::{REDACTED, token};

/// The value behind the separator at `at`.
pub(super) fn behind(scan: &Scan<'_>, at: usize, key: &Key) -> Found {
    let separator = scan.text[at];
    let spaced = separator == b':' || scan.text[..at].ends_with(b" ");
    let mut start = at + 1;
    while let Some(&byte) = scan.text.get(start) {
        let skipped = matches!(byte, b'=' | b'>') || spaced && matches!(byte, b' ' | b'\t');
        if !skipped {
            break;
        }
        start += 1;
    }
    if scan.text.get(start..).is_some_and(|rest| rest.starts_with(REDACTED.as_bytes())) {
        return Found::Clean(start + REDACTED.len());
    }
    if key.is_word_of_sentences && separator == b':' && is_prose(scan, start) {
        return Found::Clean(start);
    }
    let (value, is_quoted) = match quoted(scan, start) {
        Some(value) => (value, true),
        None if key.is_line => (line(scan, start), false),
        None => (unquoted(scan, start), false),
    };
    let content = scan.text.get(value.clone()).unwrap_or_default();
    if content.is_empty() || content == REDACTED.as_bytes() || is_nothing(content) && !is_quoted {
        return Found::Clean(value.end);
    }
    Found::Secret(value)
}

/// What a value is that is not there.
fn is_nothing(content: &[u8]) -> bool {
    matches!(content, b"None" | b"null" | b"nil" | b"true" | b"false")
}

/// Whether this is how a sentence goes on, as in `unexpected token: end of file`: a word of small letters, as no token
/// is, or a sign. Looks at one word, so that a text full of them takes no longer.
fn is_prose(scan: &Scan<'_>, start: usize) -> bool {
    let rest = scan.text.get(start..).unwrap_or_default();
    let rest = rest.strip_prefix(b"`").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    let word =
        rest.iter().take_while(|byte| byte.is_ascii_lowercase() || matches!(byte, b'\'' | b'-')).count();
    match rest.get(word) {
        None => word > 0,
        Some(b'.' | b',' | b';' | b':' | b')' | b'`' | b'!' | b'?') => true,
        Some(b' ' | b'\n') => word > 0 && rest.get(word + 1) != Some(&b'{'),
        Some(b'}' | b']' | b'>' | b'<' | b'=' | b'+' | b'*' | b'/' | b'|' | b'&') => word == 0,
        Some(_) => false,
    }
}

/// What stands in the quotes that open at `start`, in one or more of their own escapes: `"a"`, `\"a\"`.
fn quoted(scan: &Scan<'_>, start: usize) -> Option<Range<usize>> {
    let raw = scan.text.get(start..)?.iter().take_while(|&&byte| byte == b'\\').count();
    let at = start + raw;
    let quote = *scan.text.get(at).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    Some(at + 1..closing(scan, at, quote))
}

/// Where what closes the quote at `at` begins, with its backslashes; the end of the text where nothing does.
fn closing(scan: &Scan<'_>, at: usize, quote: u8) -> usize {
    // From here on, so that backslashes before the opening quote are counted whole.
    let opening = Scan { floor: 0, ..*scan }.backslashes(at).0;
    let inside = Scan { floor: at + 1, ..*scan };
    let mut from = at + 1;
    while let Some(found) = scan.text.get(from..).and_then(|rest| rest.iter().position(|&byte| byte == quote))
    {
        let (count, first) = inside.backslashes(from + found);
        // The quote of a text inside has more of them; those of the content itself are twice as many.
        if count % (2 * (opening + 1)) == opening {
            let content = count - opening;
            let width = if scan.escapes == super::Escapes::None { 1 } else { 2 };
            return first + content * width;
        }
        from += found + 1;
    }
    scan.text.len()
}

/// Up to the end of the line: quotes may be part of a header's list.
fn line(scan: &Scan<'_>, start: usize) -> Range<usize> {
    let mut at = start;
    while let Some((_, len)) = scan.unit(at) {
        if scan.is_line_end(at) {
            break;
        }
        at += len;
    }
    start..at
}

/// A value without quotes: one word, the credentials behind the scheme that the word is, or all that its brackets hold.
fn unquoted(scan: &Scan<'_>, start: usize) -> Range<usize> {
    let end = word(scan, start);
    if !token::is_scheme(&scan.text[start..end]) {
        return start..end;
    }
    let mut next = end;
    while scan.text.get(next) == Some(&b' ') {
        next += 1;
    }
    if next == end {
        return start..end;
    }
    // The scheme is no secret and says what was tried. A list of parameters goes on to the end of the line.
    if token::is_scheme_of_list(&scan.text[start..end]) {
        return next..line(scan, next).end;
    }
    next..word(scan, next)
}

fn word(scan: &Scan<'_>, start: usize) -> usize {
    let mut at = structure(scan, start).unwrap_or(start);
    while let Some((unit, len)) = scan.unit(at) {
        match unit {
            b' ' | b'"' => break,
            _ if may_end(unit) => match behind_ends(scan, at) {
                Some(next) => at = next,
                None => break,
            },
            _ => at += len,
        }
    }
    at
}

/// Whether a value may end before this sign; a password may have it inside.
fn may_end(unit: u8) -> bool {
    matches!(unit, b',' | b';' | b'&' | b')' | b']' | b'}' | b'>' | b'<' | b'\'' | b'`' | b'|')
}

/// Where the value goes on behind the signs at `at`. `None` where it ends: what follows them is the end, white space
/// or a further key.
fn behind_ends(scan: &Scan<'_>, mut at: usize) -> Option<usize> {
    loop {
        match scan.unit(at)? {
            (b' ' | b'"', _) => return None,
            (unit, len) if may_end(unit) => at += len,
            _ => break,
        }
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]%".contains(byte);
    let rest = scan.text.get(at..)?;
    let key = rest.iter().take(LONGEST_KEY).take_while(|byte| is_part(byte)).count();
    let is_key = key > 0 && matches!(rest.get(key), Some(b'=' | b':'));
    (!is_key).then_some(at)
}

/// The longest name of a further key.
const LONGEST_KEY: usize = 64;

/// The end of what `Debug` prints of a structure: `Some("x")`, `Password { inner: "x" }`, `["x", "y"]`. `None` where
/// there is no bracket.
fn structure(scan: &Scan<'_>, start: usize) -> Option<usize> {
    let rest = scan.text.get(start..)?;
    let name =
        rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')).count();
    let mut at = start + name;
    if name > 0 && scan.text.get(at..).is_some_and(|rest| rest.starts_with(b" {")) {
        at += 1;
    }
    if !matches!(scan.text.get(at), Some(b'(' | b'[' | b'{')) {
        return None;
    }
    let mut depth = 0_usize;
    while let Some((unit, len)) = scan.unit(at) {
        match unit {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b'"' | b'\\' => {
                if let Some(inner) = quoted(scan, at) {
                    at = inner.end;
                    // Over the closing quote and its backslashes.
                    while scan.text.get(at) == Some(&b'\\') {
                        at += 1;
                    }
                    at = (at + 1).min(scan.text.len());
                    continue;
                }
            }
            _ => {}
        }
        at += len;
        if depth == 0 {
            return Some(at);
        }
    }
    Some(at)
}
