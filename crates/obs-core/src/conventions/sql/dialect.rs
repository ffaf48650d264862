//! What differs from system to system in what is data and what is a name.

/// Whether a system reads something so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    No,
    Yes,
    /// It is not known, or depends on how the system is set up.
    Maybe,
}

use Has::{Maybe, No, Yes};

/// What differs from system to system in what is data and what is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Whether a backslash in a text takes away the meaning of the quote behind it.
    pub(super) escapes: Has,
    /// Whether it does so in a text behind `E`, whatever it does in others.
    pub(super) e_texts: Has,
    /// The same in the quotes of names.
    pub(super) name_escapes: Has,
    /// Whether text stands in double quotes; else names do.
    pub(super) double_quoted_texts: Has,
    /// Whether names stand in backticks.
    pub(super) backticks: Has,
    /// Whether names stand in square brackets.
    pub(super) brackets: Has,
    /// Whether three quotes begin a text that ends at three.
    pub(super) triple_quotes: Has,
    /// Whether a text behind `r` ends at the first quote whatever stands in front of it.
    pub(super) raw_texts: Has,
    /// Whether `q'[..]'` is a text.
    pub(super) q_quotes: Has,
    /// Whether `#` begins a comment.
    pub(super) hash_comments: Has,
    /// Whether `//` begins a comment.
    pub(super) slash_comments: Has,
    /// Whether `--` begins a comment only in front of white space.
    pub(super) spaced_dashes: Has,
    /// Whether comments may stand in comments.
    pub(super) nested_comments: Has,
    /// Whether text stands between two `$tag$`.
    pub(super) dollar_quotes: Has,
    /// Whether `$1` is an amount of money.
    pub(super) money: Has,
}

impl Dialect {
    /// The standard's own, as PostgreSQL speaks it.
    pub const STANDARD: Self = Self {
        // A session's setting has the last word (`standard_conforming_strings`), and a text behind `E` may go on in the next line.
        escapes: Maybe,
        e_texts: Yes,
        name_escapes: No,
        double_quoted_texts: No,
        backticks: No,
        brackets: No,
        triple_quotes: No,
        raw_texts: No,
        q_quotes: No,
        hash_comments: No,
        slash_comments: No,
        spaced_dashes: No,
        nested_comments: Yes,
        dollar_quotes: Yes,
        money: No,
    };

    /// That of a system nobody knows: told is only what every system would tell.
    pub const UNKNOWN: Self = Self {
        escapes: Maybe,
        e_texts: Maybe,
        name_escapes: Maybe,
        double_quoted_texts: Maybe,
        backticks: Maybe,
        brackets: Maybe,
        triple_quotes: Maybe,
        raw_texts: No,
        q_quotes: Maybe,
        hash_comments: Maybe,
        slash_comments: Maybe,
        spaced_dashes: Maybe,
        nested_comments: Maybe,
        dollar_quotes: Maybe,
        money: No,
    };

    /// That of a system by its well-known name (`db.system.name`, or the one it had before). Of any other it is
    /// [`Dialect::UNKNOWN`]: there, as in all systems that are not known to have names in double quotes, these hold text.
    pub fn of(system: &str) -> Self {
        // A backslash is a character of a text, but who knows what is behind an `E` or between dollars. Where an inner comment
        // would be read so or so, nothing is told from there on.
        let plain = Self {
            escapes: No,
            e_texts: Maybe,
            nested_comments: Maybe,
            dollar_quotes: Maybe,
            ..Self::STANDARD
        };
        match system {
            "postgresql" | "postgres" => Self::STANDARD,
            // Made after PostgreSQL, where a text behind `E` may go on in the next line.
            "cockroachdb" | "duckdb" => Self { nested_comments: Maybe, ..Self::STANDARD },
            "h2database" => Self { dollar_quotes: Yes, ..plain },
            "trino" | "ibm.db2" | "db2" | "hsqldb" | "derby" | "sap.hana" | "sap.maxdb" | "teradata"
            | "actian.ingres" => plain,
            // A session's setting decides whether names or texts are in double quotes (`QUOTED_IDENTIFIER`).
            "microsoft.sql_server" | "mssql" => {
                Self { double_quoted_texts: Maybe, brackets: Yes, money: Yes, nested_comments: Yes, ..plain }
            }
            // The same (`SUPPORT_DELIMITED_IDENTIFIERS`).
            "intersystems.cache" => Self { double_quoted_texts: Maybe, ..plain },
            "oracle.db" | "oracle" => Self { q_quotes: Yes, ..plain },
            // The same (`SQL DIALECT`).
            "firebirdsql" => Self { double_quoted_texts: Maybe, q_quotes: Yes, ..plain },
            "cassandra" => Self { slash_comments: Yes, ..plain },
            // Both come from a PostgreSQL of before its texts were those of the standard.
            "aws.redshift" | "redshift" | "ibm.netezza" => {
                Self { escapes: Maybe, dollar_quotes: Yes, ..plain }
            }
            "snowflake" => Self { escapes: Yes, slash_comments: Yes, dollar_quotes: Yes, ..plain },
            "clickhouse" => Self {
                escapes: Yes,
                name_escapes: Yes,
                backticks: Yes,
                hash_comments: Yes,
                slash_comments: Yes,
                nested_comments: Yes,
                dollar_quotes: Yes,
                ..plain
            },
            "mysql" | "mariadb" => Self {
                // A session's setting has the last word (`NO_BACKSLASH_ESCAPES`).
                escapes: Maybe,
                double_quoted_texts: Yes,
                backticks: Yes,
                hash_comments: Yes,
                spaced_dashes: Yes,
                ..plain
            },
            "gcp.bigquery" | "bigquery" => Self {
                escapes: Yes,
                name_escapes: Yes,
                double_quoted_texts: Yes,
                backticks: Yes,
                triple_quotes: Yes,
                hash_comments: Yes,
                ..plain
            },
            "hive" => Self { escapes: Yes, double_quoted_texts: Yes, backticks: Yes, ..plain },
            "spark" | "databricks" => {
                Self { escapes: Yes, double_quoted_texts: Yes, backticks: Yes, raw_texts: Yes, ..plain }
            }
            // What is no column's name in double quotes is a text.
            "sqlite" => Self { double_quoted_texts: Maybe, backticks: Yes, brackets: Yes, ..plain },
            // Spanner, too, which speaks GoogleSQL or PostgreSQL, as each database was made.
            _ => Self::UNKNOWN,
        }
    }
}
