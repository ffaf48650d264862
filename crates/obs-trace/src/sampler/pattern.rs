//! What paths a rule is about: compiled once, matched without allocating.

use super::SamplerError;

/// The longest pattern, in bytes.
const LONGEST: usize = 512;
/// The most wildcards of one.
const WILDCARDS: usize = 8;
/// How much of a path is looked at, so that a long one costs no more than this.
const LOOKED_AT: usize = 1_024;

/// A path in which `*` stands for any text and `{name}` for one whole segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Box<[Token]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(Box<[u8]>),
    /// One segment, which is not empty.
    Segment,
    /// Any text, also none.
    Any,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, SamplerError> {
        if !text.starts_with(['/', '*']) || text.len() > LONGEST {
            return Err(SamplerError::BadRoute);
        }
        let (mut tokens, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['*', '{', '}']) {
            let (before, wild) = rest.split_at(at);
            push_text(&mut tokens, before);
            let (token, after) = match wild.strip_prefix('*') {
                Some(after) => (Token::Any, after),
                None => segment(before, wild).ok_or(SamplerError::BadRoute)?,
            };
            if token != Token::Any || tokens.last() != Some(&Token::Any) {
                tokens.push(token);
            }
            rest = after;
        }
        push_text(&mut tokens, rest);
        let wildcards = tokens.iter().filter(|token| !matches!(token, Token::Text(_))).count();
        if wildcards > WILDCARDS {
            return Err(SamplerError::BadRoute);
        }
        Ok(Self(tokens.into()))
    }

    /// Tries each `*` with the shortest text first and lengthens only the last one, which is enough: what an earlier one
    /// could take beyond that, the last one can take as well.
    pub(super) fn matches(&self, path: &str) -> bool {
        let path = path.as_bytes();
        let path = path.get(..LOOKED_AT).unwrap_or(path);
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
            assert_eq!(Pattern::parse(pattern).unwrap().matches(path), expected, "{pattern} {path}");
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
            assert_eq!(Pattern::parse(bad), Err(SamplerError::BadRoute), "{bad}");
        }
        assert!(Pattern::parse(&"/*a".repeat(WILDCARDS)).is_ok());
    }

    #[test]
    fn a_path_is_looked_at_up_to_a_bound() {
        let path = format!("/{}z", "a".repeat(100_000));
        assert!(Pattern::parse("/a*").unwrap().matches(&path));
        assert!(!Pattern::parse("*z").unwrap().matches(&path));
        assert!(!Pattern::parse("*a*a*a*a*a*a*a*b").unwrap().matches(&path));
    }
}
