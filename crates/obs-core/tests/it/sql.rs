//! Whatever a session's settings make of a statement, what is data by any of them is never told.
//!
//! Statements are made by chance and read by a small reader for each setting, written by the systems' manuals: PostgreSQL
//! ("Lexical Structure", `standard_conforming_strings`), MySQL ("String Literals", "Comments", `NO_BACKSLASH_ESCAPES`,
//! `ANSI_QUOTES`), SQL Server (`QUOTED_IDENTIFIER`).

use obs_core::conventions::sql::{Dialect, sanitized};

/// How a session reads.
#[derive(Clone, Copy, Debug)]
struct Session {
    /// A backslash takes away the meaning of what follows, in texts.
    escapes: bool,
    /// It does so behind `E`, and a text goes on in the next line.
    postgres: bool,
    /// Double quotes hold text.
    double: bool,
    backticks: bool,
    brackets: bool,
    /// `#` begins a comment, and `--` only in front of white space.
    mysql: bool,
}

const PLAIN: Session = Session {
    escapes: false,
    postgres: false,
    double: false,
    backticks: false,
    brackets: false,
    mysql: false,
};
const POSTGRES: Session = Session { postgres: true, ..PLAIN };
const POSTGRES_BEFORE: Session = Session { escapes: true, ..POSTGRES };
const MYSQL: Session = Session { escapes: true, double: true, backticks: true, mysql: true, ..PLAIN };
const MYSQL_NO_ESCAPES: Session = Session { escapes: false, ..MYSQL };
const MYSQL_ANSI: Session = Session { double: false, ..MYSQL };
const MYSQL_BOTH: Session = Session { escapes: false, double: false, ..MYSQL };
const SQL_SERVER: Session = Session { brackets: true, ..PLAIN };
const SQL_SERVER_BEFORE: Session = Session { double: true, ..SQL_SERVER };

impl Session {
    /// Marks each byte that is data.
    fn data(self, text: &[u8]) -> Vec<bool> {
        let mut marks = vec![false; text.len()];
        let starts =
            |at: usize, what: &str| text.get(at..).is_some_and(|rest| rest.starts_with(what.as_bytes()));
        let mut at = 0;
        while at < text.len() {
            let begin = at;
            let byte = text[at];
            let is_dashed = starts(at, "--")
                && (!self.mysql || text.get(at + 2).is_none_or(|next| next.is_ascii_whitespace()));
            if is_dashed || self.mysql && byte == b'#' {
                while at < text.len() && text[at] != b'\n' {
                    at += 1;
                }
            } else if starts(at, "/*") {
                at = self.behind_comment(text, at);
            } else if byte == b'\'' || byte == b'"' && self.double {
                at = self.behind_text(text, at, self.escapes);
                marks[begin..at].fill(true);
            } else if byte == b'"' || byte == b'`' && self.backticks {
                at = behind_quote(text, at, byte, false);
            } else if byte == b'[' && self.brackets {
                at = behind_quote(text, at, b']', false);
            } else if byte == b'$' && self.postgres && dollar_tag(&text[at..]).is_some() {
                let tag = dollar_tag(&text[at..]).unwrap();
                let inner = at + tag;
                let end = (inner..text.len()).find(|end| text[*end..].starts_with(&text[at..inner]));
                at = end.map_or(text.len(), |end| end + tag);
                marks[begin..at].fill(true);
            } else if byte.is_ascii_alphabetic() || byte == b'_' {
                while text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(byte)) {
                    at += 1;
                }
                if self.postgres && text[begin..at].eq_ignore_ascii_case(b"e") && text.get(at) == Some(&b'\'')
                {
                    at = self.behind_text(text, at, true);
                    marks[begin..at].fill(true);
                }
            } else {
                at += 1;
            }
        }
        marks
    }

    fn behind_text(self, text: &[u8], at: usize, escapes: bool) -> usize {
        let end = behind_quote(text, at, text[at], escapes);
        let space = text[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let goes_on =
            self.postgres && text[end..end + space].contains(&b'\n') && text.get(end + space) == Some(&b'\'');
        if goes_on { self.behind_text(text, end + space, escapes) } else { end }
    }

    fn behind_comment(self, text: &[u8], mut at: usize) -> usize {
        let mut depth = 0;
        while at < text.len() {
            if text[at..].starts_with(b"/*") && (depth == 0 || !self.mysql) {
                (depth, at) = (depth + 1, at + 2);
            } else if text[at..].starts_with(b"*/") {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            } else {
                at += 1;
            }
        }
        at
    }
}

