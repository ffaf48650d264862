//! What can go wrong on the way out over HTTP. No message holds a value that might be a credential.

use std::fmt;

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// No `http://` at the front.
    MissingScheme,
    /// `https://`, but no TLS is built in.
    TlsNotBuiltIn,
    /// A scheme other than `http` and `https`.
    UnknownScheme,
    /// `user:password@` in front of the host.
    UserInfo,
    /// Nothing between the scheme and the port or path.
    MissingHost,
    /// The port is no number from 1 to 65535.
    BadPort,
    /// A `#fragment`, which is never sent.
    Fragment,
    /// A byte that has no place in a URL.
    Malformed,
}

/// Why a header cannot be sent along.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name holds a byte outside of RFC 9110's `token`, or is empty.
    Name,
    /// The value of the header named holds a control character.
    Value(String),
    /// The header named is set by the client itself.
    Reserved(String),
    /// The name of a user holds a colon.
    User,
}

/// Why an attempt brought no whole answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// No connection, a broken one, or an answer that is no HTTP.
    Connection(Box<dyn std::error::Error + Send + Sync>),
    /// No whole answer within the request's time.
    Timeout,
    /// The answer is longer than [`Client::MAX_RESPONSE`](super::Client::MAX_RESPONSE).
    ResponseTooLarge,
    /// The answer is none that the protocol has: whoever gave it is no receiver of ours.
    Foreign,
    /// The deadline passed meanwhile.
    Over,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingScheme => "endpoint does not begin with http://",
            Self::TlsNotBuiltIn => {
                "endpoint begins with https://, but TLS is not built in; send to a collector over http://"
            }
            Self::UnknownScheme => "endpoint has a scheme other than http",
            Self::UserInfo => "endpoint holds user information; send credentials as a header",
            Self::MissingHost => "endpoint has no host",
            Self::BadPort => "endpoint has a port that is no number from 1 to 65535",
            Self::Fragment => "endpoint has a #fragment",
            Self::Malformed => "endpoint is no valid URL",
        })
    }
}

impl std::error::Error for EndpointError {}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("header has an invalid name"),
            Self::Value(name) => write!(f, "header {name} has an invalid value"),
            Self::Reserved(name) => write!(f, "header {name} is set by the client itself"),
            Self::User => f.write_str("name of the user holds a colon"),
        }
    }
}

impl std::error::Error for HeaderError {}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(_) => f.write_str("connection failed"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::ResponseTooLarge => f.write_str("answer is too large"),
            Self::Foreign => f.write_str("answer is none of the protocol"),
            Self::Over => f.write_str("the deadline for delivery passed"),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connection(source) => Some(&**source),
            _ => None,
        }
    }
}
