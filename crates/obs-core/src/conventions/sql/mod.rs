//! What may be told of an SQL statement: its text without data, what it does, and to which table.
//!
//! By the OpenTelemetry semantic conventions for databases ("Sanitization of `db.query.text`", "Generating query summary"). It is no
//! parser: what is not understood is told as it stands, but never what may be data. Where systems would read a statement
//! differently and it is not known which it is, nothing from there on is told.

mod dialect;
mod quotes;
mod sanitized;
mod summary;
mod token;

pub use dialect::Dialect;
pub use sanitized::{MAX_TEXT, sanitized};
pub use summary::{OPERATIONS, Summary, summary};

#[cfg(test)]
mod tests;
