//! What can go wrong at a socket, beside what the system has a kind for; and all of it in plain words.

use std::fmt;
use std::io;

use crate::watch::{Trouble, find, tls_trouble};

/// Carried by an [`io::Error`].
#[derive(Debug)]
pub(super) enum Cause {
    /// A name has no address, as its resolver says.
    Name(io::Error),
    /// The other side is there, and takes nothing.
    TakesNothing,
    /// It has closed the connection.
    Closed,
}

impl Cause {
    /// As what it is for whoever goes by kinds.
    pub(super) fn error(self) -> io::Error {
        let kind = match &self {
            Self::Name(error) => error.kind(),
            Self::TakesNothing => io::ErrorKind::TimedOut,
            Self::Closed => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, self)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::TakesNothing => f.write_str("the other side takes nothing"),
            Self::Closed => f.write_str("the other side has closed the connection"),
        }
    }
}

impl std::error::Error for Cause {}

/// What this is in plain words.
pub(super) fn trouble(error: &io::Error) -> Trouble {
    find(error, &known).unwrap_or(Trouble::Other)
}

fn known(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkUnreachable, NotConnected, NotFound, PermissionDenied, TimedOut, UnexpectedEof, WriteZero,
    };
    if let Some(cause) = error.downcast_ref::<Cause>() {
        return Some(match cause {
            Cause::Name(_) => Trouble::Name,
            Cause::TakesNothing => Trouble::TakesNothing,
            Cause::Closed => Trouble::Closed,
        });
    }
    if let Some(trouble) = tls_trouble(error) {
        return Some(trouble);
    }
    let error = error.downcast_ref::<io::Error>()?;
    if error.get_ref().is_some() {
        // What it carries says more than its kind.
        return None;
    }
    match error.kind() {
        ConnectionRefused => Some(Trouble::Refused),
        HostUnreachable | NetworkUnreachable => Some(Trouble::Route),
        TimedOut => Some(Trouble::Timeout),
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof | WriteZero => {
            Some(Trouble::Closed)
        }
        NotFound => Some(Trouble::Missing),
        PermissionDenied => Some(Trouble::Denied),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_has_a_plain_word() {
        for (number, expected) in [
            (libc::ECONNREFUSED, Trouble::Refused),
            (libc::EHOSTUNREACH, Trouble::Route),
            (libc::ETIMEDOUT, Trouble::Timeout),
            (libc::EPIPE, Trouble::Closed),
            (libc::ECONNRESET, Trouble::Closed),
            (libc::ENOENT, Trouble::Missing),
            (libc::EACCES, Trouble::Denied),
            (libc::EIO, Trouble::Other),
        ] {
            assert_eq!(trouble(&io::Error::from_raw_os_error(number)), expected, "{number}");
        }
        // What is carried goes before the kind of what carries it.
        for (cause, expected) in [
            (Cause::TakesNothing, Trouble::TakesNothing),
            (Cause::Closed, Trouble::Closed),
            (Cause::Name(io::ErrorKind::NotFound.into()), Trouble::Name),
        ] {
            assert_eq!(trouble(&cause.error()), expected);
        }
    }
}
