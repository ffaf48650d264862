//! What installing does to a process, and what it does where it cannot be done. Each test has a process of its own.

mod admin;
mod exposed;
mod globals;
mod refused;
mod rude;
