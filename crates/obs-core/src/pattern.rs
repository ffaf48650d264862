//! What requests a rule is about, before any router has seen them: compiled once, matched without allocating.

use std::fmt;
use std::str::FromStr;

use crate::observe::Method;

/// The longest pattern, in bytes.
const LONGEST: usize = 512;
/// The most wildcards of one.
const WILDCARDS: usize = 8;
/// How much of a path is looked at, in bytes, so that a long one costs no more than this.
const LOOKED_AT: usize = 1_024;

/// A path such as `/health*`, or a method and a path such as `POST /orders/{id}`: `*` stands for any text, also none, and
/// `{name}` for one whole segment, so that route templates can be written as they are. It is held against the path as it was
/// asked for, of which the first 1,024 bytes are looked at: what is longer is matched by patterns that end in `*` alone, where all
/// before it is in these bytes.
///
/// ```
/// use obs_core::Pattern;
/// use obs_core::observe::Method;
///
/// let pay: Pattern = "POST /orders/{id}/pay".parse()?;
/// assert!(pay.matches(Some(Method::Post), "/orders/7/pay"));
/// assert!(!pay.matches(Some(Method::Get), "/orders/7/pay"));
/// # Ok::<_, obs_core::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    method: Option<Method>,
    path: Path,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// What stands in front of the path is no method of HTTP.
    UnknownMethod,
    /// What is to match is no path.
    BadPath,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownMethod => {
                "route begins with no method of HTTP; write `POST /orders`, or the path alone"
            }
            Self::BadPath => {
                "route is no path such as `/health*` or `/orders/{id}`: it begins with `/` or `*`, has at most 512 \
                 bytes and 8 wildcards, and braces around whole segments only"
            }
        })
    }
}

impl std::error::Error for PatternError {}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => (Some(Method::parse(method)), path.trim_start()),
            None => (None, text),
        };
        if method == Some(Method::Other) {
            return Err(PatternError::UnknownMethod);
        }
        Ok(Self { method, path: Path::parse(path)? })
    }
}

impl Pattern {
    /// Whether it is about requests of this method to this path.
    pub fn matches(&self, method: Option<Method>, path: &str) -> bool {
        self.method.is_none_or(|wanted| method == Some(wanted)) && self.path.matches(path)
    }

