//! SQL cut into pieces, as far as it has to be told apart: what may be data, and what is the statement's own.

use super::Dialect;

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, or a name without quotes.
    Word(&'a str),
    /// A name in quotes, with them.
    Quoted(&'a str),
    /// Text, a number, bytes: data.
    Literal,
    /// A place for data that is sent beside the statement: `$1`, `?`, `:name`, `@p1`.
    Placeholder(&'a str),
    /// Any other character.
    Other(&'a str),
    /// White space, or a comment.
    Space,
}

/// The pieces in their order.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    dialect: Dialect,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { rest: text, dialect }
    }

    /// Takes so many bytes, which end at a character's boundary.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(|other| !is(other)).unwrap_or(self.rest.len()))
    }
}

/// Where a text in quotes that begins here ends, behind its last quote; where it does not, it goes to the end.
fn quoted(text: &str, quote: u8, escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            // Doubled it stands for itself.
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Where text between two `$tag$` ends, if one begins here (PostgreSQL, "Dollar-Quoted String Constants").
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = text[1..].find('$').map(|end| &text[..end + 2])?;
    let name = &tag[1..tag.len() - 1];
    let is_name = name.chars().all(is_in_word) && !name.starts_with(|first: char| first.is_ascii_digit());
    is_name.then(|| text[tag.len()..].find(tag).map_or(text.len(), |end| end + 2 * tag.len()))
}

/// Where a comment ends that begins here; those of SQL may be nested.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (1, 2);
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'*', b'/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            _ => at += 1,
        }
    }
    text.len()
}

fn is_in_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.rest;
        let Dialect { escapes, double_quotes_are_text, .. } = self.dialect;
        Some(match text.as_bytes() {
            [] => return None,
            [b'-', b'-', ..] => {
                self.take(text.find('\n').unwrap_or(text.len()));
                Token::Space
            }
            [b'#', ..] if self.dialect.hash_is_comment => {
                self.take(text.find('\n').unwrap_or(text.len()));
                Token::Space
            }
            [b'/', b'*', ..] => {
                self.take(comment(text));
                Token::Space
            }
            [b'\'', ..] => {
                self.take(quoted(text, b'\'', escapes));
                Token::Literal
            }
            // What stands in front of the quote says how to read what is in it.
            [b'e' | b'E', b'\'', ..] => {
                self.take(1);
                self.take(quoted(self.rest, b'\'', true));
                Token::Literal
            }
            [b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'', ..] => {
                self.take(1);
                self.take(quoted(self.rest, b'\'', escapes));
                Token::Literal
            }
            [b'"', ..] if double_quotes_are_text => {
                self.take(quoted(text, b'"', escapes));
                Token::Literal
            }
            [quote @ (b'"' | b'`'), ..] => Token::Quoted(self.take(quoted(text, *quote, false))),
            [b'[', ..] if self.dialect.brackets_are_names => {
                Token::Quoted(self.take(quoted(text, b']', false)))
            }
            [b'$', next, ..] if next.is_ascii_digit() => {
                let digits = text[1..].find(|other: char| !other.is_ascii_digit());
                Token::Placeholder(self.take(digits.map_or(text.len(), |end| end + 1)))
            }
            [b'$', ..] if dollar_quoted(text).is_some() => {
                self.take(dollar_quoted(text).unwrap_or(text.len()));
                Token::Literal
            }
            [b'?', ..] => {
                let digits = text[1..].find(|other: char| !other.is_ascii_digit());
                Token::Placeholder(self.take(digits.map_or(text.len(), |end| end + 1)))
            }
            // A cast, which is no name of a place.
            [b':', b':', ..] => Token::Other(self.take(2)),
            [b':' | b'@', next, ..] if *next == b'_' || next.is_ascii_alphanumeric() => {
                let end = text[1..].find(|other| !is_in_word(other));
                Token::Placeholder(self.take(end.map_or(text.len(), |end| end + 1)))
            }
            [first, ..] if first.is_ascii_digit() => {
                self.number();
                Token::Literal
            }
            [b'.', next, ..] if next.is_ascii_digit() => {
                self.number();
                Token::Literal
            }
            [first, ..] if first.is_ascii_whitespace() => {
                self.take_while(char::is_whitespace);
                Token::Space
            }
            _ => {
                // Digits are part of a word they do not begin.
                let word = self.take_while(is_in_word);
                if word.is_empty() {
                    let first = self.rest.chars().next().map_or(1, char::len_utf8);
                    Token::Other(self.take(first))
                } else {
                    Token::Word(word)
                }
            }
        })
    }
}

impl Tokens<'_> {
    /// Takes a number: `1`, `1.5`, `.5`, `1e-9`, `0xff`, `1_000`.
    fn number(&mut self) {
        let is_part = |byte: u8| byte == b'.' || byte == b'_' || byte.is_ascii_alphanumeric();
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        while let Some(&byte) = bytes.get(end) {
            let is_sign = matches!(byte, b'+' | b'-')
                && end > 0
                && matches!(bytes[end - 1], b'e' | b'E')
                && !bytes.starts_with(b"0x")
                && !bytes.starts_with(b"0X")
                && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
            if !is_part(byte) && !is_sign {
                break;
            }
            end += 1;
        }
        self.take(end);
    }
}
