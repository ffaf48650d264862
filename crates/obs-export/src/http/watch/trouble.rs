//! Why an attempt came to nothing, in one of a few plain words: for a line, a check and a number, where the error itself
//! would say too much.

use std::fmt;
use std::io;

use http::StatusCode;

use super::super::{Fate, Response, Retry, SendError, TunnelRefused, connector};
use super::find;

/// Why an attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The host's name has no address.
    Name,
    /// Nobody listens there.
    Refused,
    /// There is no way to the host.
    Route,
    /// The connection ended before an answer came.
    Broken,
    /// No answer came in time.
    Timeout,
    /// The certificate of the other side is out of date, or not valid yet.
    Expired,
    /// It is signed by nobody who is believed.
    Authority,
    /// It belongs to another host.
    OtherName,
    /// There is something else wrong with it.
    Certificate,
    /// The other side does not take our certificate, or wants to see one.
    OurCertificate,
    /// No TLS came about for another reason.
    Tls,
    /// A proxy would not let the connection through, and answered with this status.
    Proxy(u16),
    /// An answer with this status.
    Status(u16),
    /// The answer is none that the protocol has.
    Foreign,
    /// None of what was sent was kept, although the answer was a good one.
    TurnedAway,
    /// Anything else.
    Other,
}

impl Trouble {
    /// What became of an attempt, unless it was good or just given up.
    pub(in crate::http) fn of(answer: &Result<Response, SendError>) -> Option<Self> {
        match answer {
            Ok(response) if response.grpc().is_some() => match response.fate(&Retry::new()) {
                Fate::Accepted => None,
                _ if response.status.is_success() => Some(Self::TurnedAway),
                _ => Some(Self::Status(response.status.as_u16())),
            },
            Ok(response) if response.status.is_success() => None,
            Ok(response) => Some(Self::Status(response.status.as_u16())),
            Err(SendError::Over) => None,
            Err(SendError::Timeout) => Some(Self::Timeout),
            Err(SendError::ResponseTooLarge | SendError::Foreign) => Some(Self::Foreign),
            Err(SendError::Connection(error)) => Some(find(&**error, &known).unwrap_or(Self::Other)),
        }
    }

    /// Each in a number that is not 0.
    pub(super) const fn code(self) -> u32 {
        match self {
            Self::Name => 1,
            Self::Refused => 2,
            Self::Route => 3,
            Self::Broken => 4,
            Self::Timeout => 5,
            Self::Expired => 6,
            Self::Authority => 7,
            Self::OtherName => 8,
            Self::Certificate => 9,
            Self::OurCertificate => 10,
            Self::Tls => 11,
            Self::Foreign => 12,
            Self::TurnedAway => 13,
            Self::Other => 14,
            Self::Proxy(status) => 1 << 16 | status as u32,
            Self::Status(status) => 2 << 16 | status as u32,
        }
    }

    /// The one of this number.
    pub(super) const fn of_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => return None,
            1 => Self::Name,
            2 => Self::Refused,
            3 => Self::Route,
            4 => Self::Broken,
            5 => Self::Timeout,
            6 => Self::Expired,
            7 => Self::Authority,
            8 => Self::OtherName,
            9 => Self::Certificate,
            10 => Self::OurCertificate,
            11 => Self::Tls,
            12 => Self::Foreign,
            13 => Self::TurnedAway,
            code if code >> 16 == 1 => Self::Proxy(code as u16),
            code if code >> 16 == 2 => Self::Status(code as u16),
            _ => Self::Other,
        })
    }
}

/// What one error of a chain says.
fn known(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    if let Some(refused) = error.downcast_ref::<TunnelRefused>() {
        return Some(Trouble::Proxy(refused.status));
    }
    if let Some(trouble) = connector::trouble(error) {
        return Some(trouble);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Trouble::Refused),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some(Trouble::Route),
            io::ErrorKind::TimedOut => Some(Trouble::Timeout),
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof => Some(Trouble::Broken),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return match () {
            () if error.is_parse() => Some(Trouble::Foreign),
            // Where there is a reason it comes further down the chain.
            () if error.is_incomplete_message() => Some(Trouble::Broken),
            // Over HTTP/2, where the connection has the reason and the request has not.
            () if error.is_canceled() || error.is_closed() => Some(Trouble::Broken),
            () => None,
        };
    }
    // The connector's own error has no type that could be asked for; a test holds it to this.
    (error.to_string() == "dns error").then_some(Trouble::Name)
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name not known",
            Self::Refused => "connection refused",
            Self::Route => "no route to the host",
            Self::Broken => "connection ended before an answer",
            Self::Timeout => "no answer in time",
            Self::Expired => "certificate expired, or not valid yet",
            Self::Authority => "certificate of an unknown authority",
            Self::OtherName => "certificate of another host",
            Self::Certificate => "certificate not valid",
            Self::OurCertificate => "our certificate is missing or not accepted",
            Self::Tls => "no TLS at the other end, or none in common",
            Self::Proxy(status) => return write!(f, "refused by the proxy: {}", Told(*status)),
            Self::Status(status) => return Told(*status).fmt(f),
            Self::Foreign => "answer is none of the protocol",
            Self::TurnedAway => "records are turned away",
            Self::Other => "connection failed",
        })
    }
}

/// A status with its words, where it has any.
struct Told(u16);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = StatusCode::from_u16(self.0).ok().and_then(|status| status.canonical_reason());
        write!(f, "{}", self.0)?;
        words.map_or(Ok(()), |words| write!(f, " {words}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_a_number_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        let all = (1..=14).map(|code| Trouble::of_code(code).unwrap());
        let numbered =
            [100, 407, 999].into_iter().flat_map(|status| [Trouble::Proxy(status), Trouble::Status(status)]);
        for trouble in all.chain(numbered) {
            assert_eq!(Trouble::of_code(trouble.code()), Some(trouble));
            assert!(trouble.code() != 0 && seen.insert(trouble.to_string()), "{trouble:?}");
        }
        assert_eq!(Trouble::of_code(0), None);
    }

    #[test]
    fn a_status_is_told_with_its_words() {
        assert_eq!(Trouble::Status(401).to_string(), "401 Unauthorized");
        assert_eq!(Trouble::Status(599).to_string(), "599");
        assert_eq!(
            Trouble::Proxy(407).to_string(),
            "refused by the proxy: 407 Proxy Authentication Required"
        );
    }
}
