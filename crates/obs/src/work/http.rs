//! Calls of other services over HTTP: span, counts, duration, error, and the trace on the headers.
//!
//! ```
//! # use tower::Layer;
//! # fn http_client() {}
//! let payments = obs::http::client("payments").layer(http_client()); // hyper-util's client, or any other tower service
//! # let _ = payments;
//! ```
//!
//! These are of what is installed; [`Obs::client`](crate::Obs::client) is of one installation.

use obs_core::{Base, Resource};
use obs_middleware::ClientLayer;

/// The layer for a client that calls the service known here as `target`. Keep it with the client; clones are cheap. Made where
/// nothing is installed, it does no more than to write a trace's headers.
pub fn client(target: &str) -> ClientLayer {
    ClientLayer::new(super::base().unwrap_or_else(|| Base::new(Resource::new("unknown"))), target)
}
