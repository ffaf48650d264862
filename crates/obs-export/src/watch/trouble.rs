//! Why an attempt came to nothing, in one of a few plain words: for a line, a check and a number, where the error itself
//! would say too much.

use std::fmt;

use super::words;

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
    /// The other side of a socket has closed it.
    Closed,
    /// The other side of a socket is there, and takes nothing.
    TakesNothing,
    /// There is no such socket on this machine.
    Missing,
    /// The system does not let us there.
    Denied,
    /// Anything else.
    Other,
}

impl Trouble {
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
            Self::Closed => 15,
            Self::TakesNothing => 16,
            Self::Missing => 17,
            Self::Denied => 18,
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
            15 => Self::Closed,
            16 => Self::TakesNothing,
            17 => Self::Missing,
            18 => Self::Denied,
            code if code >> 16 == 1 => Self::Proxy(code as u16),
            code if code >> 16 == 2 => Self::Status(code as u16),
            _ => Self::Other,
        })
    }
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
            Self::Closed => "the other side has closed the connection",
            Self::TakesNothing => "the other side takes nothing",
            Self::Missing => "no such socket",
            Self::Denied => "permission denied",
            Self::Other => "connection failed",
        })
    }
}

/// A status with its words, where it has any.
struct Told(u16);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        words::of(self.0).map_or(Ok(()), |words| write!(f, " {words}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_a_number_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        let all = (1..=18).map(|code| Trouble::of_code(code).unwrap());
        let numbered =
            [100, 407, 999].into_iter().flat_map(|status| [Trouble::Proxy(status), Trouble::Status(status)]);
        for trouble in all.chain(numbered) {
            assert_eq!(Trouble::of_code(trouble.code()), Some(trouble));
            assert!(trouble.code() != 0 && seen.insert(trouble.to_string()), "{trouble:?}");
        }
        assert_eq!(Trouble::of_code(0), None);
    }

    #[cfg(feature = "http")]
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
