//! A stream without TLS: bytes as they are.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::cause::Cause;
use super::{Sent, Wire};

/// The most bytes of one write; before each the other side is asked for.
const MOST: usize = 64 << 10;

/// How much is read of a peer that has no business to say anything, before it is let be until the next time.
const READS: usize = 16;

/// How long the other side may take to read what is on its way.
const LINGER: Duration = Duration::from_millis(200);

/// What streams of all kinds can do.
pub(super) trait Socket: Read + Write + Send {
    fn nonblocking(&self, is_so: bool) -> io::Result<()>;
    fn read_within(&self, limit: Duration) -> io::Result<()>;
    /// Says that nothing more will come.
    fn end(&self) -> io::Result<()>;
}

macro_rules! sockets {
    ($($(#[$gate:meta])? $stream:ty),*) => {$(
        $(#[$gate])?
        impl Socket for $stream {
            fn nonblocking(&self, is_so: bool) -> io::Result<()> {
                self.set_nonblocking(is_so)
            }

            fn read_within(&self, limit: Duration) -> io::Result<()> {
                self.set_read_timeout(Some(limit))
            }

            fn end(&self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    )*};
}

// The standard library has the same functions on both, and no trait for them.
sockets!(
    TcpStream,
    #[cfg(unix)]
    UnixStream
);

/// Calls `read` without waiting until there is nothing to read; what it returns is how many bytes there were.
pub(super) fn drain<S: Socket>(
    socket: &mut S,
    mut read: impl FnMut(&mut S) -> io::Result<usize>,
) -> io::Result<()> {
    socket.nonblocking(true)?;
    let mut reads = 0;
    let found = loop {
        reads += 1;
        match read(socket) {
            Ok(0) => break Err(closed()),
            Ok(_) if reads < READS => {}
            Ok(_) => break Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    socket.nonblocking(false)?;
    found
}

pub(super) fn closed() -> io::Error {
    Cause::Closed.error()
}

/// Lets the other side read all before the socket goes: one that is closed while something of the peer's is unread takes
/// back what the peer has not read yet.
pub(super) fn linger<S: Socket>(socket: &mut S) {
    let until = Instant::now() + LINGER;
    let mut bytes = [0; 1_024];
    if socket.end().and_then(|()| socket.read_within(LINGER)).is_ok() {
        while Instant::now() < until && socket.read(&mut bytes).is_ok_and(|read| read > 0) {}
    }
}

/// The stream.
pub(super) struct Stream<S>(S);

impl<S: Socket> Stream<S> {
    pub(super) fn new(socket: S) -> Self {
        Self(socket)
    }
}

impl<S: Socket> Wire for Stream<S> {
    fn check(&mut self) -> io::Result<()> {
        let mut bytes = [0; 1_024];
        drain(&mut self.0, |socket| socket.read(&mut bytes))
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<Sent> {
        Sent::of(self.0.write(&bytes[..bytes.len().min(MOST)]))
    }

    fn close(&mut self) {
        linger(&mut self.0);
    }
}
