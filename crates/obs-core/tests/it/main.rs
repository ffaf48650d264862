//! The vocabulary against the standards it follows.

mod conventions;
mod sql;
mod urls;
