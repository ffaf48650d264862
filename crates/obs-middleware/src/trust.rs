//! How far a caller's trace context is believed.

use std::net::SocketAddr;

use obs_core::Network;

/// Set per layer; the default is [`Trust::Internal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Callers are services of one's own: their trace goes on. Their sampled flag passes the sampler's rate limit.
    #[default]
    Internal,
    /// Callers are anybody: each request starts a trace of its own and links to the caller's, but for peers that are
    /// [listed](crate::ServerLayer::trusted_peers).
    Edge,
}

/// Whom a layer believes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trusted {
    pub(crate) trust: Trust,
    pub(crate) peers: Vec<Network>,
}

impl Trusted {
    /// Whether what came over a connection from `peer` is believed, as far as `trust` says where that is given. Without an address, as over a Unix socket, no list helps.
    #[inline]
    pub(crate) fn believes(&self, trust: Option<Trust>, peer: Option<SocketAddr>) -> bool {
        match trust.unwrap_or(self.trust) {
            Trust::Internal => true,
            Trust::Edge => {
                peer.is_some_and(|peer| self.peers.iter().any(|network| network.contains(peer.ip())))
            }
        }
    }
}
