//! SQL cut into pieces, as far as it has to be told apart: what may be data, and what is the statement's own.

use super::dialect::{Dialect, Has};
use super::quotes::{comment, dollar_quoted, is_in_word, line, name, prefixed, quoted, text};

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, or a name without quotes.
    Word(&'a str),
    /// A name in quotes, with them.
    Quoted(&'a str),
    /// In double quotes, with them: a name or data.
    Either(&'a str),
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
    /// The last that was no space, and whether there was space behind it.
    before: Token<'a>,
    is_spaced: bool,
}

/// The most digits of a place's number. More may be data.
const MOST_DIGITS: usize = 3;
/// The same behind `$`: PostgreSQL has up to 65,535 places.
const MOST_DIGITS_OF_DOLLARS: usize = 5;

/// Words that a value may follow.
const IN_FRONT_OF_VALUES: &[&str] = &[
    "and", "between", "by", "else", "first", "in", "is", "like", "limit", "next", "not", "offset", "on",
    "or", "return", "select", "set", "then", "top", "values", "when", "where",
];

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { rest: text, dialect, before: Token::Space, is_spaced: false }
    }

    /// Takes so many bytes, which end at a character's boundary.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes all up to where it ends, and where that is not known, all there is: data.
    fn up_to(&mut self, end: Option<usize>, token: impl FnOnce(&'a str) -> Token<'a>) -> Token<'a> {
        let Some(end) = end else {
            self.rest = "";
            return Token::Literal;
        };
        token(self.take(end))
    }

    fn text(&mut self, end: Option<usize>) -> Token<'a> {
        self.up_to(end, |_| Token::Literal)
    }

    fn space(&mut self, end: Option<usize>) -> Token<'a> {
        self.up_to(end, |_| Token::Space)
    }

    fn other(&mut self) -> Token<'a> {
        let first = self.rest.chars().next().map_or(1, char::len_utf8);
        Token::Other(self.take(first))
    }

    /// Behind the sign of a place and its number of at most so many digits; `None` where that is no place's number.
    fn numbered(&self, most: usize) -> Option<usize> {
        let digits = self.rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        let rest = &self.rest[1 + digits..];
        let goes_on = rest.starts_with(is_in_word)
            || rest
                .strip_prefix('.')
                .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
        (digits > 0 && digits <= most && !goes_on).then_some(1 + digits)
    }

    /// Whether a value may stand here: behind an operator or a word that has one. Behind a name or a text, a colon is that of a
    /// pair or a range.
    fn is_value_due(&self) -> bool {
        match self.before {
            Token::Other(sign) => "(,=<>+-*/%|&^~!".contains(sign),
            Token::Word(word) => {
                self.is_spaced && IN_FRONT_OF_VALUES.iter().any(|other| word.eq_ignore_ascii_case(other))
            }
            _ => false,
        }
    }

    fn double_quoted(&mut self) -> Token<'a> {
        let Dialect { escapes, name_escapes, double_quoted_texts, .. } = self.dialect;
        match double_quoted_texts {
            Has::No => self.up_to(quoted(self.rest, b'"', name_escapes), Token::Quoted),
            Has::Yes => self.text(text(self.rest, b'"', escapes, self.dialect)),
            Has::Maybe => self.up_to(text(self.rest, b'"', escapes, self.dialect), Token::Either),
        }
    }

    /// A name that ends at `close`, where what it begins with is no other character.
    fn name(&mut self, close: u8, is_name: Has, escapes: Has) -> Token<'a> {
        match name(self.rest, close, is_name, escapes) {
            Some(None) => self.other(),
            found => self.up_to(found.flatten(), Token::Quoted),
        }
    }

    fn dollar(&mut self) -> Token<'a> {
        if self.dialect.money == Has::Yes && self.rest[1..].starts_with(|next: char| next.is_ascii_digit()) {
            self.take(1);
            self.number();
            return Token::Literal;
        }
        if let Some(end) = self.numbered(MOST_DIGITS_OF_DOLLARS) {
            return Token::Placeholder(self.take(end));
        }
        match dollar_quoted(self.rest) {
            // A system without such texts may have it as a name.
            Some(end) => self.text(end.filter(|_| self.dialect.dollar_quotes == Has::Yes)),
            None => self.other(),
        }
    }

    /// A place, a cast, or what stands between a key and its value.
    fn colon(&mut self) -> Token<'a> {
        if self.rest.starts_with("::") {
            return Token::Other(self.take(2));
        }
        if let Some(end) = self.numbered(MOST_DIGITS).filter(|_| self.is_value_due()) {
            return Token::Placeholder(self.take(end));
        }
        self.named()
    }

    /// A place that has a name.
    fn named(&mut self) -> Token<'a> {
        let name = &self.rest[1..];
        if !name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic()) {
            return self.other();
        }
        let end = name.find(|other| !is_in_word(other)).unwrap_or(name.len());
        Token::Placeholder(self.take(1 + end))
    }

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

    fn piece(&mut self) -> Option<Token<'a>> {
        let all = self.rest;
        let dialect = self.dialect;
        Some(match all.as_bytes() {
            [] => return None,
            [b'-', b'-', next @ ..] => {
                let is_spaced =
                    next.first().is_none_or(|next| next.is_ascii_whitespace() || next.is_ascii_control());
                match dialect.spaced_dashes {
                    Has::Yes if !is_spaced => self.other(),
                    Has::Maybe if !is_spaced => self.space(line(all, Has::Maybe)),
                    _ => self.space(line(all, Has::Yes)),
                }
            }
            [b'#', ..] if dialect.hash_comments != Has::No => self.space(line(all, dialect.hash_comments)),
            [b'/', b'/', ..] if dialect.slash_comments != Has::No => {
                self.space(line(all, dialect.slash_comments))
            }
            [b'/', b'*', ..] => self.space(comment(all, dialect.nested_comments)),
            [b'\'', ..] => self.text(text(all, b'\'', dialect.escapes, dialect)),
            [b'"', ..] => self.double_quoted(),
            [b'`', ..] => self.name(b'`', dialect.backticks, dialect.name_escapes),
            [b'[', ..] => self.name(b']', dialect.brackets, Has::No),
            [b'$', ..] => self.dollar(),
            [b'?', ..] => {
                let end = self.numbered(MOST_DIGITS).unwrap_or(1);
                Token::Placeholder(self.take(end))
            }
            [b':', ..] => self.colon(),
            // `@@` is in front of the names of a server's variables.
            [b'@', ..] => self.named(),
            [first, ..] | [b'.', first, ..] if first.is_ascii_digit() => {
                self.number();
                // A name or a text may begin there, as far as anything may.
                if self.rest.starts_with('$') {
                    self.rest = "";
                }
                Token::Literal
            }
            [first, ..] if first.is_ascii_whitespace() => {
                self.take(all.find(|other: char| !other.is_whitespace()).unwrap_or(all.len()));
                Token::Space
            }
            _ => {
                // What stands in front of a quote says how to read what is in it.
                if let Some(end) = prefixed(all, dialect) {
                    return Some(self.text(end));
                }
                // Digits and dollars are part of a word they do not begin.
                let is_part = |other: char| is_in_word(other) || other == '$';
                match all.find(|other| !is_part(other)).unwrap_or(all.len()) {
                    0 => self.other(),
                    end => Token::Word(self.take(end)),
                }
            }
        })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.piece()?;
        self.is_spaced = token == Token::Space;
        if !self.is_spaced {
            self.before = token;
        }
        Some(token)
    }
}
