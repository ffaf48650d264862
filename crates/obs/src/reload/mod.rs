//! The file as it changes while the service runs: looked at each second, and at once on SIGHUP.
//!
//! A file that is wrong changes nothing: the old configuration stays, and a line says why. What cannot change while
//! the service runs is named.

#[cfg_attr(not(unix), path = "hangup_absent.rs")]
mod hangup;
mod judge;
mod numbers;
#[cfg_attr(not(unix), path = "stamp_elsewhere.rs")]
mod stamp;
mod task;
mod watch;

pub(crate) use stamp::Stamp;
pub(crate) use task::{Hear, Watching};
