//! The ways out to other machines, as they are watched: each is asked at the start whether it is there, and may have a
//! check of health.

#[cfg_attr(not(feature = "health"), path = "unchecked.rs")]
mod check;
mod probes;

use std::sync::Arc;

use obs_export::watch::Remote;

#[cfg(feature = "health")]
pub(crate) use check::checks;
pub(crate) use check::unfit;
pub(crate) use probes::Probes;

/// One way out to another machine, and what was chosen for it.
pub(crate) struct Watched {
    /// What it is called where an operator reads of it.
    pub(crate) shown: String,
    pub(crate) remote: Arc<Remote>,
    /// Whether it is asked at the start whether it is there.
    pub(crate) probe: bool,
    /// Whether it has a check.
    #[cfg_attr(not(feature = "health"), expect(dead_code, reason = "asked of health alone"))]
    pub(crate) health: bool,
}
