//! Where that ends which begins here: texts and names in quotes, and comments.
//!
//! `None` is where it does not end, or where it is not known where: what follows may all be data.

use super::dialect::{Dialect, Has};

/// Behind the last quote of what begins with one.
pub(super) fn quoted(text: &str, quote: u8, escapes: Has) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'\\' if escapes == Has::Maybe && bytes.get(at + 1) == Some(&quote) => return None,
            b'\\' if escapes != Has::No => at += 2,
            // Doubled it stands for itself.
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Behind the last quote of a text that begins with `quote`.
pub(super) fn text(text: &str, quote: u8, escapes: Has, dialect: Dialect) -> Option<usize> {
    if dialect.triple_quotes == Has::No || !text.as_bytes().starts_with(&[quote; 3]) {
        return quoted(text, quote, escapes);
    }
    if dialect.triple_quotes == Has::Maybe {
        return None;
    }
    let bytes = text.as_bytes();
    let mut at = 3;
    loop {
        match bytes.get(at..)? {
            [] => return None,
            [b'\\', ..] => at += 2,
            rest if rest.starts_with(&[quote; 3]) => return Some(at + 3),
            _ => at += 1,
        }
    }
}

/// A text behind letters that say how to read it, such as `E'..'`: where its quotes begin, and where it ends.
pub(super) fn prefixed(all: &str, dialect: Dialect) -> Option<Option<usize>> {
    let begin = all.bytes().take(3).position(|byte| matches!(byte, b'\'' | b'"'))?;
    let (letters, rest) = all.split_at(begin);
    let quote = rest.bytes().next()?;
    if quote == b'"' && dialect.double_quoted_texts != Has::Yes {
        return None;
    }
    let is = |words: &[&str]| words.iter().any(|word| letters.eq_ignore_ascii_case(word));
    let end = if is(&["q", "nq"]) && dialect.q_quotes != Has::No {
        // A system that is not known may have no such texts.
        (dialect.q_quotes == Has::Yes).then(|| alternative(rest)).flatten()
    } else if is(&["r", "rb", "br"]) && (dialect.raw_texts == Has::Yes || dialect.triple_quotes == Has::Yes) {
        // GoogleSQL keeps the backslash of a raw text, but also the quote behind it.
        let escapes = if dialect.raw_texts == Has::Yes { Has::No } else { dialect.escapes };
        text(rest, quote, escapes, dialect)
    } else if is(&["e"]) {
        let is_sure = [dialect.escapes, dialect.e_texts].contains(&Has::Yes);
        quoted(rest, quote, if is_sure { Has::Yes } else { Has::Maybe })
    } else if is(&["b", "x", "n"]) {
        text(rest, quote, dialect.escapes, dialect)
    } else {
        return None;
    };
    Some(end.map(|end| begin + end))
}

/// Behind the quote of `'[it's]'` (Oracle Database, "Text Literals").
fn alternative(text: &str) -> Option<usize> {
    let open = text[1..].chars().next()?;
    let close = match open {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        '<' => '>',
        other => other,
    };
    let begin = 1 + open.len_utf8();
    let end = text[begin..].match_indices(close).map(|(at, found)| begin + at + found.len());
    end.into_iter().find(|end| text[*end..].starts_with('\'')).map(|end| end + 1)
}

/// Behind the second `$tag$` where text between two of them begins here (PostgreSQL, "Dollar-Quoted String Constants").
pub(super) fn dollar_quoted(text: &str) -> Option<Option<usize>> {
    let tag = text[1..].find('$').map(|end| &text[..end + 2])?;
    let name = &tag[1..tag.len() - 1];
    let is_name = name.chars().all(is_in_word) && !name.starts_with(|first: char| first.is_ascii_digit());
    is_name.then(|| text[tag.len()..].find(tag).map(|end| end + 2 * tag.len()))
}

/// Behind the end of a name in brackets or backticks, which ends at `close`. Where they may be others, that is sure only of what
/// is read the same either way, and there they are taken for others: `Some(None)`.
pub(super) fn name(text: &str, close: u8, is_name: Has, escapes: Has) -> Option<Option<usize>> {
    match is_name {
        Has::No => Some(None),
        Has::Yes => quoted(text, close, escapes).map(Some),
        Has::Maybe => {
            let end = text[1..].bytes().position(|byte| byte == close)? + 1;
            let inner = &text[1..end];
            let is_same = !has_quotes(inner) && !inner.contains(['#', '\\']) && !inner.contains("--");
            (is_same && !inner.contains("//")).then_some(None)
        }
    }
}

/// At the end of the line of a comment that begins here, if it is one.
pub(super) fn line(text: &str, is_comment: Has) -> Option<usize> {
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    // Some systems end it at a carriage return.
    let is_sure = is_comment == Has::Yes && !line.trim_end_matches('\r').contains('\r');
    (is_sure || !has_quotes(line)).then_some(line.len())
}

/// Behind the end of a comment that begins here; one that never ends is all there is.
pub(super) fn comment(text: &str, nested: Has) -> Option<usize> {
    if nested == Has::Yes {
        return Some(nested_comment(text).unwrap_or(text.len()));
    }
    let Some(end) = text[2..].find("*/").map(|end| end + 2) else { return Some(text.len()) };
    let inner = &text[2..end];
    // MySQL runs what is in `/*! .. */`, where an end may stand in a text.
    let is_run = inner.starts_with('!') || inner.starts_with("M!");
    let is_doubtful = inner.contains("/*") || is_run && has_quotes(inner);
    (!is_doubtful).then_some(end + 2)
}

fn nested_comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (1_u32, 2);
    loop {
        match text.as_bytes().get(at..)? {
            [] => return None,
            [b'*', b'/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return Some(at);
                }
            }
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            _ => at += 1,
        }
    }
}

/// Whether anything in it may begin a text, a name or a comment of another kind.
fn has_quotes(text: &str) -> bool {
    text.contains(['\'', '"', '`', '$', '[']) || text.contains("/*")
}

pub(super) fn is_in_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}
