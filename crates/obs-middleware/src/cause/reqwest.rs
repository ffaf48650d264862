//! Errors of reqwest.

use std::any::Any;
use std::error::Error;

use super::{Fault, Hint};

pub(super) fn known(any: &dyn Any) -> Option<&(dyn Error + 'static)> {
    any.downcast_ref::<reqwest::Error>().map(|error| error as _)
}

pub(super) fn hint(error: &(dyn Error + 'static)) -> Option<Hint> {
    let error = error.downcast_ref::<reqwest::Error>()?;
    let fault = if error.is_timeout() {
        Some(Fault::Timeout)
    } else if error.is_dns() {
        Some(Fault::Dns)
    } else {
        None
    };
    Some(Hint { fault, connecting: error.is_connect() })
}

/// What is behind the error, which itself prints the URL.
pub(super) fn without_url<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    match error.downcast_ref::<reqwest::Error>() {
        Some(own) if own.url().is_some() => own.source().unwrap_or(error),
        _ => error,
    }
}
