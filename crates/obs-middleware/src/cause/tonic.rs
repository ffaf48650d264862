//! Errors of tonic's channels, and of the bodies that come out of them.

use std::any::Any;
use std::error::Error;

use super::Hint;

/// The error, where it is one of tonic's.
pub(super) fn known(any: &dyn Any) -> Option<&(dyn Error + 'static)> {
    if let Some(error) = any.downcast_ref::<tonic::transport::Error>() {
        return Some(error);
    }
    any.downcast_ref::<tonic::Status>().map(|status| status as &(dyn Error + 'static))
}

/// What a channel says that has made no connection.
pub(super) fn hint(error: &(dyn Error + 'static)) -> Option<Hint> {
    error.is::<tonic::ConnectError>().then_some(Hint { fault: None, connecting: true })
}
