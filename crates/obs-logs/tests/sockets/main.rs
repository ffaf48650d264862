//! Lines to syslog and to the journal, against stand-ins that read what real ones read, strictly by their specifications.

#[path = "../far/engine.rs"]
mod engine;
mod grammar;
#[cfg(target_os = "linux")]
mod journal;
mod messages;
mod receivers;
mod seen;
mod sending;
mod tls;
mod trouble;
