//! Where connections come in: a port, or a file.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};

use super::caller::Peer;
#[cfg(unix)]
use super::unix;
use crate::config::Admin;

/// How many connections wait to be taken in, as far as the system lets them: where it has no place left for one, its client
/// tries again after a second.
const QUEUE: u32 = 4096;

/// Bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A socket that is bound and not on a runtime yet.
pub(super) enum Bound {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(unix::Bound),
}

/// The same on the runtime it was made ready on.
pub(super) enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(unix::Socket),
}

impl Bound {
    /// On the runtime that is current; `None` where there is to be none.
    pub(super) fn at(place: &Admin) -> io::Result<Option<Self>> {
        match place {
            Admin::Off => Ok(None),
            Admin::At(addr) => {
                let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
                // As the standard library has it: there, another may be bound while connections of the last one linger.
                #[cfg(unix)]
                socket.set_reuseaddr(true)?;
                socket.bind(*addr)?;
                let listener = socket.listen(QUEUE)?;
                let addr = listener.local_addr()?;
                Ok(Some(Self::Tcp(listener, addr)))
            }
            #[cfg(unix)]
            Admin::Unix(path) => unix::Bound::at(path).map(Self::Unix).map(Some),
            #[cfg(not(unix))]
            Admin::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The address, where it is one.
    pub(super) fn addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, addr) => Some(*addr),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }

    /// On the runtime that is current.
    pub(super) fn ready(self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener, _) => Ok(Socket::Tcp(listener)),
            #[cfg(unix)]
            Self::Unix(bound) => bound.ready().map(Socket::Unix),
        }
    }
}

impl Socket {
    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Box::new(stream), Peer::Tcp(peer)))
            }
            #[cfg(unix)]
            Self::Unix(socket) => Ok((Box::new(socket.accept().await?), Peer::Unix)),
        }
    }
}
