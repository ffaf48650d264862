//! One test for each way `tracing` is used: which ids its lines carry, whose children its spans are, and that nothing
//! of it reaches another request.

mod bases;
mod bench;
mod composed;
mod edges;
mod edges_composed;
mod ends;
mod guards;
mod instrument;
mod log_records;
mod oracle;
mod reentrant;
mod span_ext;
mod spans;
mod tasks;
mod threads;
