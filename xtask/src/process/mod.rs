//! Child processes that never outlive the command that started them.

mod guard;
mod output;

pub(crate) use guard::{GRACE, Process, Stop, signal};
