//! The rules, one file each. A rule on a source knows nothing of other files.

mod edges;
mod environment;
mod header;
mod length;
mod sets_global;
mod statics;
mod thread_local;
mod unfinished;

pub(crate) use edges::edges;

use super::run::Finding;
use super::source::Source;

/// Every rule on one Rust file.
pub(crate) const ON_SOURCES: &[fn(&Source) -> Vec<Finding>] = &[
    header::header,
    length::length,
    statics::statics,
    sets_global::sets_global,
    thread_local::thread_local,
    environment::environment,
    unfinished::unfinished,
];
