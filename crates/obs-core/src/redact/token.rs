//! Credentials that are known by their own shape: behind a scheme, and JSON web tokens.

use super::CUT;
use super::find::Found;

/// Schemes of authorization, whose credentials are the next word (RFC 9110, section 11.1).
const SCHEMES: [&str; 6] = ["bearer", "basic", "negotiate", "token", "apikey", "dpop"];

/// Schemes whose credentials are a list of parameters.
const LISTS: [&str; 5] = ["digest", "aws4-hmac-sha256", "oauth", "signature", "hawk"];

/// The fewest bytes of a token that stands behind its scheme alone.
const SHORTEST: usize = 8;

/// The fewest bytes of the header of a JSON web token: `{"alg":"x"}` in base64url.
const SHORTEST_HEADER: usize = 14;

pub(super) fn is_scheme(word: &[u8]) -> bool {
    SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes())) || is_scheme_of_list(word)
}

pub(super) fn is_scheme_of_list(word: &[u8]) -> bool {
    LISTS.iter().any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()))
}

/// At a space: the token behind `Bearer`, or the credentials behind `Basic`.
pub(super) fn behind_scheme(text: &[u8], at: usize) -> Found {
    let before = &text[..at];
    let word = |name: &str| {
        let start = at.checked_sub(name.len())?;
        let is_whole = start == 0 || !text[start - 1].is_ascii_alphanumeric();
        (is_whole && before[start..].eq_ignore_ascii_case(name.as_bytes())).then_some(())
    };
    let (is_bearer, is_basic) = (word("bearer").is_some(), word("basic").is_some());
    if !is_bearer && !is_basic {
        return Found::Nothing;
    }
    let start = at + text[at..].iter().take_while(|&&byte| byte == b' ').count();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    let len = text[start..].iter().take_while(|byte| is_part(byte)).count();
    // What ends a sentence is no part of it.
    let len = len - text[start..start + len].iter().rev().take_while(|&&byte| byte == b'.').count();
    let credentials = &text[start..start + len];
    let is_cut = len > 0 && text[start + len..].starts_with(CUT);
    if is_bearer && (is_cut || is_random(credentials)) || is_basic && is_user_and_password(credentials) {
        return Found::Secret(start..start + len);
    }
    Found::Clean(start)
}

/// Whether this is no word of a sentence, as in `Bearer Authentication failed`.
fn is_random(token: &[u8]) -> bool {
    let mixed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    token.len() >= SHORTEST && (token.iter().skip(1).any(mixed) || token.len() >= 32)
}

/// Whether this is base64 of a text with a colon in it (RFC 7617, section 2).
fn is_user_and_password(credentials: &[u8]) -> bool {
    let (mut bits, mut held) = (0_u32, 0);
    let mut has_colon = false;
    for &byte in credentials {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return false,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            has_colon |= (bits >> held) as u8 == b':';
        }
    }
    // So many are the fewest that `a:bcde` is written with.
    has_colon && credentials.len() >= 7
}

/// At the `J` of `eyJ`: a header, a payload and a signature, in base64url with dots between (RFC 7519); also the five
/// parts of an encrypted one (RFC 7516).
pub(super) fn json_web_token(text: &[u8], at: usize) -> Found {
    let Some(start) = at.checked_sub(2).filter(|&start| text[start..at] == *b"ey") else {
        return Found::Nothing;
    };
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let part = |from: usize| text[from..].iter().take_while(|byte| is_part(byte)).count();
    let header = part(start);
    let mut end = start + header;
    let mut parts = 1;
    while parts < 5 && text.get(end) == Some(&b'.') {
        let len = part(end + 1);
        // The key of an encrypted one may be empty, and so may the signature of one that has none.
        if len == 0 && (parts == 1 && text.get(end + 1) != Some(&b'.') || parts > 2) {
            break;
        }
        end += 1 + len;
        parts += 1;
    }
    // No later part of the header is a header in its own right.
    let is_cut = parts == 2 && text[end..].starts_with(CUT);
    if header >= SHORTEST_HEADER && (parts >= 3 || is_cut) {
        Found::Secret(start..end)
    } else {
        Found::Clean(start + header)
    }
}
