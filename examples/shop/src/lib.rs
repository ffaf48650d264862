//! What the three services share, so that each of them shows its own work only.

mod environment;
mod http;
pub mod payments;
mod refusal;
mod shutdown;

pub use environment::{Mistake, listen, or_default, service};
pub use http::{client, reaches, under};
pub use refusal::Refusal;
pub use shutdown::with_the_starter;

/// The code of the page about clients, so that it compiles where they all are.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/integrations.md")]
    struct Integrations;
}
