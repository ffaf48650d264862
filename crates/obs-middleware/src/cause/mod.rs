//! What is behind an error: its kind and its text, found by type where the type is known, and by its causes' texts where not.

#[cfg(feature = "client-hyper-util")]
mod hyper_util;
#[cfg(feature = "client-reqwest")]
mod reqwest;
#[cfg(feature = "client-tonic")]
mod tonic;
mod url;

use std::any::Any;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind};

use obs_core::fields::{Chain, guarded};

/// What kept an answer from coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// None of the others.
    Other,
    /// A connection that stood was closed or reset before the answer was whole.
    Reset,
    /// No connection was made: refused, or no way to the host.
    Connect,
    /// No TLS session was made, for a certificate or a protocol.
    Tls,
    /// The name was not found.
    Dns,
    /// Somebody's patience ran out.
    Timeout,
}

impl Fault {
    /// Each of them.
    pub const ALL: [Self; 6] = [Self::Other, Self::Reset, Self::Connect, Self::Tls, Self::Dns, Self::Timeout];

    /// The `kind` it is counted under.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Reset => "reset",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Dns => "dns",
            Self::Timeout => "timeout",
        }
    }
}

/// An error that is its own cause would never end.
const MAX_DEPTH: usize = 32;

/// What one error of a known type says, whatever its causes say.
#[derive(Clone, Copy)]
struct Hint {
    fault: Option<Fault>,
    /// Whether it happened while a connection was being made.
    connecting: bool,
}

/// What an error says, its causes included where they can be seen. `Display` is a user's code and may panic, which is no reason to lose
/// the request.
pub(crate) fn text_of<E: Display + 'static>(error: &E) -> String {
    let mut text = String::new();
    guarded(&mut text, format_args!("{error}"));
    text
}

/// As [`text_of`], with the causes behind it where they can be seen. Of URLs in the text there are neither credentials nor
/// queries: they may hold secrets.
pub(crate) fn story_of<E: Display + 'static>(error: &E) -> String {
    let mut text = String::new();
    match as_error(error) {
        Some(error) => guarded(&mut text, format_args!("{}", Chain(without_url(error)))),
        None => guarded(&mut text, format_args!("{error}")),
    }
    url::public(text)
}

/// The kind of an error whose own text is `text`.
pub(crate) fn fault_of<E: Display + 'static>(error: &E, text: &str) -> Fault {
    let mut worst = of_text(text);
    let (mut connecting, mut next) = (false, as_error(error));
    for _ in 0..MAX_DEPTH {
        let Some(error) = next else { break };
        let hint = hint(error);
        connecting |= hint.is_some_and(|hint| hint.connecting);
        // A type that is known says nothing by its text, where there may be a URL with any word in it.
        let by_text = || if hint.is_some() { None } else { of_text_of(error, connecting) };
        let by_io = || error.downcast_ref::<io::Error>().and_then(|error| of_io(error.kind(), connecting));
        worst = worst.max(hint.and_then(|hint| hint.fault).or_else(by_io).or_else(by_text));
        next = behind(error);
    }
    worst.unwrap_or(if connecting { Fault::Connect } else { Fault::Other })
}

/// The next error of the chain. An I/O error shows the one it was made of as itself, and passes it over as its cause.
fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// The error as one, where its type is known to be one: `Display` is all that services have to give.
fn as_error<E: 'static>(error: &E) -> Option<&(dyn Error + 'static)> {
    let any: &dyn Any = error;
    if let Some(boxed) = any.downcast_ref::<Box<dyn Error + Send + Sync>>() {
        return Some(&**boxed);
    }
    if let Some(error) = any.downcast_ref::<io::Error>() {
        return Some(error);
    }
    known(any)
}

#[cfg(not(feature = "client-hyper-util"))]
fn known(_: &dyn Any) -> Option<&(dyn Error + 'static)> {
    None
}

#[cfg(feature = "client-hyper-util")]
fn known(any: &dyn Any) -> Option<&(dyn Error + 'static)> {
    #[cfg(feature = "client-reqwest")]
    if let Some(error) = reqwest::known(any) {
        return Some(error);
    }
    #[cfg(feature = "client-tonic")]
    if let Some(error) = tonic::known(any) {
        return Some(error);
    }
    hyper_util::known(any)
}

