//! An error and all that is under it.

use std::error::Error;
use std::io;

/// The first that `what` makes something of: the error itself, what an I/O error carries, and then its source.
pub(crate) fn find<T>(
    error: &(dyn Error + 'static),
    what: &impl Fn(&(dyn Error + 'static)) -> Option<T>,
) -> Option<T> {
    // Its `source` is that of what it carries, so that this would be passed by.
    let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    what(error)
        .or_else(|| carried.and_then(|carried| find(carried, what)))
        .or_else(|| error.source().and_then(|source| find(source, what)))
}
