//! What a sink tells its owner of records that wait or are lost.

use std::fmt;
use std::io;

use crate::queue::Reason;

/// Why a batch, or part of it, did not get out.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure<'a> {
    /// What the books say.
    pub reason: Reason,
    /// How many records are lost.
    pub records: u64,
    /// Attempts that failed.
    pub attempts: u32,
    /// Why the last one did.
    pub error: Option<&'a io::Error>,
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, records, attempts, .. } = self;
        write!(f, "{records} records lost ({}) after {attempts} attempts", reason.as_str())?;
        self.error.map_or(Ok(()), |error| write!(f, ": {error}"))
    }
}

/// Why records wait for another attempt.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrying<'a> {
    /// How many records wait.
    pub records: u64,
    /// Attempts that failed since the last record that got out.
    pub attempts: u32,
    /// Why the last one did.
    pub error: &'a io::Error,
}

impl fmt::Display for Retrying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, attempts, error } = self;
        write!(f, "{records} records wait after {attempts} attempts: {error}")
    }
}