/// Behind the quote that ends what begins at `at`; doubled it stands for itself.
fn behind_quote(text: &[u8], mut at: usize, quote: u8, escapes: bool) -> usize {
    at += 1;
    while at < text.len() {
        if escapes && text[at] == b'\\' {
            at += 2;
        } else if text[at] != quote {
            at += 1;
        } else if text.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    text.len()
}

/// How long a `$tag$` is.
fn dollar_tag(text: &[u8]) -> Option<usize> {
    let end = text.iter().skip(1).position(|byte| *byte == b'$')? + 1;
    let name = &text[1..end];
    let is_name = name.iter().all(u8::is_ascii_alphanumeric) && !name.first().is_some_and(u8::is_ascii_digit);
    is_name.then_some(end + 1)
}

/// Numbers by chance (Marsaglia, "Xorshift RNGs"), the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

const PIECES: &[&str] = &[
    "'", "'", "'", "'", "''", "\\", "\\", "\\'", "\\\\'", "\\\"", "\"", "\"", "`", " ", "\n", ",", "E'",
    "e'", "N'", "a", "b$", "=", "(", ")", "$$", "$t$", "--", "-- ", "#", "/*", "*/", "[", "]", ".", "1", ";",
    "SELECT ", "'\n'",
];

/// A statement out of a few pieces, with words in it that are to be found again.
fn statement(chance: &mut Chance) -> (String, Vec<(usize, String)>) {
    let (mut text, mut secrets) = (String::from("SELECT a, "), Vec::new());
    for _ in 0..2 + chance.below(14) {
        if chance.below(3) == 0 {
            let secret = format!("qx{}zk", secrets.len());
            secrets.push((text.len(), secret.clone()));
            text.push_str(&secret);
        } else {
            text.push_str(PIECES[chance.below(PIECES.len())]);
        }
    }
    (text, secrets)
}

/// No statement by chance tells what is data by any of these sessions.
fn keeps_to_itself(system: &str, sessions: &[Session]) {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let (mut hidden, mut told_words) = (0, 0);
    for _ in 0..40_000 {
        let (text, secrets) = statement(&mut chance);
        let told = sanitized(&text, Dialect::of(system));
        for session in sessions {
            let data = session.data(text.as_bytes());
            for (at, secret) in &secrets {
                let is_told = told.contains(secret.as_str());
                assert!(
                    !(data[*at] && is_told),
                    "{system}, {session:?}: {secret} of {text:?} is told: {told:?}"
                );
                hidden += usize::from(data[*at]);
                told_words += usize::from(is_told);
            }
        }
    }
    // Else it would be enough to tell nothing.
    assert!(hidden > 10_000 && told_words > 10_000, "{system}: {hidden} {told_words}");
}

#[test]
fn postgresql_tells_no_text_whatever_a_backslash_is_there() {
    for system in ["postgresql", "aws.redshift", "ibm.netezza"] {
        keeps_to_itself(system, &[POSTGRES, POSTGRES_BEFORE]);
    }
    // There it is a character always.
    keeps_to_itself("cockroachdb", &[POSTGRES]);
    keeps_to_itself("duckdb", &[POSTGRES]);
}

#[test]
fn mysql_tells_no_text_whatever_a_backslash_and_a_double_quote_are_there() {
    for system in ["mysql", "mariadb"] {
        keeps_to_itself(system, &[MYSQL, MYSQL_NO_ESCAPES, MYSQL_ANSI, MYSQL_BOTH]);
    }
}

#[test]
fn sql_server_tells_no_text_whatever_a_double_quote_is_there() {
    keeps_to_itself("microsoft.sql_server", &[SQL_SERVER, SQL_SERVER_BEFORE]);
}

#[test]
fn what_nobody_knows_tells_no_text_of_any_of_them() {
    let all = [
        POSTGRES,
        POSTGRES_BEFORE,
        MYSQL,
        MYSQL_NO_ESCAPES,
        MYSQL_ANSI,
        MYSQL_BOTH,
        SQL_SERVER,
        SQL_SERVER_BEFORE,
    ];
    keeps_to_itself("nobody's", &all);
}
