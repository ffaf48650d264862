//! Where a socket leads to, and how it is opened.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use super::cause::Cause;
use super::datagram::Udp;
use super::stream::Stream;
use super::tls::{self, Config};
use super::{Place, SLICE, SocketSettings, Wire};

/// After how long without a word the other side's machine is asked whether it is there, and how often.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(15));

/// The other end of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A stream over TCP.
    Tcp {
        /// A name, or an address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A stream over TLS; needs the feature `socket-tls`.
    Tls {
        /// A name, or an address; its certificate says the same.
        host: String,
        /// The port.
        port: u16,
    },
    /// Datagrams over UDP.
    Udp {
        /// A name, or an address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket of Unix's: datagrams, and where it takes none a stream.
    Unix(PathBuf),
}

impl Address {
    /// Whether [`Address::Tls`] can be reached.
    pub const HAS_TLS: bool = tls::IS_THERE;
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match self {
            Self::Tcp { host, port } => ("tcp", host, port),
            Self::Tls { host, port } => ("tls", host, port),
            Self::Udp { host, port } => ("udp", host, port),
            Self::Unix(path) => return write!(f, "unix://{}", path.display()),
        };
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]:{port}"),
            false => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// An address with what is needed to open it.
pub(super) struct Dialled {
    pub(super) address: Address,
    pub(super) tls: Option<Config>,
    pub(super) settings: SocketSettings,
}

impl Place for Dialled {
    fn open(&self, until: Instant) -> io::Result<Box<dyn Wire>> {
        match &self.address {
            Address::Tcp { host, port } => Ok(Box::new(Stream::new(self.connect(host, *port, until)?))),
            Address::Tls { host, port } => {
                let config = self.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
                config.open(self.connect(host, *port, until)?, until)
            }
            Address::Udp { host, port } => {
                let wire = Udp::new(datagrams(host, *port)?, self.settings.datagram_bytes)?;
                Ok(Box::new(wire))
            }
            Address::Unix(path) => unix(path, until),
        }
    }
}

impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

impl Dialled {
    /// Tries each address of a name, each for its share of the time.
    fn connect(&self, host: &str, port: u16, until: Instant) -> io::Result<TcpStream> {
        let addresses = addresses(host, port)?;
        let mut error = unnamed();
        for (tried, address) in addresses.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let share = left / (addresses.len() - tried) as u32;
            if share.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match TcpStream::connect_timeout(address, share) {
                Ok(stream) => return tuned(stream, self.settings.timeout),
                Err(refused) => error = refused,
            }
        }
        Err(error)
    }
}

/// Writes that come back in time, and a peer that is gone noticed also where nothing is said.
fn tuned(stream: TcpStream, timeout: Duration) -> io::Result<TcpStream> {
    stream.set_write_timeout(Some(SLICE))?;
    // These make it better where the system knows them.
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(&stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE.0);
    #[cfg(not(target_os = "openbsd"))]
    let keepalive = keepalive.with_interval(KEEPALIVE.1);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(timeout));
    #[cfg(not(target_os = "linux"))]
    let _ = timeout;
    Ok(stream)
}

fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs().map_err(|error| Cause::Name(error).error())?;
    Ok(found.collect())
}

/// Of a name that is known and has no address.
fn unnamed() -> io::Error {
    Cause::Name(io::ErrorKind::NotFound.into()).error()
}

fn datagrams(host: &str, port: u16) -> io::Result<UdpSocket> {
    let mut error = unnamed();
    for address in addresses(host, port)? {
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        match UdpSocket::bind(any).and_then(|socket| socket.connect(address).map(|()| socket)) {
            Ok(socket) => return Ok(socket),
            Err(refused) => error = refused,
        }
    }
    Err(error)
}

#[cfg(unix)]
fn unix(path: &std::path::Path, until: Instant) -> io::Result<Box<dyn Wire>> {
    use socket2::{Domain, SockAddr, Socket, Type};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    let socket = UnixDatagram::unbound()?;
    match socket.connect(path) {
        Ok(()) => Ok(Box::new(super::datagram::Local::new(socket)?)),
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            // Linux waits so long, and else for ever, for a listener that has as many waiting as it takes.
            let left = until.saturating_duration_since(Instant::now()).max(SLICE);
            socket.set_write_timeout(Some(left))?;
            socket.connect(&SockAddr::unix(path)?).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
                _ => error,
            })?;
            let stream = UnixStream::from(OwnedFd::from(socket));
            stream.set_write_timeout(Some(SLICE))?;
            Ok(Box::new(Stream::new(stream)))
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn unix(_: &std::path::Path, _: Instant) -> io::Result<Box<dyn Wire>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_it_is_written() {
        let host = String::from;
        for (address, shown) in [
            (Address::Tcp { host: host("logs"), port: 601 }, "tcp://logs:601"),
            (Address::Tls { host: host("::1"), port: 6_514 }, "tls://[::1]:6514"),
            (Address::Udp { host: host("10.0.0.1"), port: 514 }, "udp://10.0.0.1:514"),
            (Address::Unix("/dev/log".into()), "unix:///dev/log"),
        ] {
            assert_eq!(address.to_string(), shown);
        }
    }
}
