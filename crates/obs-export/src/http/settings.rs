//! What an operator chooses of a client: time-outs, headers, credentials and, where it is built in, TLS.

use std::fmt;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::connector::Tls;
use super::{HeaderError, Proxies, base64};

/// How the client calls itself.
pub(super) const AGENT: &str = concat!("obs/", env!("CARGO_PKG_VERSION"));

/// Longer time-outs mean none, and must not bring the sums of the connector and the runtime near the end of the clock.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Time-outs, headers and credentials of a [`Client`](super::Client).
#[derive(Clone)]
#[must_use]
pub struct ClientSettings {
    pub(super) connect_timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) headers: HeaderMap,
    pub(super) proxies: Proxies,
    pub(super) tls: Tls,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientSettings {
    /// 5 s to connect, 10 s for a whole exchange, no headers but our own, and the system's certificates.
    pub fn new() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            headers,
            proxies: Proxies::none(),
            tls: Tls::default(),
        }
    }

    /// How long a connection may take before any TLS; default 5 s, at most a day.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// How long one attempt may take from connecting to the end of the answer; default 10 s, at most a
    /// day.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// The proxy, or the proxies, that requests go through; default none, whatever the environment says.
    pub fn proxy(mut self, proxies: impl Into<Proxies>) -> Self {
        self.proxies = proxies.into();
        self
    }

    /// A header sent along with each request, such as `authorization`. Its value is never printed. A second value
    /// for the same name replaces the first.
    ///
    /// # Errors
    /// [`HeaderError`] when the name or the value cannot stand in a header, or when the header is the client's own:
    /// those that frame the message, and those that say what its body is.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::Name)?;
        let own = [
            header::CONNECTION,
            header::CONTENT_ENCODING,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::EXPECT,
            header::HOST,
            header::TE,
            header::TRANSFER_ENCODING,
            header::UPGRADE,
        ];
        if own.contains(&name) {
            return Err(HeaderError::Reserved(name.as_str().to_owned()));
        }
        let mut value =
            HeaderValue::from_str(value).map_err(|_| HeaderError::Value(name.as_str().to_owned()))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Credentials by the scheme `Basic` (RFC 7617), in the place of any other `authorization`. Never printed.
    ///
    /// # Errors
    /// [`HeaderError::User`] when the user's name holds a colon, which is where the password would begin.
    pub fn basic_auth(self, user: &str, password: &str) -> Result<Self, HeaderError> {
        if user.contains(':') {
            return Err(HeaderError::User);
        }
        let credentials = base64::standard(format!("{user}:{password}").as_bytes());
        self.header(header::AUTHORIZATION.as_str(), &format!("Basic {credentials}"))
    }

    /// A token by the scheme `Bearer` (RFC 6750), in the place of any other `authorization`. Never printed.
    ///
    /// # Errors
    /// [`HeaderError::Value`] when the token is empty or holds what cannot stand in a header, such as the line end of a file it was
    /// read from.
    pub fn bearer(self, token: &str) -> Result<Self, HeaderError> {
        if token.is_empty() {
            return Err(HeaderError::Value(header::AUTHORIZATION.as_str().to_owned()));
        }
        self.header(header::AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("ClientSettings")
            .field("connect_timeout", &self.connect_timeout)
            .field("request_timeout", &self.request_timeout)
            .field("headers", &names)
            .field("proxies", &self.proxies)
            .field("tls", &self.tls)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_checked_and_never_printed() {
        let settings = ClientSettings::new().header("X-Scope", "hunter2").unwrap();
        let printed = format!("{settings:?}");
        assert!(printed.contains("x-scope") && !printed.contains("hunter2"), "{printed}");
        let error = |name, value| ClientSettings::new().header(name, value).unwrap_err();
        assert_eq!(error("two words", "x"), HeaderError::Name);
        assert_eq!(error("", "x"), HeaderError::Name);
        assert_eq!(error("a", "hunter2\r\nb: c"), HeaderError::Value("a".into()));
        assert_eq!(error("Content-Length", "1"), HeaderError::Reserved("content-length".into()));
    }

    #[test]
    fn credentials_become_one_sensitive_header() {
        let settings = ClientSettings::new().bearer("first").unwrap();
        // The example of RFC 7617, section 2.
        let settings = settings.basic_auth("Aladdin", "open sesame").unwrap();
        let header = &settings.headers[header::AUTHORIZATION];
        assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(header.is_sensitive() && settings.headers.len() == 2);
        assert!(!format!("{settings:?}").contains("QWxh"));
        assert_eq!(ClientSettings::new().basic_auth("a:b", "c").unwrap_err(), HeaderError::User);
        for token in ["", "from a file\n"] {
            let error = ClientSettings::new().bearer(token).unwrap_err();
            assert_eq!(error, HeaderError::Value("authorization".into()));
        }
    }
}
