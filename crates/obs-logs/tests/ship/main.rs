//! Lines to other machines, against strict stand-ins that read what real ones read.

#[expect(dead_code, reason = "shared with the crate it comes from, which uses all of it")]
#[path = "../../../obs-export/tests/it/called.rs"]
mod called;
mod elastic;
#[path = "../far/engine.rs"]
mod engine;
mod lines;
mod loki;
mod otlp;
mod questions;
mod receiver;
