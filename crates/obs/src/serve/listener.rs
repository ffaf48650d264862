//! Where connections come from, and what is asked of their sockets past the runtime.
//!
//! A runtime learns of readiness some time after the kernel does. Whoever is about to close something asks the kernel.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// A listener that `Obs::serve` can take connections from.
pub trait Listener: Send + 'static {
    /// What it gives.
    type Socket: Socket;

    /// Takes the next connection.
    ///
    /// # Errors
    /// What the system says; the listener is asked again.
    fn poll_accept(&mut self, task: &mut Context<'_>)
    -> Poll<io::Result<(Self::Socket, Option<SocketAddr>)>>;

    /// Takes a connection that is in the queue at this moment; `WouldBlock` when there is none, whatever the runtime
    /// knows.
    ///
    /// # Errors
    /// What the system says.
    fn accept_now(&mut self) -> io::Result<(Self::Socket, Option<SocketAddr>)>;

    /// Lets no further connection begin, where others listen on the same address and take it instead; whether there
    /// are such.
    fn turn_away(&self) -> bool {
        false
    }
}

/// A connection that `Obs::serve` can serve.
pub trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Whether bytes, or the end of them, wait in the kernel at this moment, whatever the runtime knows.
    fn has_input(&self) -> bool;
}

impl Listener for TcpListener {
    type Socket = TcpStream;

    fn poll_accept(&mut self, task: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Option<SocketAddr>)>> {
        let accepted = TcpListener::poll_accept(self, task);
        accepted.map_ok(|(stream, peer)| (prompt(stream), Some(peer)))
    }

    fn accept_now(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (socket, peer) = SockRef::from(&*self).accept()?;
        socket.set_nonblocking(true)?;
        Ok((prompt(TcpStream::from_std(socket.into())?), peer.as_socket()))
    }

    fn turn_away(&self) -> bool {
        shared::turn_away(&SockRef::from(self))
    }
}

/// Answers are written whole: waiting for more to send with them only costs time.
fn prompt(stream: TcpStream) -> TcpStream {
    // A peer that is gone already is found by reading.
    let _ = stream.set_nodelay(true);
    stream
}

impl Socket for TcpStream {
    fn has_input(&self) -> bool {
        has_input(&SockRef::from(self))
    }
}

fn has_input(socket: &SockRef<'_>) -> bool {
    let peeked = socket.peek(&mut [MaybeUninit::uninit(); 1]);
    // Any other error is something to be read, too.
    !matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Socket = tokio::net::UnixStream;

    fn poll_accept(
        &mut self,
        task: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Socket, Option<SocketAddr>)>> {
        tokio::net::UnixListener::poll_accept(self, task).map_ok(|(stream, _)| (stream, None))
    }

    fn accept_now(&mut self) -> io::Result<(Self::Socket, Option<SocketAddr>)> {
        let (socket, _) = SockRef::from(&*self).accept()?;
        socket.set_nonblocking(true)?;
        Ok((tokio::net::UnixStream::from_std(socket.into())?, None))
    }
}

#[cfg(unix)]
impl Socket for tokio::net::UnixStream {
    fn has_input(&self) -> bool {
        has_input(&SockRef::from(self))
    }
}

#[cfg(target_os = "linux")]
mod shared {
    //! Linux deals new connections out to all listeners of a shared port, to the one that is about to close as well:
    //! what reaches it between its last accept and its close would be reset.

    use socket2::{SockFilter, SockRef};

    // Classic BPF, <linux/filter.h>.
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;

    /// Where a TCP header has its flags (RFC 9293, section 3.1), and the two that matter.
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;

    /// Drops the segments that ask for a new connection. The client asks again after a second, when this listener is
    /// gone and another one gets it. Connections under way are not touched.
    const NO_SYN: [SockFilter; 5] = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];

    pub(super) fn turn_away(listener: &SockRef<'_>) -> bool {
        listener.reuse_port().unwrap_or(false) && listener.attach_filter(&NO_SYN).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod shared {
    //! Elsewhere the last listener on a port gets all connections, or nothing can be done.

    pub(super) fn turn_away(_: &socket2::SockRef<'_>) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_kernel_is_asked_and_not_the_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            // Nothing is awaited from here on: the runtime hears of nothing.
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let addr = listener.local_addr().unwrap();
            let mut listener = TcpListener::from_std(listener).unwrap();
            let empty = listener.accept_now().err().map(|error| error.kind());
            assert_eq!(empty, Some(io::ErrorKind::WouldBlock));
            let mut client = std::net::TcpStream::connect(addr).unwrap();
            let (socket, peer) = listener.accept_now().unwrap();
            assert_eq!(peer, Some(client.local_addr().unwrap()));
            assert!(!socket.has_input());
            client.write_all(b"x").unwrap();
            assert!(socket.has_input());
            let other = std::net::TcpStream::connect(addr).unwrap();
            let (socket, _) = listener.accept_now().unwrap();
            assert!(!socket.has_input());
            drop(other);
            assert!(socket.has_input(), "its end is something to be read");
            assert!(!listener.turn_away(), "nobody else would take them");
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_comes_after_turning_away_gets_the_other_listener() {
        const CLIENTS: usize = 32;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let shared = |addr: SocketAddr| {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.set_reuseport(true).unwrap();
                socket.bind(addr).unwrap();
                socket.listen(128).unwrap()
            };
            let mut going = shared("127.0.0.1:0".parse().unwrap());
            let addr = going.local_addr().unwrap();
            let mut before = std::net::TcpStream::connect(addr).unwrap();
            let (served, _) = going.accept_now().unwrap();
            let mut staying = shared(addr);
            assert!(going.turn_away());
            let connect = || std::thread::spawn(move || std::net::TcpStream::connect(addr));
            let clients: Vec<_> = (0..CLIENTS).map(|_| connect()).collect();
            // The kernel has dealt with the first attempts of all when some have come through: the rest is refused.
            let mut came = Vec::new();
            while came.len() < CLIENTS / 8 {
                came.extend(staying.accept_now());
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert!(going.accept_now().is_err(), "none is left behind");
            before.write_all(b"x").unwrap();
            assert!(served.has_input(), "connections under way are not touched");
            drop(going);
            for client in clients {
                client.join().unwrap().unwrap();
            }
            while let Ok(next) = staying.accept_now() {
                came.push(next);
            }
            assert_eq!(came.len(), CLIENTS);
        });
    }
}
