//! What an error of sqlx is called, and what came of a query.

use std::io;

use obs_core::conventions::db::Told;
use obs_core::observe::work::{Failure, Judged};
use sqlx::Error;
use sqlx::error::ErrorKind;

/// One of few different names.
pub(super) fn fault(error: &Error) -> Failure {
    Failure::new(match error {
        Error::Database(refused) => match refused.kind() {
            ErrorKind::UniqueViolation => "unique_violation",
            ErrorKind::ForeignKeyViolation => "foreign_key_violation",
            ErrorKind::NotNullViolation => "not_null_violation",
            ErrorKind::CheckViolation => "check_violation",
            ErrorKind::ExclusionViolation => "exclusion_violation",
            _ => "database",
        },
        Error::PoolTimedOut => return Failure::timed_out("pool_timed_out"),
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => return Failure::timed_out("timeout"),
        Error::Io(_) => "io",
        Error::Tls(_) => "tls",
        Error::Protocol(_) => "protocol",
        Error::Configuration(_) => "configuration",
        Error::PoolClosed => "pool_closed",
        Error::WorkerCrashed => "worker_crashed",
        Error::Encode(_) | Error::InvalidArgument(_) => "encode",
        Error::Decode(_) | Error::ColumnDecode { .. } | Error::TypeNotFound { .. } => "decode",
        _ => return Failure::OTHER,
    })
}

/// By what a query gave: how many rows, or an error.
pub(super) fn judged<'a>(answer: &'a Result<Option<u64>, Error>, told: &mut Told<'_>) -> Judged<'a> {
    noted(answer.as_ref().map(|rows| *rows), told);
    Judged::by(answer, fault)
}

/// The same of a query that gives one row or none.
pub(super) fn judged_one<'a, R>(answer: &'a Result<Option<R>, Error>, told: &mut Told<'_>) -> Judged<'a> {
    noted(answer.as_ref().map(|row| Some(u64::from(row.is_some()))), told);
    Judged::by(answer, fault)
}

fn noted(answer: Result<Option<u64>, &Error>, told: &mut Told<'_>) {
    match answer {
        Ok(Some(rows)) => told.rows(rows),
        Err(Error::Database(refused)) => {
            if let Some(code) = refused.code() {
                told.code(&code);
            }
        }
        Ok(None) | Err(_) => {}
    }
}
