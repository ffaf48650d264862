//! What the three services share, so that each of them shows its own work only.

mod environment;
mod http;
mod refusal;
mod shutdown;

pub use environment::{listen, or_default};
pub use http::{client, reaches};
pub use refusal::Refusal;
pub use shutdown::with_the_starter;
