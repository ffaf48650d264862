//! The shop: three services that call one another, built and started for the demo and for the checker.

mod binaries;
mod running;
mod settings;

pub(crate) use binaries::Binaries;
pub(crate) use running::Shop;
pub(crate) use settings::{Part, Rates, Settings};
