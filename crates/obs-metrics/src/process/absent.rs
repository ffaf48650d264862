//! In the place of the reader where there is nothing to read.

use obs_core::Base;

/// Has the base's scrapes tell what the process uses. Not on this system: does nothing.
pub fn register(_: &Base) {}
