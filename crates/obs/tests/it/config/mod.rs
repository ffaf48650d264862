//! `obs.yaml` as an operator meets it: its mistakes, its secrets, and its changes while the service runs.

mod effects;
pub(crate) mod file;
mod hostile;
mod mistakes;
mod reload;
mod schema;
mod web;
