//! The registry: which families and series there are, and how a key finds its own.

mod index;
mod state;

pub(crate) use state::{Caps, Description, Found, Full, State};
