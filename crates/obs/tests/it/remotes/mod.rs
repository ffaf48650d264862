//! What all ways out to other machines have in common: the question at the start, proxies, checks of health.

pub(crate) mod checks;
pub(crate) mod probes;
mod proxies;
mod refused;
