//! Troubles of TLS where none is built in.

use super::Trouble;

/// There are none.
pub(crate) fn trouble(_: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    None
}
