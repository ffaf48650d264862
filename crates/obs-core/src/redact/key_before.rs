//! The key in front of a `:` or `=`, and whether what follows it is a secret.

use super::Escapes;
use super::find::Scan;
use super::keys::{LONGEST_KEY, Words};

/// A key whose value is secret.
pub(super) struct Key {
    /// Its value goes to the end of the line: a header's list.
    pub(super) is_line: bool,
    /// It is a word of sentences too, as in `unexpected token: end of file`.
    pub(super) is_word_of_sentences: bool,
}

/// Keys of queries and forms, whose values open what they were signed for.
const SIGNATURES: [&[u8]; 2] = [b"sig", b"signature"];

/// Keys that are secret in a query alone: elsewhere `code=7` is how something ended.
const IN_QUERY: [&[u8]; 5] = [b"code", b"key", b"auth", b"sas", b"aws_access_key_id"];

/// Secret words that stand before a colon in sentences about them.
const OF_SENTENCES: [&[u8]; 12] = [
    b"token",
    b"pin",
    b"jwt",
    b"bearer",
    b"cookie",
    b"credential",
    b"credentials",
    b"authorization",
    b"id",
    b"sessionid",
    b"key",
    b"auth",
];

/// The key that ends in front of the separator at `at`, if it is a secret's.
pub(super) fn secret(scan: &Scan<'_>, at: usize) -> Option<Key> {
    let text = scan.text;
    let separator = text[at];
    let mut end = at;
    while end > scan.floor && matches!(text[end - 1], b' ' | b'\t') && at - end < 4 {
        end -= 1;
    }
    // `"key":`, `\"key\":`, `form[key]=`.
    if end > scan.floor && matches!(text[end - 1], b'"' | b'\'' | b'`' | b']') {
        end -= 1;
        while end > scan.floor && text[end - 1] == b'\\' {
            end -= 1;
        }
    }
    let most = scan.floor.max(end.saturating_sub(LONGEST_KEY));
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let len = text[most..end].iter().rev().take_while(|byte| is_part(byte)).count();
    let start = end - len;
    // The shortest secret words have three letters.
    if len < 3 {
        return None;
    }
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let in_query = separator == b'=' && matches!(before, Some(b'?' | b'&'));
    let key = &text[start..end];
    judged(scan, key, separator, in_query).or_else(|| {
        // The letter of an escape: `\npassword=`, `\u000apassword=`.
        let letters = match key {
            [b'n' | b'r' | b't', ..] => 1,
            [b'u', ..] => 5,
            _ => return None,
        };
        let of_escape = before == Some(&b'\\') && (scan.escapes == Escapes::Json || letters == 1);
        let key = key.get(letters..).filter(|_| of_escape)?;
        judged(scan, key, separator, false)
    })
}

fn judged(scan: &Scan<'_>, key: &[u8], separator: u8, in_query: bool) -> Option<Key> {
    let words = Words::of(key);
    let last = words.last();
    let is_signature = separator == b'=' && SIGNATURES.contains(&last);
    let is_secret =
        is_signature || in_query && IN_QUERY.contains(&words.as_slice()) || scan.rules.are_secret(&words);
    is_secret.then(|| Key { is_line: last == b"cookie", is_word_of_sentences: OF_SENTENCES.contains(&last) })
}
