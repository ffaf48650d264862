//! What all ways out to other machines have in common: the question at the start, proxies, checks of health.

mod checks;
mod probes;
mod proxies;
mod receiver;
mod refused;
