//! A stream over TLS (RFC 5425), by rustls.
//!
//! Each piece of at most 16 KiB is one record of TLS, which arrives whole or not at all: so it is known which of ours are out.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};

use super::stream::{self, closed, drain};
use super::{SLICE, Sent, SocketSettings, Wire};
pub(super) use crate::tls::Tls;

/// Whether there is any.
pub(super) const IS_THERE: bool = true;

/// The most bytes of one record of TLS.
const RECORD: usize = 16 << 10;

/// How long after its handshake a connection is watched. In TLS 1.3 a client is done before the server has looked at its
/// certificate, and what is sent by then is lost where that is turned down.
const WATCHED: Duration = Duration::from_millis(200);

impl SocketSettings {
    /// Certificates over TLS; default [`Tls::new`].
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}

/// What is needed for a handshake.
pub(super) struct Config {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Config {
    pub(super) fn new(tls: &Tls, host: &str) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Self { config: Arc::new(tls.config()?), name })
    }

    pub(super) fn open(&self, mut socket: TcpStream, until: Instant) -> io::Result<Box<dyn Wire>> {
        let connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let mut connection = connection.map_err(io::Error::other)?;
        socket.set_read_timeout(Some(SLICE))?;
        while connection.is_handshaking() {
            match connection.complete_io(&mut socket) {
                Ok(_) => {}
                Err(error) if waits(&error) && Instant::now() < until => {}
                Err(error) if waits(&error) => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) => return Err(error),
            }
        }
        if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
            watch(&mut connection, &mut socket)?;
        }
        Ok(Box::new(Secured { connection, socket, taken: 0 }))
    }
}

/// Waits for a first word of the server's, which most say once they have looked at us.
fn watch(connection: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    let until = Instant::now() + WATCHED;
    while Instant::now() < until {
        match take(connection, socket) {
            Ok(0) => return Err(closed()),
            Ok(_) => return Ok(()),
            Err(error) if waits(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads what is there and throws away what is not of TLS itself. Returns 0 where the other side has closed.
fn take(connection: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<usize> {
    let read = connection.read_tls(socket)?;
    let state = connection.process_new_packets().map_err(io::Error::other)?;
    let mut unasked = state.plaintext_bytes_to_read();
    let mut bytes = [0; 1_024];
    while unasked > 0 {
        let some = unasked.min(bytes.len());
        connection.reader().read_exact(&mut bytes[..some])?;
        unasked -= some;
    }
    Ok(if state.peer_has_closed() { 0 } else { read })
}

fn waits(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// The stream.
struct Secured {
    connection: ClientConnection,
    socket: TcpStream,
    /// How many bytes were handed to TLS and are not written yet.
    taken: usize,
}

impl Wire for Secured {
    fn check(&mut self) -> io::Result<()> {
        let connection = &mut self.connection;
        drain(&mut self.socket, |socket| take(connection, socket))
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<Sent> {
        if self.taken == 0 {
            self.taken = self.connection.writer().write(&bytes[..bytes.len().min(RECORD)])?;
        }
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut self.socket) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if waits(&error) => return Ok(Sent::Waits),
                Err(error) => return Err(error),
            }
        }
        Sent::of(Ok(std::mem::take(&mut self.taken)))
    }

    fn close(&mut self) {
        self.connection.send_close_notify();
        let until = Instant::now() + WATCHED;
        while self.connection.wants_write() && Instant::now() < until {
            match self.connection.write_tls(&mut self.socket) {
                Err(error) if !waits(&error) => return,
                _ => {}
            }
        }
        stream::linger(&mut self.socket);
    }
}
