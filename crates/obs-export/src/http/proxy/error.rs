//! Why a text is no proxy.

use std::fmt;

use super::super::EndpointError;

/// Why a text is no proxy. Says nothing of the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyError {
    /// A scheme other than `http`: `https://` to a proxy and SOCKS are not spoken.
    UnknownScheme,
    /// Nothing where the host should be.
    MissingHost,
    /// The port is no number from 1 to 65535.
    BadPort,
    /// A path, a query or a fragment, which a proxy has none of.
    Path,
    /// The user or the password is not percent-encoded as a URL has it, or the user's name holds a colon.
    Credentials,
    /// A byte that has no place in a URL.
    Malformed,
}

impl From<EndpointError> for ProxyError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::MissingHost => Self::MissingHost,
            EndpointError::BadPort => Self::BadPort,
            _ => Self::Malformed,
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownScheme => "proxy has a scheme other than http",
            Self::MissingHost => "proxy has no host",
            Self::BadPort => "proxy has a port that is no number from 1 to 65535",
            Self::Path => "proxy has a path, which none has",
            Self::Credentials => "proxy has a user or a password that is not percent-encoded as in a URL",
            Self::Malformed => "proxy is no valid URL",
        })
    }
}

impl std::error::Error for ProxyError {}
