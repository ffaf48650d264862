//! What is secret, and its replacement by `[redacted]`, before any sink sees it.
//!
//! Two things are judged. A **key** by its name: the value of `password` is secret whatever it is ([`is_secret`]).
//! A **text** by what stands in it: `Bearer` and `Basic` credentials, JSON web tokens, numbers of payment cards,
//! credentials in URLs, and values behind a secret key such as `token=…` or `"password":"…"` ([`find`]). Only the
//! secret is replaced, the rest of the text stays.
//!
//! ```
//! use obs_core::redact::redact;
//!
//! assert_eq!(redact("GET /cb?token=s3cr3t&page=2"), "GET /cb?token=[redacted]&page=2");
//! assert_eq!(redact("token_count=5 at 12:30"), "token_count=5 at 12:30");
//! ```
//!
//! [`Rules`] add keys, free keys, or turn patterns off; everything is on by default. [`Sensitive`] is a type that
//! never prints. Numbers that are no text are never touched: an order's number is as long as a card's.

mod card;
mod find;
mod key_before;
mod keys;
mod recurring;
mod rules;
mod sensitive;
mod suspicion;
#[cfg(test)]
mod tests;
mod token;
mod url;
mod value;

use std::borrow::Cow;

pub use find::{Escapes, Findings};
pub use keys::{is_secret, is_secret_static};
pub(crate) use recurring::Recurring;
pub use rules::Rules;
pub use sensitive::Sensitive;
pub use suspicion::is_suspicious;

/// What stands in place of a secret value.
pub const REDACTED: &str = "[redacted]";

/// What a text that was cut ends in. In front of it the beginning of a secret is taken for one.
const CUT: &[u8] = "…".as_bytes();

/// Where the secrets of a text are, from front to back, by the rules everything has by default.
pub fn find(text: &str) -> Findings<'_> {
    Rules::STANDARD.find(text)
}

/// The text with [`REDACTED`] in place of its secrets, by the rules everything has by default. Copies nothing where
/// there are none.
pub fn redact(text: &str) -> Cow<'_, str> {
    Rules::STANDARD.redact(text)
}
