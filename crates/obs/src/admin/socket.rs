//! Where connections come in: a port, or a file.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
#[cfg(unix)]
use tokio::net::UnixListener;
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

/// A socket that somebody may connect to.
pub(super) enum Socket {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// The file of a socket that has one, removed with this. It is apart from the socket, which ends when its runtime comes to
/// it, and that may be after the process has ended.
#[derive(Default)]
pub(super) struct Left(#[cfg(unix)] Option<unix::File>);

impl Socket {
    /// On the runtime that is current; `None` where there is to be none.
    pub(super) fn at(place: &Admin) -> io::Result<Option<(Self, Left)>> {
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
                Ok(Some((Self::Tcp(listener, addr), Left::default())))
            }
            #[cfg(unix)]
            Admin::Unix(path) => {
                let (listener, file) = unix::bind(path)?;
                Ok(Some((Self::Unix(UnixListener::from_std(listener)?), Left(Some(file)))))
            }
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

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        match self {
            Self::Tcp(listener, _) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Box::new(stream), Peer::Tcp(peer)))
            }
            #[cfg(unix)]
            Self::Unix(listener) => Ok((Box::new(listener.accept().await?.0), Peer::Unix)),
        }
    }
}

impl Left {
    /// Removes it now. To be called while the socket is there: nobody else takes its place until then.
    pub(super) fn remove(&self) {
        #[cfg(unix)]
        if let Some(file) = &self.0 {
            file.remove();
        }
    }
}
