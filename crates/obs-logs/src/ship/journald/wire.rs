//! The way into the journal: a datagram for each entry, or where that is too small a sealed file in memory whose
//! descriptor is sent.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Instant;

use obs_export::socket::{Place, SLICE, Sent, Wire, counted};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use super::entry;

/// Where the journal listens, and who speaks.
pub(super) struct Journal {
    socket: PathBuf,
    identifier: String,
}

impl Journal {
    pub(super) fn new(socket: PathBuf, identifier: &str) -> Self {
        Self { socket, identifier: identifier.to_owned() }
    }
}

impl Place for Journal {
    fn open(&self, _: Instant) -> io::Result<Box<dyn Wire>> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.socket)?;
        socket.set_write_timeout(Some(SLICE))?;
        Ok(Box::new(Native { socket, identifier: self.identifier.clone(), entry: Vec::new() }))
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.display().fmt(f)
    }
}

/// The native protocol.
struct Native {
    socket: UnixDatagram,
    identifier: String,
    entry: Vec<u8>,
}

impl Wire for Native {
    fn send(&mut self, bytes: &[u8]) -> io::Result<Sent> {
        use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
        let Some(range) = counted::first(bytes) else { return Err(io::ErrorKind::InvalidData.into()) };
        self.entry.clear();
        entry::push(&bytes[range.clone()], &self.identifier, &mut self.entry);
        let sent = match self.socket.send(&self.entry) {
            Err(error) if is_too_large(&error) => send_file(&self.socket, &self.entry),
            sent => sent,
        };
        match sent {
            Ok(_) => Ok(Sent::Record { taken: range.end, sent: self.entry.len() }),
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut | Interrupted) => Ok(Sent::Waits),
            // Not even as a file.
            Err(error) if is_too_large(&error) => Ok(Sent::Never),
            Err(error) => Err(error),
        }
    }
}

fn is_too_large(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error())
}

/// Sends the entry as a file that nobody can change any more, which is what the journal asks for.
fn send_file(socket: &UnixDatagram, entry: &[u8]) -> io::Result<usize> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(rustix::fs::memfd_create("obs-entry", flags)?);
    file.write_all(entry)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals)?;
    let files = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::Error::other("no room for a descriptor"));
    }
    Ok(rustix::net::sendmsg(socket, &[], &mut ancillary, SendFlags::NOSIGNAL)?)
}
