//! Datagrams: each has one record, without its length, and no more of it than fits.

use std::borrow::Cow;
use std::io;
use std::net::UdpSocket;
#[cfg(unix)]
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::{SLICE, Sent, Wire, counted};

/// What stands at the end of what was cut.
const MARK: &str = "…";

/// What is not sent even if it is cut to this is not sent at all.
const LEAST: usize = 256;

/// How long a receiver's machine may take to say that nobody is there.
const REFUSAL: Duration = Duration::from_millis(20);

/// No datagram of Unix's is larger than what its sender may have under way; the system says where that ends.
#[cfg(unix)]
const LOCAL_BYTES: usize = 1 << 20;

/// What of a message fits, with a mark where that is not all.
fn cut(message: &[u8], limit: usize) -> Cow<'_, [u8]> {
    if message.len() <= limit {
        return Cow::Borrowed(message);
    }
    let mut end = limit.saturating_sub(MARK.len());
    // No character is cut in two.
    while end > 0 && message[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    Cow::Owned([&message[..end], MARK.as_bytes()].concat())
}

/// Sends the first record; what is too large for the system is cut shorter until it fits.
fn send(bytes: &[u8], limit: &mut usize, send: impl Fn(&[u8]) -> io::Result<usize>) -> io::Result<Sent> {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    let Some(range) = counted::first(bytes) else { return Err(io::ErrorKind::InvalidData.into()) };
    let message = &bytes[range.clone()];
    loop {
        let datagram = cut(message, *limit);
        match send(&datagram) {
            Ok(_) => return Ok(Sent::Record { taken: range.end, sent: datagram.len() }),
            Err(error) if is_too_large(&error) => {
                if datagram.len() <= LEAST {
                    return Ok(Sent::Never);
                }
                *limit = datagram.len() - datagram.len() / 8;
            }
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut | Interrupted) => {
                return Ok(Sent::Waits);
            }
            Err(error) if has_no_room(&error) => {
                std::thread::sleep(SLICE);
                return Ok(Sent::Waits);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn is_too_large(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EMSGSIZE)
}

#[cfg(unix)]
fn has_no_room(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOBUFS)
}

#[cfg(not(unix))]
fn is_too_large(error: &io::Error) -> bool {
    // WSAEMSGSIZE.
    error.raw_os_error() == Some(10_040)
}

#[cfg(not(unix))]
fn has_no_room(error: &io::Error) -> bool {
    // WSAENOBUFS.
    error.raw_os_error() == Some(10_055)
}

/// Over UDP.
pub(super) struct Udp {
    socket: UdpSocket,
    limit: usize,
    /// Whether nothing was sent yet: then it is waited for a word that nobody is there.
    is_new: bool,
}

impl Udp {
    pub(super) fn new(socket: UdpSocket, limit: usize) -> io::Result<Self> {
        socket.set_write_timeout(Some(SLICE))?;
        socket.set_read_timeout(Some(REFUSAL))?;
        Ok(Self { socket, limit, is_new: true })
    }
}

impl Wire for Udp {
    fn check(&mut self) -> io::Result<()> {
        self.socket.take_error()?.map_or(Ok(()), Err)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<Sent> {
        let sent = send(bytes, &mut self.limit, |datagram| self.socket.send(datagram))?;
        if matches!(sent, Sent::Record { .. }) && std::mem::take(&mut self.is_new) {
            // A refusal wakes it at once; anything else that comes is nothing to us.
            if let Err(error) = self.socket.recv(&mut [0; 16])
                && error.kind() == io::ErrorKind::ConnectionRefused
            {
                return Err(error);
            }
        }
        Ok(sent)
    }
}

/// On this machine.
#[cfg(unix)]
pub(super) struct Local {
    socket: UnixDatagram,
    limit: usize,
}

#[cfg(unix)]
impl Local {
    pub(super) fn new(socket: UnixDatagram) -> io::Result<Self> {
        socket.set_write_timeout(Some(SLICE))?;
        Ok(Self { socket, limit: LOCAL_BYTES })
    }
}

#[cfg(unix)]
impl Wire for Local {
    fn send(&mut self, bytes: &[u8]) -> io::Result<Sent> {
        send(bytes, &mut self.limit, |datagram| self.socket.send(datagram))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_ends_in_a_mark_and_between_two_characters() {
        for (message, limit, expected) in [
            ("0123456789", 10, "0123456789"),
            ("0123456789", 9, "012345…"),
            ("01234é6789", 9, "01234…"),
            ("é", 3, "é"),
            ("ééé", 3, "…"),
        ] {
            let datagram = cut(message.as_bytes(), limit);
            assert_eq!(str::from_utf8(&datagram), Ok(expected), "{message} {limit}");
            assert!(datagram.len() <= limit);
        }
    }

    #[test]
    fn what_the_system_finds_too_large_is_cut_until_it_fits_or_never_goes() {
        let too_large = || io::Error::from_raw_os_error(libc::EMSGSIZE);
        let mut bytes = Vec::new();
        counted::push(&mut bytes, |out| out.extend([b'x'; 5_000]));
        let (mut limit, most) = (usize::MAX, 1_000);
        let sent = std::cell::Cell::new(0);
        let fits = |datagram: &[u8]| {
            sent.set(datagram.len());
            if datagram.len() > most { Err(too_large()) } else { Ok(datagram.len()) }
        };
        let expected = |sent| Sent::Record { taken: bytes.len(), sent };
        assert_eq!(send(&bytes, &mut limit, fits).unwrap(), expected(sent.get()));
        assert!((800..=1_000).contains(&sent.get()), "{}", sent.get());
        assert_eq!(send(&bytes, &mut limit, |_| Err(too_large())).unwrap(), Sent::Never);
    }
}
