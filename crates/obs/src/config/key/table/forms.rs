//! Forms of variables and ranges of values that many rows have.

use std::time::Duration;

use super::super::{Form, Kind, Variable};
use crate::config::LONGEST;

/// A variable that says what the file would.
pub(super) const fn same(name: &'static str) -> Variable {
    Variable { name, form: Form::Same }
}

/// A variable that says it in milliseconds.
pub(super) const fn millis(name: &'static str) -> Variable {
    Variable { name, form: Form::Millis }
}

/// A variable that says it in a way of its own.
pub(super) const fn special(name: &'static str) -> Variable {
    Variable { name, form: Form::Special }
}

pub(super) const ATTRIBUTES: Variable = special("OTEL_RESOURCE_ATTRIBUTES");
pub(super) const ANY_TIME: Kind = Kind::Time(Duration::ZERO, LONGEST);
/// Shorter ones would have series come and go with each scrape.
pub(super) const IDLE_TIME: Kind = Kind::Time(Duration::from_secs(1), LONGEST);
pub(super) const SOME_TIME: Kind = Kind::Time(Duration::from_millis(1), LONGEST);
/// Counts of things on one span.
pub(super) const COUNT: Kind = Kind::Whole(0, 1_000_000);
