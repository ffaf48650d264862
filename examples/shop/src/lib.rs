//! What the three services share, so that each of them shows its own work only.

mod environment;
mod http;
mod refusal;
mod shutdown;

pub use environment::{Mistake, listen, or_default, service};
pub use http::{client, reaches, under};
pub use refusal::Refusal;
pub use shutdown::with_the_starter;
