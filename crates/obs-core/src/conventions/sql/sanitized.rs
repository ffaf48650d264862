//! The text of a statement without data.

use super::Dialect;
use super::token::{Token, Tokens};

/// The longest text that is told, in bytes; the rest is left out.
pub const MAX_TEXT: usize = 4 * 1_024;

/// The statement with `?` in the place of each text and number, without comments, and with single spaces. A list of data
/// behind `IN` is one `?`, however long it is. At most [`MAX_TEXT`] bytes.
///
/// ```
/// use obs_core::conventions::sql::{Dialect, sanitized};
///
/// let query = "SELECT * FROM users WHERE name = 'Ada' AND id IN (1, 2, 3) -- by mail";
/// assert_eq!(sanitized(query, Dialect::STANDARD), "SELECT * FROM users WHERE name = ? AND id IN (?)");
/// ```
pub fn sanitized(query: &str, dialect: Dialect) -> String {
    let mut out = String::with_capacity(query.len().min(MAX_TEXT));
    let (mut is_spaced, mut list) = (false, List::No);
    for token in Tokens::new(query, dialect) {
        if token == Token::Space {
            is_spaced = true;
            continue;
        }
        let was = list;
        list = list.then(token);
        if was == List::Data && list == List::Data {
            is_spaced = false;
            continue;
        }
        let text = match token {
            Token::Literal | Token::Either(_) => "?",
            Token::Word(text) | Token::Quoted(text) | Token::Placeholder(text) | Token::Other(text) => text,
            Token::Space => "",
        };
        let spaced = usize::from(is_spaced && !out.is_empty());
        if out.len() + spaced + text.len() > MAX_TEXT {
            break;
        }
        if spaced > 0 {
            out.push(' ');
        }
        is_spaced = false;
        out.push_str(text);
    }
    out
}

/// Where in `IN (.., ..)` a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    No,
    /// Behind `IN`.
    In,
    /// Behind its parenthesis.
    Open,
    /// Behind data in it: all that follows up to something else than data and commas is more of the same.
    Data,
}

impl List {
    fn then(self, token: Token<'_>) -> Self {
        match (self, token) {
            (_, Token::Word(word)) if word.eq_ignore_ascii_case("in") => Self::In,
            (Self::In, Token::Other("(")) => Self::Open,
            (Self::Open, Token::Literal | Token::Either(_) | Token::Placeholder(_)) => Self::Data,
            (Self::Data, Token::Literal | Token::Either(_) | Token::Placeholder(_) | Token::Other(",")) => {
                Self::Data
            }
            _ => Self::No,
        }
    }
}
