//! What an error of Redis is called.

use obs_core::conventions::db::Told;
use obs_core::observe::work::{Failure, Judged};
use redis::{ErrorKind, RedisError, ServerError, Value};

/// One of few different names.
pub(super) fn fault(error: &RedisError) -> Failure {
    if error.is_timeout() {
        return Failure::timed_out("timeout");
    }
    Failure::new(match error.kind() {
        _ if error.is_connection_refusal() => "connect",
        _ if error.is_connection_dropped() => "reset",
        ErrorKind::Io => "io",
        ErrorKind::Server(_) | ErrorKind::Extension => SERVER,
        ErrorKind::AuthenticationFailed => "auth",
        ErrorKind::Parse => "protocol",
        _ => return Failure::OTHER,
    })
}

const SERVER: &str = "server";

/// By the answer to one command.
pub(super) fn judged<'a>(answer: &'a Result<Value, RedisError>, told: &mut Told<'_>) -> Judged<'a> {
    match answer {
        Ok(value) => refused(value, told).unwrap_or(Judged::SUCCESS),
        Err(error) => {
            told.code(error.code().unwrap_or_default());
            Judged::failed(fault(error), Some(error))
        }
    }
}

/// By the answers to several, of which the first that was refused counts.
pub(super) fn judged_all<'a>(answer: &'a Result<Vec<Value>, RedisError>, told: &mut Told<'_>) -> Judged<'a> {
    match answer {
        Ok(values) => values.iter().find_map(|value| refused(value, told)).unwrap_or(Judged::SUCCESS),
        Err(error) => {
            told.code(error.code().unwrap_or_default());
            Judged::failed(fault(error), Some(error))
        }
    }
}

/// Refusals come as answers too.
fn refused<'a>(value: &'a Value, told: &mut Told<'_>) -> Option<Judged<'a>> {
    let error = refusal(value)?;
    told.code(error.code());
    Some(Judged::failed(SERVER, Some(error)))
}

pub(super) fn refusal(value: &Value) -> Option<&ServerError> {
    if let Value::ServerError(error) = value { Some(error) } else { None }
}

/// By the answer to a look.
pub(super) fn looked<'a>(answer: &'a Result<Value, RedisError>) -> (Option<bool>, Judged<'a>) {
    match answer {
        Ok(value) => match refusal(value) {
            Some(error) => (None, Judged::failed(SERVER, Some(error))),
            None => (Some(*value != Value::Nil), Judged::SUCCESS),
        },
        Err(error) => (None, Judged::failed(fault(error), Some(error))),
    }
}
