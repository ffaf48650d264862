//! Errors of hyper-util's client and of hyper.

use std::any::Any;
use std::error::Error;

use hyper_util::client::legacy;

use super::{Fault, Hint};

pub(super) fn known(any: &dyn Any) -> Option<&(dyn Error + 'static)> {
    if let Some(error) = any.downcast_ref::<legacy::Error>() {
        return Some(error);
    }
    any.downcast_ref::<hyper::Error>().map(|error| error as _)
}

pub(super) fn hint(error: &(dyn Error + 'static)) -> Option<Hint> {
    if let Some(error) = error.downcast_ref::<legacy::Error>() {
        return Some(Hint { fault: None, connecting: error.is_connect() });
    }
    let error = error.downcast_ref::<hyper::Error>()?;
    let fault = if error.is_timeout() {
        Some(Fault::Timeout)
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        Some(Fault::Reset)
    } else {
        None
    };
    Some(Hint { fault, connecting: false })
}
