//! Lines to syslog and to the journal, against stand-ins that read what real ones read, strictly by their specifications.

mod grammar;
#[cfg(target_os = "linux")]
mod journal;
mod messages;
mod receivers;
mod sending;
mod tls;
mod trouble;
