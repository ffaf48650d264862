//! Where the address of a connection's peer comes from.

use std::net::SocketAddr;

use http::Extensions;

/// The peer of the connection a request came over: a request extension, put there by the server. Servers of a
/// framework may leave their own type instead, such as axum's `ConnectInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The framework's first: where both are, they are the same.
pub(crate) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    crate::route::peer_of_framework(extensions).or_else(|| extensions.get::<Peer>().map(|peer| peer.0))
}
