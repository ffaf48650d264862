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
    /// Whether `$1` is an amount of money.
    pub(super) money: Has,
}

impl Dialect {
    /// The standard's own, as PostgreSQL speaks it.
    pub const STANDARD: Self = Self {
        escapes: No,
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
        money: No,
    };

    /// That of a system nobody knows: told is only what every system would tell.
    pub const UNKNOWN: Self = Self {
        escapes: Maybe,
        name_escapes: Maybe,
        double_quoted_texts: Maybe,
        backticks: Yes,
        brackets: Maybe,
        triple_quotes: Maybe,
        raw_texts: No,
        q_quotes: Maybe,
        hash_comments: Maybe,
        slash_comments: Maybe,
        spaced_dashes: Maybe,
        nested_comments: Maybe,
        money: No,
    };

    /// That of a system by its well-known name (`db.system.name`, or the one it had before). Of any other it is
    /// [`Dialect::UNKNOWN`]: there, as in all systems that are not known to have names in double quotes, these hold text.
    pub fn of(system: &str) -> Self {
        // Where an inner comment would be read so or so, nothing is told from there on.
        let plain = Self { nested_comments: Maybe, ..Self::STANDARD };
        match system {
            "postgresql" | "postgres" => Self::STANDARD,
            "cockroachdb" | "trino" | "ibm.db2" | "db2" | "h2database" | "hsqldb" | "derby" | "sap.hana"
            | "sap.maxdb" | "teradata" | "actian.ingres" | "intersystems.cache" | "duckdb" => plain,
            "microsoft.sql_server" | "mssql" => Self { brackets: Yes, money: Yes, ..Self::STANDARD },
            "oracle.db" | "oracle" | "firebirdsql" => Self { q_quotes: Yes, ..plain },
            "cassandra" => Self { slash_comments: Yes, ..plain },
            // Both come from a PostgreSQL of before its texts were those of the standard.
            "aws.redshift" | "redshift" | "ibm.netezza" => Self { escapes: Maybe, ..plain },
            "snowflake" => Self { escapes: Yes, slash_comments: Yes, ..plain },
            "clickhouse" => Self {
                escapes: Yes,
                name_escapes: Yes,
                backticks: Yes,
                hash_comments: Yes,
                slash_comments: Yes,
                ..Self::STANDARD
            },
            "mysql" | "mariadb" => Self {
                escapes: Yes,
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
