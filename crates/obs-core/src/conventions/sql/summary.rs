//! What a statement does, and to which table.

use std::borrow::Cow;
use std::iter::Peekable;

use super::Dialect;
use super::token::{Token, Tokens};

/// What a statement does, and to which table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary<'a> {
    /// One of [`OPERATIONS`]; `None` for what is none of them.
    pub operation: Option<&'static str>,
    /// The first table, without quotes, as it is written; `None` where it stands in no place that is known.
    pub collection: Option<Cow<'a, str>>,
    /// Whether there are further tables beside it.
    pub is_joined: bool,
}

/// What statements do, in upper case.
pub const OPERATIONS: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "REPLACE",
    "TRUNCATE",
    "CREATE",
    "ALTER",
    "DROP",
    "CALL",
    "EXEC",
    "EXECUTE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "SET",
    "SHOW",
    "EXPLAIN",
    "ANALYZE",
    "VACUUM",
    "COPY",
    "LOCK",
    "LISTEN",
    "NOTIFY",
    "GRANT",
    "REVOKE",
    "DECLARE",
    "FETCH",
    "CLOSE",
    "PRAGMA",
    "USE",
    "VALUES",
];

/// What may stand between a statement's word and its table.
const BETWEEN: &[&str] =
    &["only", "if", "not", "exists", "table", "low_priority", "ignore", "lateral", "concurrently"];

/// What tells that there is more than one table.
const FURTHER: &[&str] = &["join", "union", "from", "using"];

/// The longest name of a table that is told, in bytes.
pub(super) const MAX_NAME: usize = 128;

/// What a statement does, and to which table.
///
/// ```
/// use obs_core::conventions::sql::{Dialect, summary};
///
/// let summary = summary("insert into shop.orders (id) values (7)", Dialect::STANDARD);
/// assert_eq!(summary.to_string(), "INSERT shop.orders");
/// ```
pub fn summary(query: &str, dialect: Dialect) -> Summary<'_> {
    let mut tokens = Tokens::new(query, dialect).filter(|token| *token != Token::Space).peekable();
    // Behind `WITH` come names, and queries in parentheses; the statement is what follows.
    let known = |word: &str| OPERATIONS.iter().copied().find(|operation| is(word, operation));
    let Some(operation) = outside(&mut tokens, known) else { return Summary::default() };
    let mut summary = Summary { operation: Some(operation), ..Summary::default() };
    let marker: &[&str] = match operation {
        "SELECT" | "DELETE" | "FETCH" | "SHOW" => &["from"],
        "INSERT" | "MERGE" | "REPLACE" => &["into"],
        "CREATE" | "ALTER" | "DROP" => &["table", "view", "index", "sequence"],
        "UPDATE" | "TRUNCATE" | "CALL" | "EXEC" | "EXECUTE" | "COPY" | "LOCK" => &[],
        _ => return summary,
    };
    let is_marker = |word: &str| marker.iter().any(|marker| is(word, marker)).then_some(());
    if !marker.is_empty() && outside(&mut tokens, is_marker).is_none() {
        return summary;
    }
    let is_between = |token: &Token<'_>| matches!(token, Token::Word(word) if BETWEEN.iter().any(|between| is(word, between)));
    while tokens.next_if(is_between).is_some() {}
    let name = name(query, &mut tokens);
    summary.collection = Some(name).filter(|name| !name.is_empty() && name.len() <= MAX_NAME);
    let is_further = |word: &str| FURTHER.iter().any(|further| is(word, further));
    summary.is_joined = tokens.any(|token| matches!(token, Token::Word(word) if is_further(word)));
    summary
}

/// The first word outside of parentheses that something is found for.
fn outside<'a, T>(
    tokens: &mut impl Iterator<Item = Token<'a>>,
    mut find: impl FnMut(&'a str) -> Option<T>,
) -> Option<T> {
    let mut depth = 0_u32;
    tokens.find_map(|token| {
        match token {
            Token::Other("(") => depth += 1,
            Token::Other(")") => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 => return find(word),
            _ => {}
        }
        None
    })
}

/// The name that stands here, such as `shop."Orders"`, without quotes; empty where there is none. Copied only where it does not
/// stand there so.
fn name<'a>(query: &'a str, tokens: &mut Peekable<impl Iterator<Item = Token<'a>>>) -> Cow<'a, str> {
    let mut name = Cow::Borrowed("");
    let mut is_part_next = true;
    let fits = |token: &Token<'_>, is_part_next: bool| match token {
        Token::Word(_) | Token::Quoted(_) => is_part_next,
        Token::Other(".") => !is_part_next,
        _ => false,
    };
    while let Some(part) = tokens.next_if(|token| fits(token, is_part_next)) {
        let part = match part {
            Token::Word(text) | Token::Other(text) => text,
            Token::Quoted(text) => text.get(1..text.len().saturating_sub(1)).unwrap_or_default(),
            _ => "",
        };
        name = joined(query, name, part);
        is_part_next = !is_part_next;
    }
    name
}
/// `name` and `part`, which mostly stand beside each other in the query.
fn joined<'a>(query: &'a str, name: Cow<'a, str>, part: &'a str) -> Cow<'a, str> {
    if name.is_empty() {
        return Cow::Borrowed(part);
    }
    if let Cow::Borrowed(before) = name {
        let offset = |text: &str| (text.as_ptr() as usize).checked_sub(query.as_ptr() as usize);
        if let (Some(start), Some(next)) = (offset(before), offset(part))
            && start + before.len() == next
            && let Some(both) = query.get(start..next + part.len())
        {
            return Cow::Borrowed(both);
        }
    }
    Cow::Owned([&*name, part].concat())
}

fn is(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

/// The name of a span, of few different ones: `SELECT orders`.
impl std::fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.operation.unwrap_or("QUERY"))?;
        match &self.collection {
            Some(collection) => write!(f, " {collection}"),
            None => Ok(()),
        }
    }
}
