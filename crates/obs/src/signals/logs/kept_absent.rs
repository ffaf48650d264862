//! Without the feature `journal` no lines survive the process.

use obs_logs::Output;

use crate::config::{Journal, LogDestination};

/// There is none.
pub(super) fn durable(_: Output, _: &LogDestination, _: &Journal) -> Result<Output, String> {
    Err(String::from("`durable` is not built in: it needs the feature `journal`, on Unix"))
}
