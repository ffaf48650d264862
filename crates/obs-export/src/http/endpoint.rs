//! Where to post to: an operator's text, checked when the service starts.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::EndpointError;
use super::connector::HTTPS;

/// An absolute `http://` URL, or `https://` where TLS is built in. Prints without its query, which may hold a key.
///
/// ```
/// use obs_export::http::Endpoint;
///
/// let endpoint = Endpoint::parse("http://localhost:4318")?;
/// assert_eq!(endpoint.join("/v1/traces").to_string(), "http://localhost:4318/v1/traces");
/// # Ok::<(), obs_export::http::EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Uri);

impl Endpoint {
    /// Checks `text`; white space around it is ignored.
    ///
    /// # Errors
    /// [`EndpointError`] names the first fault and repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(EndpointError::MissingScheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "http",
            "https" if HTTPS => "https",
            "https" => return Err(EndpointError::TlsNotBuiltIn),
            _ => return Err(EndpointError::UnknownScheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(EndpointError::UserInfo);
        }
        if path.contains('#') {
            return Err(EndpointError::Fragment);
        }
        check_authority(authority)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query(path)
            .build()
            .map(Self)
            .map_err(|_| EndpointError::Malformed)
    }

    /// The same place with `path` (which begins with `/`, or with the `?` of a query) behind its own path; a query stays at the end, behind one that
    /// `path` brings.
    pub fn join(&self, path: &str) -> Self {
        let mut joined = self.0.path().trim_end_matches('/').to_owned();
        joined.push_str(path);
        if let Some(query) = self.0.query() {
            joined.push(if path.contains('?') { '&' } else { '?' });
            joined.push_str(query);
        }
        let mut parts = self.0.clone().into_parts();
        match joined.parse() {
            Ok(path) => parts.path_and_query = Some(path),
            Err(_) => return self.clone(),
        }
        Uri::from_parts(parts).map_or_else(|_| self.clone(), Self)
    }

    /// The same place without `end` at the end of its path (and without a `/` behind that), where it ends so.
    ///
    /// ```
    /// use obs_export::http::Endpoint;
    ///
    /// let endpoint = Endpoint::parse("http://victoria:9428/insert/elasticsearch/_bulk")?;
    /// let above = endpoint.without("/_bulk").map(|above| above.to_string());
    /// assert_eq!(above.as_deref(), Some("http://victoria:9428/insert/elasticsearch"));
    /// # Ok::<(), obs_export::http::EndpointError>(())
    /// ```
    pub fn without(&self, end: &str) -> Option<Self> {
        let path = self.0.path().trim_end_matches('/').strip_suffix(end)?;
        let path = if path.is_empty() { "/" } else { path };
        let query = self.0.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = self.0.clone().into_parts();
        parts.path_and_query = Some(format!("{path}{query}").parse().ok()?);
        Uri::from_parts(parts).ok().map(Self)
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    pub(super) fn port_of_server(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// The path, without its query.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// The port, where one is named.
    pub fn port(&self) -> Option<u16> {
        self.0.port_u16()
    }

    /// The same server with `path` (which begins with `/`) in the place of path and query.
    pub(super) fn at(&self, path: &str) -> Self {
        let mut parts = self.0.clone().into_parts();
        match path.parse() {
            Ok(path) => parts.path_and_query = Some(path),
            Err(_) => return self.clone(),
        }
        Uri::from_parts(parts).map_or_else(|_| self.clone(), Self)
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }
}

pub(super) fn check_authority(authority: &str) -> Result<(), EndpointError> {
    // The colons of an IPv6 address stand inside brackets.
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None if authority.starts_with('[') => return Err(EndpointError::Malformed),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() || host == "[]" {
        return Err(EndpointError::MissingHost);
    }
    if port.is_empty() {
        return Ok(());
    }
    let digits = port.strip_prefix(':').ok_or(EndpointError::Malformed)?;
    match digits.parse::<u16>() {
        Ok(1..) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        _ => Err(EndpointError::BadPort),
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        let scheme = self.0.scheme_str().unwrap_or("http");
        write!(f, "{scheme}://{authority}{}", self.0.path())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_endpoints_are_kept_and_joined() {
        for (text, joined) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("HTTP://collector", "http://collector/v1/traces"),
            (" http://10.0.0.1:1/ ", "http://10.0.0.1:1/v1/traces"),
            ("http://[::1]:4318/otlp/", "http://[::1]:4318/otlp/v1/traces"),
            ("http://host/a/b", "http://host/a/b/v1/traces"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().join("/v1/traces").to_string(), joined, "{text}");
        }
    }

    #[test]
    fn two_queries_are_one() {
        for (text, joined) in
            [("http://host", "http://host/_bulk?a=1"), ("http://host/x/?b=2", "http://host/x/_bulk?a=1&b=2")]
        {
            assert_eq!(Endpoint::parse(text).unwrap().join("/_bulk?a=1").uri().to_string(), joined);
        }
    }

    #[test]
    fn an_end_is_left_out_where_it_is_one() {
        for (text, left) in [
            ("http://host/_bulk", Some("http://host/")),
            ("http://host/x/_bulk/?b=2", Some("http://host/x?b=2")),
            ("http://host/x_bulk", None),
            ("http://host/_bulk/x", None),
            ("http://host", None),
        ] {
            let without = Endpoint::parse(text).unwrap().without("/_bulk");
            assert_eq!(without.map(|endpoint| endpoint.uri().to_string()).as_deref(), left, "{text}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        use EndpointError::*;
        for (text, error) in [
            ("", MissingScheme),
            ("localhost:4318", MissingScheme),
            ("grpc://collector", UnknownScheme),
            ("http://user:hunter2@collector", UserInfo),
            ("http://", MissingHost),
            ("http://:4318", MissingHost),
            ("http:///v1/traces", MissingHost),
            ("http://[]:1", MissingHost),
            ("http://host:", BadPort),
            ("http://host:0", BadPort),
            ("http://host:65536", BadPort),
            ("http://host:+1", BadPort),
            ("http://user:hunter2", BadPort),
            ("http://host/#x", Fragment),
            ("http://ho st", Malformed),
            ("http://host/a b", Malformed),
            ("http://[::1", Malformed),
        ] {
            assert_eq!(Endpoint::parse(text).map_err(|found| (text, found)), Err((text, error)));
        }
    }

    #[test]
    fn https_is_taken_where_it_is_built_in() {
        for text in ["https://collector:4318", "HTTPS://collector:4318"] {
            let found = Endpoint::parse(text).map(|endpoint| endpoint.join("/v1").to_string());
            let good = Ok("https://collector:4318/v1".to_owned());
            assert_eq!(found, if HTTPS { good } else { Err(EndpointError::TlsNotBuiltIn) });
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let endpoint = Endpoint::parse("http://host/in?key=hunter2").unwrap();
        assert_eq!(format!("{endpoint} {endpoint:?}"), "http://host/in Endpoint(http://host/in)");
        assert_eq!(endpoint.join("/v1").uri().to_string(), "http://host/in/v1?key=hunter2");
    }
}
