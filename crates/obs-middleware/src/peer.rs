//! Where the address of a connection's peer comes from.

use std::net::SocketAddr;

use http::Extensions;

/// The peer of the connection a request came over: a request extension, put there by the server. Servers of a
/// framework may leave their own type instead, such as axum's `ConnectInfo`, or what tonic's own server leaves for calls of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The framework's first: where both are, they are the same.
pub(crate) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    crate::route::peer_of_framework(extensions).or_else(|| extensions.get::<Peer>().map(|peer| peer.0))
}

pub(crate) use of_tonic::peer as peer_of_call;

#[cfg(feature = "tonic")]
mod of_tonic {
    //! What tonic's own server leaves in the extensions of a request.

    use std::net::SocketAddr;

    use http::Extensions;
    use tonic::Request;
    use tonic::metadata::MetadataMap;
    use tonic::transport::server::TcpConnectInfo;

    #[cold]
    pub(crate) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
        match extensions.get::<TcpConnectInfo>() {
            Some(tcp) => tcp.remote_addr(),
            // Over TLS it is another type, which is there with a feature of tonic alone: its own request knows whether it is.
            None => Request::from_parts(MetadataMap::default(), extensions.clone(), ()).remote_addr(),
        }
    }
}

#[cfg(not(feature = "tonic"))]
mod of_tonic {
    //! Nothing is known without it.

    use std::net::SocketAddr;

    use http::Extensions;

    pub(crate) fn peer(_: &Extensions) -> Option<SocketAddr> {
        None
    }
}
