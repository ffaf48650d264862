//! What both benchmark binaries share, so that a number means the same in each of them.

pub mod allocation;
pub mod arguments;
pub mod callgrind;
pub mod clock;
pub mod core_pin;
pub mod statistics;
pub mod steered;
pub mod table;
