//! What may be told of an SQL statement: its text without data, what it does, and to which table.
//!
//! By the OpenTelemetry semantic conventions for databases ("Sanitization of `db.query.text`", "Generating query summary"). It is no
//! parser: what is not understood is told as it stands, but never what may be data.

mod sanitized;
mod summary;
mod token;

pub use sanitized::{MAX_TEXT, sanitized};
pub use summary::{OPERATIONS, Summary, summary};

/// What differs from system to system in what is data and what is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Whether a backslash in a text takes away the meaning of the quote behind it.
    escapes: bool,
    /// Whether text may stand in double quotes; else names do.
    double_quotes_are_text: bool,
    /// Whether names may stand in square brackets.
    brackets_are_names: bool,
    /// Whether `#` begins a comment.
    hash_is_comment: bool,
}

impl Dialect {
    /// The standard's own, as PostgreSQL, SQLite and Oracle Database speak it.
    pub const STANDARD: Self = Self {
        escapes: false,
        double_quotes_are_text: false,
        brackets_are_names: false,
        hash_is_comment: false,
    };

    /// That of a system by its well-known name (`db.system.name`); the standard's where it is not known.
    pub fn of(system: &str) -> Self {
        match system {
            "mysql" | "mariadb" => {
                Self { escapes: true, double_quotes_are_text: true, hash_is_comment: true, ..Self::STANDARD }
            }
            "clickhouse" | "gcp.bigquery" | "hive" | "spark" | "trino" => {
                Self { escapes: true, ..Self::STANDARD }
            }
            "microsoft.sql_server" | "mssql" => Self { brackets_are_names: true, ..Self::STANDARD },
            _ => Self::STANDARD,
        }
    }
}

#[cfg(test)]
mod tests;
