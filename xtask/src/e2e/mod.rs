//! The checker: real requests, a real Prometheus and a real OTLP sink, and every signal held against what was sent.

mod check;
mod eventually;
mod folder;
mod install;
mod pipe;
mod prometheus;
mod report;
mod restarts;
mod rotel;
mod run;
mod traffic;

pub(crate) use run::run;
