//! User and password in a URL, both of which are replaced: a token often stands in the place of the user.

use super::CUT;
use super::find::{Escapes, Found, Scan};

/// How far the `@` behind user and password is looked for, in bytes.
const LONGEST: usize = 1_024;

/// What a sign is to a URL.
#[derive(Clone, Copy)]
enum Kind {
    Part,
    At,
    End,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Part; 256];
    let ends = b" \t\n\x0b\x0c\r\"<>`";
    let mut at = 0;
    while at < ends.len() {
        kinds[ends[at] as usize] = Kind::End;
        at += 1;
    }
    kinds[b'@' as usize] = Kind::At;
    kinds
};

/// How far a text was looked through for where URLs end. The next may begin inside of what the last one went through,
/// `a://a://a://`, and goes on where that ended, so that each byte is looked at once, however many there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    /// Up to here.
    end: usize,
    /// The last `@` in front of that.
    last_at: Option<usize>,
}

impl Ahead {
    /// Where the URL ends whose authority begins at `start`, and the last `@` in it. To be asked from front to back.
    fn of(&mut self, scan: &Scan<'_>, start: usize) -> (usize, Option<usize>) {
        let _ = self.look(scan, start);
        (self.end, self.last_at.filter(|&at| at >= start))
    }

    /// Goes on to where that URL ends; returns over how many signs.
    fn look(&mut self, scan: &Scan<'_>, start: usize) -> usize {
        self.end = self.end.max(start);
        if scan.escapes == Escapes::None {
            return self.look_plain(scan.text, start);
        }
        let mut signs = 0;
        while self.step(scan, start) {
            signs += 1;
        }
        signs
    }

    /// The same of a text in which each byte is a sign: every URL that is called comes through here.
    fn look_plain(&mut self, text: &[u8], start: usize) -> usize {
        let from = self.end;
        let within = text.get(from..text.len().min(start + LONGEST)).unwrap_or_default();
        for (at, &byte) in within.iter().enumerate() {
            match KINDS[usize::from(byte)] {
                Kind::Part => {}
                Kind::At => self.last_at = Some(from + at),
                Kind::End => {
                    self.end = from + at;
                    return at;
                }
            }
        }
        self.end += within.len();
        within.len()
    }

    /// Looks at one sign more; whether that belongs to the URL.
    fn step(&mut self, scan: &Scan<'_>, start: usize) -> bool {
        // Of what is longer the rest is no user's.
        let next = scan.unit(self.end).filter(|_| self.end - start < LONGEST);
        let Some((unit, len)) = next else { return false };
        match KINDS[usize::from(unit)] {
            Kind::Part => {}
            Kind::At => self.last_at = Some(self.end),
            Kind::End => return false,
        }
        self.end += len;
        true
    }
}

/// What opens behind `scheme:`, whose colon is at `colon`.
pub(super) fn authority(scan: &Scan<'_>, colon: usize, ahead: &mut Ahead) -> Found {
    let text = scan.text;
    let before = text.get(scan.floor..colon).unwrap_or_default();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme = before.iter().rev().take_while(is_part).count();
    let start = colon + 3;
    if scheme == 0 {
        return Found::Clean(start);
    }
    let scheme = &before[before.len() - scheme..];
    let (end, last_at) = ahead.of(scan, start);
    let last_at = last_at.map(|at| at - start);
    let word = &text[start..end];
    let strict = word.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(word.len());
    let is_web = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    let Some(user) = user_information(word, strict, last_at) else {
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
/// section 3.2; passwords are often written with signs in them that a URL would need encoded. `last_at` is the last `@`
/// of the word.
fn user_information(word: &[u8], strict: usize, last_at: Option<usize>) -> Option<usize> {
    let colon = word[..strict].iter().position(|&byte| byte == b':');
    match word[..strict].iter().rposition(|&byte| byte == b'@') {
        Some(at) if at + 1 < strict || colon.is_none() => Some(at),
        // What looks like a port but is none: the beginning of a password.
        _ => {
            let port = &word[colon? + 1..strict];
            let is_port = port.iter().all(u8::is_ascii_digit) || word.starts_with(b"[");
            if is_port { None } else { last_at }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::*;

    fn scan(text: &str, escapes: Escapes) -> Scan<'_> {
        Scan { text: text.as_bytes(), escapes, rules: Rules::STANDARD, floor: 0 }
    }

    fn starts(text: &str) -> impl Iterator<Item = usize> {
        text.match_indices("://").map(|(colon, _)| colon + 3)
    }

    #[test]
    fn a_text_full_of_urls_is_looked_through_once() {
        for url in ["a://", "a://x:y/", "a://x:y/@", "http://u@h/"] {
            let text = url.repeat(16 * 1024 / url.len());
            let (scan, mut ahead) = (scan(&text, Escapes::None), Ahead::default());
            let signs: usize = starts(&text).map(|start| ahead.look(&scan, start)).sum();
            assert!(signs > 0 && signs <= text.len(), "{url}: {signs} signs of {}", text.len());
        }
    }

    /// What [`Ahead`] says, from nothing.
    fn looked_anew(scan: &Scan<'_>, start: usize) -> (usize, Option<usize>) {
        let mut end = start;
        while let Some((unit, len)) = scan.unit(end).filter(|_| end - start < LONGEST) {
            if matches!(unit, b' ' | b'"' | b'<' | b'>' | b'`') {
                break;
            }
            end += len;
        }
        (end, scan.text[start..end].iter().rposition(|&byte| byte == b'@').map(|at| start + at))
    }

    #[test]
    fn what_was_seen_before_is_what_would_be_seen_anew() {
        let long = "x".repeat(300);
        let units = [
            "a://", "b://u:p", "/", "@", ":", "x", "\\", "\"", " ", "\n", "\u{1f}", "é", "…", "\u{85}",
            &long, &long,
        ];
        // A generator of numbers, so that each run reads the same texts: Numerical Recipes' constants.
        let mut state = 1_u32;
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let mut with_at = 0;
        for turn in 0..200 {
            // Some with few ends, so that they go as far as is looked.
            let known = if turn % 2 == 0 { units.len() } else { 7 };
            let text: String = (0..next(1_000)).map(|_| units[next(known)]).collect();
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let escaped = escaped.replace('\u{1f}', "\\u001f").replace('\u{85}', "\\u0085");
            for (text, escapes) in [(&text, Escapes::None), (&escaped, Escapes::Json)] {
                let (scan, mut ahead) = (scan(text, escapes), Ahead::default());
                for start in starts(text).filter(|_| turn % 3 > 0 || next(3) == 0).collect::<Vec<_>>() {
                    let expected = looked_anew(&scan, start);
                    assert_eq!(ahead.of(&scan, start), expected, "{start} {text:?}");
                    with_at += usize::from(expected.1.is_some());
                }
            }
        }
        assert!(with_at > 1_000, "{with_at}");
    }
}
