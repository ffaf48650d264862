//! What is to be seen of what is asked by HTTP, beside what all ways out have in [`crate::watch`].

mod probe;
mod trouble;

pub use probe::Probe;