#[cfg(not(feature = "client-hyper-util"))]
fn hint(_: &(dyn Error + 'static)) -> Option<Hint> {
    None
}

#[cfg(feature = "client-hyper-util")]
fn hint(error: &(dyn Error + 'static)) -> Option<Hint> {
    #[cfg(feature = "client-reqwest")]
    if let Some(hint) = reqwest::hint(error) {
        return Some(hint);
    }
    #[cfg(feature = "client-tonic")]
    if let Some(hint) = tonic::hint(error) {
        return Some(hint);
    }
    hyper_util::hint(error)
}

#[cfg(not(feature = "client-reqwest"))]
fn without_url<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error
}

#[cfg(feature = "client-reqwest")]
fn without_url<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    reqwest::without_url(error)
}

fn of_io(kind: ErrorKind, connecting: bool) -> Option<Fault> {
    Some(match kind {
        ErrorKind::TimedOut => Fault::Timeout,
        ErrorKind::ConnectionRefused
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => Fault::Connect,
        // A TCP connection is made whole or not at all: what is wrong with its first bytes is the handshake's.
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof if connecting => Fault::Tls,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Fault::Reset,
        _ => return None,
    })
}

/// By the texts of tower's, tokio's and tonic's elapsed time, of tower-http's time-out of a body, of HTTP/2's and of the resolver's errors, so that none has to be a dependency.
fn of_text(text: &str) -> Option<Fault> {
    const LATE: [&str; 5] = [
        "Timeout expired",
        "request timed out",
        "deadline has elapsed",
        "operation timed out",
        "data was not received within the designated timeout",
    ];
    if LATE.contains(&text) {
        return Some(Fault::Timeout);
    }
    // A stream of HTTP/2 that the other side resets, in the words of the `h2` crate.
    if ["stream error received", "connection error received"].iter().any(|start| text.starts_with(start)) {
        return Some(Fault::Reset);
    }
    let not_found = text.starts_with("dns error") || text.starts_with("failed to lookup address information");
    not_found.then_some(Fault::Dns)
}

fn of_text_of(error: &(dyn Error + 'static), connecting: bool) -> Option<Fault> {
    // The `h2` crate's own words for a connection that is gone.
    const GONE: [&str; 5] = [
        "stream closed because of a broken pipe",
        "connection reset",
        "connection aborted",
        "broken pipe",
        "unexpected end of file",
    ];
    // The words of OpenSSL's and the platforms' own errors.
    const HANDSHAKE: [&str; 4] = ["certificate", "handshake", "ssl", "tls"];
    let mut text = String::new();
    guarded(&mut text, format_args!("{error}"));
    of_text(&text).or_else(|| {
        if !connecting {
            return GONE.contains(&text.as_str()).then_some(Fault::Reset);
        }
        // A URL may have any of the words in it.
        let text = url::removed(&text).to_ascii_lowercase();
        HANDSHAKE.iter().any(|word| text.contains(word)).then_some(Fault::Tls)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: impl Into<Box<dyn Error + Send + Sync>>, expected: Fault) {
        let error = error.into();
        assert_eq!(fault_of(&error, &text_of(&error)), expected, "{error:?}");
    }

    #[test]
    fn kinds_of_io_and_known_texts_are_told_apart_and_the_rest_is_other() {
        for (kind, fault) in [
            (ErrorKind::TimedOut, Fault::Timeout),
            (ErrorKind::ConnectionRefused, Fault::Connect),
            (ErrorKind::HostUnreachable, Fault::Connect),
            (ErrorKind::ConnectionReset, Fault::Reset),
            (ErrorKind::BrokenPipe, Fault::Reset),
            (ErrorKind::UnexpectedEof, Fault::Reset),
            (ErrorKind::InvalidData, Fault::Other),
        ] {
            check(io::Error::from(kind), fault);
            check(io::Error::other(io::Error::from(kind)), fault);
        }
        check("deadline has elapsed", Fault::Timeout);
        check("failed to lookup address information: Name or service not known", Fault::Dns);
        check("data was not received within the designated timeout", Fault::Timeout);
        check("stream closed because of a broken pipe", Fault::Reset);
        check("the bank says no", Fault::Other);
        check("a certificate was looked at", Fault::Other);
    }

    #[test]
    fn a_text_that_is_no_error_is_judged_by_itself() {
        let (late, other) = (String::from("request timed out"), String::from("no"));
        assert_eq!(fault_of(&late, &late), Fault::Timeout);
        assert_eq!(fault_of(&other, &other), Fault::Other);
        assert_eq!(story_of(&other), "no");
    }

    #[test]
    fn an_error_that_is_its_own_cause_comes_to_an_end() {
        #[derive(Debug)]
        struct Snake;
        impl Display for Snake {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("snake")
            }
        }
        impl Error for Snake {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }
        check(Snake, Fault::Other);
    }
}
