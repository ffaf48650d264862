//! How telemetry leaves a process: byte-bounded queues with counted drops, and what moves their bytes on.
//!
//! It knows bytes, no signal: logs put lines in, traces put encoded spans in.

pub mod queue;
