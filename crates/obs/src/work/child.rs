//! The trace on its way to other processes, and out of the one that started this.

use obs_core::context;
use obs_core::propagate::{Environment, Injector};

/// Writes what is going on here onto `carrier`: headers, or a [`Command`](std::process::Command) whose process then goes on from
/// it. Does nothing outside of any request, span or job.
///
/// ```
/// let mut child = std::process::Command::new("thumbnails");
/// obs::inject(&mut child); // which begins with `obs::job::new("thumbnails").from(&obs::environment())`
/// ```
pub fn inject(carrier: &mut impl Injector) {
    if let (Some(base), Some(context)) = (super::base(), context::current()) {
        base.propagation.write(&context, carrier);
    }
}

/// What the process that started this one has written to its environment. Read anew by each call, and never by itself: a service
/// that is started by a traced deployment is not a part of it.
pub fn environment() -> Environment {
    crate::config::inherited()
}
