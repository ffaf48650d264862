//! What is to be seen of a way out to another machine from outside: its traffic, its troubles, and whether it can be
//! reached at all.

mod chain;
mod probe;
mod remote;
mod traffic;
mod trouble;

pub(super) use chain::find;
pub use probe::{Probe, Unwell};
pub use remote::Remote;
pub use traffic::{Report, Traffic};
pub use trouble::Trouble;
