//! Secrets inside of free text, by the shapes they have in errors of drivers and clients.
//!
//! What is in doubt is taken for a secret: a detail less is a smaller loss than a password shown.

use obs_core::redact::{REDACTED, is_secret};

/// `text` without secrets.
pub(crate) fn redact(text: &str) -> String {
    // A URL first, so that its host stays even where its user's name looks like a key; then keys, whose values may
    // hold anything; then what is left. What every text is looked for comes last: here more is taken for a secret.
    let text = bare_credentials(&tokens(&values(&urls(text))));
    obs_core::redact::redact(&text).into_owned()
}

/// Replaces each word in turn, white space staying as it is.
fn each_word(text: &str, replace: impl Fn(&str, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        replace(bare, &mut out);
        out.push_str(&word[bare.len()..]);
    }
    out
}

/// `scheme://user:password@host`: whatever stands before the last `@`, for passwords are often written as they are,
/// with all the signs that a URL would need encoded.
fn urls(text: &str) -> String {
    each_word(text, |word, out| match word.rsplit_once('@') {
        Some((before, host)) if before.contains("://") => {
            let scheme = before.find("://").unwrap_or_default();
            // With one of these in front it is no scheme: see `bare_credentials`.
            if word[..scheme].contains([':', '@']) {
                out.push_str(word);
            } else {
                out.extend([&word[..scheme], "://", REDACTED, "@", host]);
            }
        }
        _ => out.push_str(word),
    })
}

/// `user:password@host` without a scheme. An address without a colon is one of mail.
fn bare_credentials(text: &str) -> String {
    each_word(text, |word, out| match word.rsplit_once('@') {
        Some((before, host)) if before.contains(':') && !is_done(before) => out.extend([REDACTED, "@", host]),
        _ => out.push_str(word),
    })
}

/// Whether what stands before an `@` is what [`urls`] leaves there.
fn is_done(before: &str) -> bool {
    let scheme = before.strip_suffix(REDACTED).and_then(|rest| rest.strip_suffix("://"));
    scheme.is_some_and(|scheme| !scheme.contains([':', '@']))
}

/// `key=value`, `key: value` and `"key":"value"` where the key is one of a secret.
fn values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find(['=', ':']).map(|at| from + at) {
        let key = key_before(&text[done..at]);
        from = at + 1;
        if !is_secret_key(key) {
            continue;
        }
        let rest = &text[from..];
        let value = rest.trim_start_matches(['=', '>', ' ', '\t']);
        let start = text.len() - value.len();
        let end = start + value_length(key, value);
        if end > start {
            out.extend([&text[done..start], REDACTED]);
            (done, from) = (end, end);
        }
    }
    out.push_str(&text[done..]);
    out
}

/// The name that ends `text`, in quotes or not.
fn key_before(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '\t']);
    let text = text.strip_suffix(['"', '\'', '`']).unwrap_or(text);
    let text = text.strip_suffix('\\').unwrap_or(text);
    let is_part = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    &text[text.trim_end_matches(is_part).len()..]
}

fn is_secret_key(key: &str) -> bool {
    if is_secret(key) {
        return true;
    }
    // In one word, as libpq has it; and in signed URLs, where the signature opens what it was made for.
    let key = key.to_ascii_lowercase();
    key.ends_with("password") || key.ends_with("signature") || key == "sig"
}

/// How much of `text` is the value of `key`.
fn value_length(key: &str, text: &str) -> usize {
    if text.starts_with(REDACTED) {
        return REDACTED.len();
    }
    // As `Debug` prints a text with quotes in it.
    if let Some(quoted) = text.strip_prefix("\\\"") {
        return quoted.find("\\\"").map_or(text.len(), |at| at + 4);
    }
    if let Some(quote) = text.chars().next().filter(|char| matches!(char, '"' | '\'' | '`')) {
        return 1 + until(&text[1..], |char| char == quote).map_or(text.len() - 1, |at| at + 1);
    }
    let key = key.to_ascii_lowercase();
    if key.contains("authorization") || key.contains("cookie") {
        return text.find(['\r', '\n']).unwrap_or(text.len());
    }
    let word = until(text, char::is_whitespace).unwrap_or(text.len());
    if !is_scheme(&text[..word]) {
        return word;
    }
    let rest = text[word..].trim_start_matches([' ', '\t']);
    let next = rest.find(char::is_whitespace).unwrap_or(rest.len());
    text.len() - rest.len() + next
}

/// Where the first character is that `ends` it and has no backslash before it.
fn until(text: &str, ends: impl Fn(char) -> bool) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, char)| {
        let is_end = !escaped && ends(char);
        escaped = !escaped && char == '\\';
        is_end.then_some(at)
    })
}

/// Whether a word is a scheme of authorization, whose credentials follow (RFC 9110, section 11.1).
fn is_scheme(word: &str) -> bool {
    let word = word.trim_start_matches(|char: char| !char.is_ascii_alphanumeric());
    ["basic", "bearer", "digest", "negotiate", "token"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// `Bearer abc` and JSON web tokens, wherever they stand.
fn tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut follows_scheme = false;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let jwt = bare.find("eyJ").filter(|at| bare.len() - at >= 16);
        // Words of a sentence, as in `bearer authentication failed`, are in lower case and without digits.
        let is_token = bare.len() >= 8 && bare.contains(|char: char| !char.is_ascii_lowercase());
        if follows_scheme && is_token {
            out.push_str(REDACTED);
        } else if let Some(at) = jwt {
            out.extend([&bare[..at], REDACTED]);
        } else {
            out.push_str(bare);
        }
        out.push_str(&word[bare.len()..]);
        if !bare.is_empty() {
            follows_scheme = is_scheme(bare);
        }
    }
    out
}

#[cfg(test)]
mod tests;