    /// Whether all of a path is looked at. A pattern that does not match a longer one may be about it all the same.
    #[inline]
    pub fn sees_all_of(path: &str) -> bool {
        path.len() <= LOOKED_AT
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Path(Box<[Token]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(Box<[u8]>),
    /// One segment, which is not empty.
    Segment,
    /// Any text, also none.
    Any,
}

impl Path {
    fn parse(text: &str) -> Result<Self, PatternError> {
        if !text.starts_with(['/', '*']) || text.len() > LONGEST {
            return Err(PatternError::BadPath);
        }
        let (mut tokens, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['*', '{', '}']) {
            let (before, wild) = rest.split_at(at);
            push_text(&mut tokens, before);
            let (token, after) = match wild.strip_prefix('*') {
                Some(after) => (Token::Any, after),
                None => segment(before, wild).ok_or(PatternError::BadPath)?,
            };
            if token != Token::Any || tokens.last() != Some(&Token::Any) {
                tokens.push(token);
            }
            rest = after;
        }
        push_text(&mut tokens, rest);
        let wildcards = tokens.iter().filter(|token| !matches!(token, Token::Text(_))).count();
        if wildcards > WILDCARDS {
            return Err(PatternError::BadPath);
        }
        Ok(Self(tokens.into()))
    }

    /// Tries each `*` with the shortest text first and lengthens only the last one, which is enough: what an earlier one
    /// could take beyond that, the last one can take as well.
    fn matches(&self, path: &str) -> bool {
        let path = path.as_bytes();
        let path = match path.get(..LOOKED_AT) {
            // How it ends is not looked at, so that only who does not care for its end can tell.
            Some(_) if path.len() > LOOKED_AT && self.0.last() != Some(&Token::Any) => return false,
            Some(begin) => begin,
            None => path,
        };
        let (mut token, mut at) = (0, 0);
        let mut longer = None;
        loop {
            let rest = path.get(at..).unwrap_or_default();
            let taken = match self.0.get(token) {
                None if rest.is_empty() => return true,
                None => None,
                Some(Token::Any) if token + 1 == self.0.len() => return true,
                Some(Token::Any) => {
                    longer = Some((token + 1, at + 1));
                    Some(0)
                }
                Some(Token::Text(text)) => rest.starts_with(text).then_some(text.len()),
                Some(Token::Segment) => {
                    let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
                    (end > 0).then_some(end)
                }
            };
            match (taken, longer) {
                (Some(len), _) => (token, at) = (token + 1, at + len),
                (None, Some((behind, begin))) if begin <= path.len() => {
                    (token, at) = (behind, begin);
                    longer = Some((behind, begin + 1));
                }
                (None, _) => return false,
            }
        }
    }
}

fn push_text(tokens: &mut Vec<Token>, text: &str) {
    if !text.is_empty() {
        tokens.push(Token::Text(text.as_bytes().into()));
    }
}

/// Reads `{name}` or, as routers write what takes all that follows, `{*name}`; both are whole segments.
fn segment<'a>(before: &str, wild: &'a str) -> Option<(Token, &'a str)> {
    let (name, after) = wild.strip_prefix('{')?.split_once('}')?;
    let (name, token) = match name.strip_prefix('*') {
        Some(name) => (name, Token::Any),
        None => (name, Token::Segment),
    };
    let is_name = !name.is_empty() && !name.contains(['/', '*', '{']);
    let is_whole = before.ends_with('/') && (after.is_empty() || after.starts_with('/'));
    (is_name && is_whole).then_some((token, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_are_any_text_and_names_one_segment() {
        let check = |pattern: &str, path: &str, expected| {
            assert_eq!(Path::parse(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        };
        for (pattern, good, bad) in [
            ("/health", &["/health"][..], &["/healthz", "/health/", "/", ""][..]),
            ("/health*", &["/health", "/healthz", "/health/live"], &["/heal", "/api/health"]),
            ("*", &["/", "", "/a/b"], &[]),
            ("*.css", &["/a.css", "/b/c.css.css"], &["/a.css/b", "/acss"]),
            ("/orders/{id}", &["/orders/7"], &["/orders/", "/orders", "/orders/7/items"]),
            ("/orders/{id}/items/{item}", &["/orders/7/items/8"], &["/orders/7/items/", "/orders//items/8"]),
            ("/files/{*path}", &["/files/a/b", "/files/"], &["/files"]),
            ("/*/items/*", &["/a/items/", "/a/b/items/c", "/items/items/x"], &["/items/x", "/a/items"]),
            ("/a*b*c", &["/abc", "/a-b-b-c", "/abcbc"], &["/ab", "/acb"]),
            ("*/{last}", &["/a", "/a/b"], &["/a/", "a"]),
        ] {
            good.iter().for_each(|path| check(pattern, path, true));
            bad.iter().for_each(|path| check(pattern, path, false));
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let (long, wild) = (format!("/{}", "a".repeat(LONGEST)), "/*a".repeat(WILDCARDS + 1));
        for bad in ["", "orders", "/a{id}", "/{id}b", "/{}", "/{a", "/a}", "/{a/b}", &long, &wild] {
            assert_eq!(Path::parse(bad), Err(PatternError::BadPath), "{bad}");
        }
        assert!(Path::parse(&"/*a".repeat(WILDCARDS)).is_ok());
    }

    #[test]
    fn a_path_is_looked_at_up_to_a_bound() {
        let path = format!("/{}z", "a".repeat(100_000));
        let check = |pattern: &str, path: &str, expected| {
            assert_eq!(Path::parse(pattern).unwrap().matches(path), expected, "{pattern}");
        };
        check("/a*", &path, true);
        check("*z", &path, false);
        check("*z*", &path, false);
        check("*a*a*a*a*a*a*a*b", &path, false);
    }

    #[test]
    fn what_is_longer_is_matched_by_its_beginning_alone_and_never_by_what_it_would_be_if_it_ended_there() {
        let check = |pattern: &str, path: &str, expected| {
            assert_eq!(Path::parse(pattern).unwrap().matches(path), expected, "{pattern} {}", path.len());
        };
        let (long, whole) = ("a".repeat(1_100), "a".repeat(LOOKED_AT - "/files/".len()));
        for (pattern, expected) in [
            ("/files/{name}", false),
            ("*a", false),
            ("/files/*", true),
            ("/files/{*path}", true),
            ("/files/{name}/*", false),
        ] {
            check(pattern, &format!("/files/{long}/admin"), expected);
        }
        check("/files/{name}", &format!("/files/{whole}"), true);
        check("/files/{name}", &format!("/files/{whole}/"), false);
        assert!(Pattern::sees_all_of(&format!("/files/{whole}")));
        assert!(!Pattern::sees_all_of(&format!("/files/{whole}/")));
    }
}
