//! User and password in a URL, both of which are replaced: a token often stands in the place of the user.

use super::CUT;
use super::find::{Found, Scan};

/// How far the `@` behind user and password is looked for, in bytes.
const LONGEST: usize = 1_024;

/// What opens behind `scheme:`, whose colon is at `colon`.
pub(super) fn authority(scan: &Scan<'_>, colon: usize) -> Found {
    let text = scan.text;
    let before = text.get(scan.floor..colon).unwrap_or_default();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme = before.iter().rev().take_while(is_part).count();
    let start = colon + 3;
    if scheme == 0 {
        return Found::Clean(start);
    }
    let scheme = &before[before.len() - scheme..];
    let mut end = start;
    // Of what is longer the rest is no user's.
    while let Some((unit, len)) = scan.unit(end).filter(|_| end - start < LONGEST) {
        if matches!(unit, b' ' | b'"' | b'<' | b'>' | b'`') {
            break;
        }
        end += len;
    }
    let word = &text[start..end];
    let strict = word.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(word.len());
    let is_web = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    let Some(user) = user_information(word, strict) else {
        // Of what was cut it is not known whether a host or a user stands there.
        return match word.strip_suffix(CUT) {
            Some(left) if !left.is_empty() && may_be_user(left, is_web) => {
                Found::Secret(start..start + left.len())
            }
            // Its host is no key, whatever it is called.
            _ => Found::Clean(start + strict),
        };
    };
    let secret = start..start + user;
    let content = &text[secret.clone()];
    // A user alone is told, but on the web, where it is a token.
    let is_secret = content.contains(&b':') || is_web;
    if content.is_empty() || content == super::REDACTED.as_bytes() || !is_secret {
        return Found::Clean(secret.end);
    }
    Found::Secret(secret)
}

/// Whether the beginning of an authority may be that of user and password.
fn may_be_user(word: &[u8], is_web: bool) -> bool {
    let strict = word.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(word.len());
    if strict == word.len() {
        return is_web || word.contains(&b':');
    }
    // A password with such a sign in it, or a port.
    let colon = word[..strict].iter().position(|&byte| byte == b':');
    colon.is_some_and(|colon| !word[colon + 1..strict].iter().all(u8::is_ascii_digit)) && word[0] != b'['
}

/// How long what stands before the host is, if anything does. `strict` is where the authority ends by RFC 3986,
/// section 3.2; passwords are often written with signs in them that a URL would need encoded.
fn user_information(word: &[u8], strict: usize) -> Option<usize> {
    let last = |part: &[u8]| part.iter().rposition(|&byte| byte == b'@');
    let colon = word[..strict].iter().position(|&byte| byte == b':');
    match last(&word[..strict]) {
        Some(at) if at + 1 < strict || colon.is_none() => Some(at),
        // What looks like a port but is none: the beginning of a password.
        _ => {
            let port = &word[colon? + 1..strict];
            let is_port = port.iter().all(u8::is_ascii_digit) || word.starts_with(b"[");
            if is_port { None } else { last(word) }
        }
    }
}
