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
const BETWEEN: &[&str] = &[
    "only",
    "if",
    "not",
    "exists",
    "table",
    "tables",
    "low_priority",
    "ignore",
    "lateral",
    "concurrently",
    "immediate",
];

/// What ends a list of tables.
const BEHIND_TABLES: &[&str] = &[
    "where",
    "by",
    "having",
    "limit",
    "window",
    "set",
    "values",
    "select",
    "fetch",
    "offset",
    "for",
    "returning",
    "output",
    "into",
    "lateral",
    "qualify",
    "settings",
    "format",
    "option",
];

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
    let mut scan = scan(query, dialect);
    // Behind `WITH` come names, and queries in parentheses; the statement is what follows.
    let known = |word: &str| OPERATIONS.iter().copied().find(|operation| is(word, operation));
    let Some(operation) = scan.outside(known) else { return Summary::default() };
    let mut summary = Summary { operation: Some(operation), ..Summary::default() };
    let markers: &[&str] = match operation {
        "SELECT" | "DELETE" | "FETCH" | "SHOW" => &["from"],
        "INSERT" | "MERGE" | "REPLACE" => &["into"],
        "CREATE" | "ALTER" | "DROP" => &["table", "view", "index", "sequence"],
        "UPDATE" | "TRUNCATE" | "CALL" | "EXEC" | "EXECUTE" | "COPY" | "LOCK" => &[],
        _ => return summary,
    };
    if !markers.is_empty() {
        let Some(marker) = scan.marker(markers) else { return summary };
        // An index is no table; it is on one.
        if marker == "index" && scan.marker(&["on"]).is_none() {
            return summary;
        }
    }
    let is_between = |token: &Token<'_>| matches!(token, Token::Word(word) if BETWEEN.iter().any(|between| is(word, between)));
    while scan.tokens.next_if(is_between).is_some() {}
    // In these places even what may be data elsewhere is a name.
    let is_sure = !matches!(operation, "CALL" | "EXEC" | "EXECUTE" | "COPY" | "LOCK" | "SHOW" | "FETCH");
    let name = name(query, &mut scan.tokens, is_sure);
    summary.collection = Some(name).filter(|name| !name.is_empty() && name.len() <= MAX_NAME);
    summary.is_joined = scan.is_more(operation);
    summary
}

/// The pieces, with what has to be known of those before.
struct Scan<'a, I: Iterator<Item = Token<'a>>> {
    tokens: Peekable<I>,
    /// How many parentheses are open.
    depth: u32,
    /// A bit for each of them: whether there is a query in it.
    queries: u64,
    /// The last two pieces where they are words.
    words: [&'a str; 2],
    /// Whether a table stands in parentheses.
    is_inner: bool,
}

/// The beginning.
fn scan(query: &str, dialect: Dialect) -> Scan<'_, impl Iterator<Item = Token<'_>>> {
    let tokens = Tokens::new(query, dialect).filter(|token| *token != Token::Space).peekable();
    Scan { tokens, depth: 0, queries: 0, words: [""; 2], is_inner: false }
}

impl<'a, I: Iterator<Item = Token<'a>>> Scan<'a, I> {
    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.next()?;
        let bit = |depth: u32| 1_u64 << depth.min(63);
        self.words = [self.words[1], if let Token::Word(word) = token { word } else { "" }];
        match token {
            Token::Other("(") => {
                self.depth += 1;
                self.queries &= !bit(self.depth);
            }
            Token::Other(")") => self.depth = self.depth.saturating_sub(1),
            Token::Word(word) if self.depth > 0 => {
                if is(word, "select") {
                    self.queries |= bit(self.depth);
                }
                // Functions have words in their parentheses: `EXTRACT(epoch FROM x)`.
                self.is_inner |=
                    self.queries & bit(self.depth) != 0 && (self.is_from(word) || self.is_join(word));
            }
            _ => {}
        }
        Some(token)
    }

    /// Whether a table follows this word, which came last.
    fn is_from(&self, word: &str) -> bool {
        // `IS DISTINCT FROM`, `FOR VALUES FROM`.
        is(word, "from") && !is(self.words[0], "distinct") && !is(self.words[0], "values")
    }

    fn is_join(&self, word: &str) -> bool {
        is(word, "join") && !is(self.words[0], "array")
    }

    /// The first word outside of parentheses that something is found for.
    fn outside<T>(&mut self, mut find: impl FnMut(&'a str) -> Option<T>) -> Option<T> {
        loop {
            match self.next()? {
                Token::Word(word) if self.depth == 0 => {
                    if let Some(found) = find(word) {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
    }

    /// The first of these words outside of parentheses.
    fn marker(&mut self, markers: &[&'static str]) -> Option<&'static str> {
        loop {
            match self.next()? {
                Token::Word(word) if self.depth == 0 => {
                    let found = markers.iter().copied().find(|marker| is(word, marker));
                    if let Some(found) = found.filter(|found| *found != "from" || self.is_from(word)) {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether there are tables beside the first, behind which this stands. Goes to the end.
    fn is_more(&mut self, operation: &str) -> bool {
        let mut is_list = matches!(operation, "SELECT" | "DELETE" | "UPDATE" | "TRUNCATE" | "LOCK" | "DROP");
        let has_from = matches!(
            operation,
            "SELECT" | "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "MERGE" | "CREATE" | "ALTER"
        );
        let has_using = matches!(operation, "DELETE" | "MERGE");
        let mut is_more = false;
        while let Some(token) = self.next() {
            match token {
                _ if self.depth > 0 => {}
                Token::Other(",") => is_more |= is_list,
                Token::Word(word) => {
                    is_list &= !BEHIND_TABLES.iter().any(|behind| is(word, behind));
                    is_more |= self.is_join(word)
                        || is(word, "union")
                        || has_from && self.is_from(word)
                        || has_using && is(word, "using");
                }
                _ => {}
            }
        }
        is_more || self.is_inner
    }
}

/// The name that stands here, such as `shop."Orders"`, without quotes; empty where there is none. Copied only where it does not
/// stand there so.
fn name<'a>(
    query: &'a str,
    tokens: &mut Peekable<impl Iterator<Item = Token<'a>>>,
    is_sure: bool,
) -> Cow<'a, str> {
    let mut name = Cow::Borrowed("");
    let mut is_part_next = true;
    let fits = |token: &Token<'_>, is_part_next: bool| match token {
        Token::Word(_) | Token::Quoted(_) => is_part_next,
        Token::Either(_) => is_part_next && is_sure,
        Token::Other(".") => !is_part_next,
        _ => false,
    };
    while let Some(part) = tokens.next_if(|token| fits(token, is_part_next)) {
        let part = match part {
            Token::Word(text) | Token::Other(text) => text,
            Token::Quoted(text) | Token::Either(text) => {
                text.get(1..text.len().saturating_sub(1)).unwrap_or_default()
            }
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
