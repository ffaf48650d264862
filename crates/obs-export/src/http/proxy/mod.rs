//! Proxies: which requests go through one, and how.
//!
//! A target over `http://` is asked of the proxy itself, by its whole URL (RFC 9112, section 3.2.2); for one over
//! `https://` the proxy is asked for a tunnel (`CONNECT`; RFC 9110, section 9.3.6), through which it sees nothing.

mod bypass;
mod error;
mod link;
mod tunnel;

use std::fmt;

use http::Uri;
use http::header::HeaderValue;
use http::uri::{PathAndQuery, Scheme};

use super::base64;
use super::endpoint::check_authority;

pub use bypass::Bypass;
pub use error::ProxyError;
pub(super) use link::Via;
pub use tunnel::TunnelRefused;

/// One HTTP proxy. Prints without its credentials.
///
/// ```
/// use obs_export::http::Proxy;
///
/// let proxy = Proxy::parse("http://ada:secret@proxy:3128")?;
/// assert_eq!(proxy.to_string(), "http://proxy:3128");
/// # Ok::<(), obs_export::http::ProxyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    uri: Uri,
    /// For the scheme `Basic`.
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Reads `http://user:password@host:port`; `http://` and what stands in front of the host may be missing, and the port
    /// is 80 then. What is no part of a URL is written as `%40` and its like in the user and the password.
    ///
    /// # Errors
    /// [`ProxyError`] names the first fault and repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return Err(ProxyError::UnknownScheme),
            None => text,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // A password may be written as it is, with an `@` or a slash of its own.
        let (user_info, authority) = match rest.rsplit_once('@') {
            Some((user_info, authority)) => (Some(user_info), authority),
            None => (None, rest),
        };
        if authority.contains(['/', '?', '#']) {
            return Err(ProxyError::Path);
        }
        check_authority(authority)?;
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(authority.parse().map_err(|_| ProxyError::Malformed)?);
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        let uri = Uri::from_parts(parts).map_err(|_| ProxyError::Malformed)?;
        let authorization = user_info.map(authorization).transpose()?;
        Ok(Self { uri, authorization })
    }

    fn uri(&self) -> &Uri {
        &self.uri
    }
}

/// A header of user information, as a URL has it.
fn authorization(user_info: &str) -> Result<HeaderValue, ProxyError> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let (user, password) = (decoded(user)?, decoded(password)?);
    if user.contains(&b':') {
        return Err(ProxyError::Credentials);
    }
    let credentials = base64::standard(&[&user[..], b":", &password[..]].concat());
    let mut value =
        HeaderValue::from_str(&format!("Basic {credentials}")).map_err(|_| ProxyError::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What percent-encoding stands for.
fn decoded(text: &str) -> Result<Vec<u8>, ProxyError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit =
                    || rest.next().and_then(|byte| char::from(byte).to_digit(16)).map(|digit| digit as u8);
                match (digit(), digit()) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(ProxyError::Credentials),
                }
            }
            byte => byte,
        });
    }
    Ok(bytes)
}

/// Which proxy a target is asked through, if through any; none to begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    bypass: Option<Bypass>,
}

impl Proxies {
    /// No proxy.
    pub fn none() -> Self {
        Self::default()
    }

    /// This one for every target, whatever it is.
    pub fn all(proxy: Proxy) -> Self {
        Self { http: Some(proxy.clone()), https: Some(proxy), bypass: None }
    }

    /// For targets over `http://`; default none.
    pub fn http(mut self, proxy: Proxy) -> Self {
        self.http = Some(proxy);
        self
    }

    /// For targets over `https://`; default none.
    pub fn https(mut self, proxy: Proxy) -> Self {
        self.https = Some(proxy);
        self
    }

    /// Which targets are asked without one; default none.
    pub fn bypass(mut self, bypass: Bypass) -> Self {
        self.bypass = Some(bypass);
        self
    }

    /// The proxy that a target is asked through.
    fn of(&self, target: &Uri) -> Option<&Proxy> {
        let is_https = target.scheme() == Some(&Scheme::HTTPS);
        let proxy = if is_https { &self.https } else { &self.http };
        let proxy = proxy.as_ref()?;
        let port = target.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let passes =
            self.bypass.as_ref().is_some_and(|bypass| bypass.has(target.host().unwrap_or_default(), port));
        (!passes).then_some(proxy)
    }

    /// What a request to a target says to the proxy that it is asked of; through a tunnel it would say so to the target.
    pub(super) fn authorization(&self, target: &Uri) -> Option<&HeaderValue> {
        if target.scheme() == Some(&Scheme::HTTPS) {
            return None;
        }
        self.of(target)?.authorization.as_ref()
    }
}

impl From<Proxy> for Proxies {
    fn from(proxy: Proxy) -> Self {
        Self::all(proxy)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.uri.authority().map_or("", |authority| authority.as_str()))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_with_and_without_what_may_be_missing() {
        // `ada:pass@word` and `a/b:`, by coreutils' base64.
        let first = Some("Basic YWRhOnBhc3NAd29yZA==");
        for (text, shown, credentials) in [
            ("http://proxy:3128", "http://proxy:3128", None),
            ("HTTP://proxy:3128/", "http://proxy:3128", None),
            (" proxy ", "http://proxy", None),
            ("proxy:3128", "http://proxy:3128", None),
            ("http://[::1]:3128", "http://[::1]:3128", None),
            ("http://ada:pass%40word@proxy:3128", "http://proxy:3128", first),
            ("ada:pass@word@proxy:3128", "http://proxy:3128", first),
            ("http://a%2fb@proxy", "http://proxy", Some("Basic YS9iOg==")),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.to_string(), shown, "{text}");
            let header = proxy.authorization.as_ref();
            assert_eq!(header.map(|value| value.to_str().unwrap()), credentials, "{text}");
            assert!(header.is_none_or(HeaderValue::is_sensitive));
            assert_eq!(format!("{:?}", Proxies::all(proxy)).matches(shown).count(), 2);
        }
    }

    #[test]
    fn each_fault_is_named_and_nothing_is_repeated() {
        use ProxyError::*;
        for (text, error) in [
            ("", MissingHost),
            ("http://", MissingHost),
            ("http://ada:hunter2@", MissingHost),
            ("socks5://ada:hunter2@proxy:1080", UnknownScheme),
            ("https://proxy:3129", UnknownScheme),
            ("http://proxy:hunter2", BadPort),
            ("http://proxy:0", BadPort),
            ("http://proxy/hunter2", Path),
            ("http://proxy?hunter2", Path),
            ("http://pro xy", Malformed),
            ("http://ada:hunter2%4@proxy", Credentials),
            ("http://ada:hunter2%zz@proxy", Credentials),
            ("http://ada%3ab:hunter2@proxy", Credentials),
        ] {
            let found = Proxy::parse(text).unwrap_err();
            assert_eq!((text, &found), (text, &error));
            assert!(!format!("{found} {found:?}").contains("hunter2"));
        }
    }

    #[test]
    fn targets_have_the_proxy_of_their_scheme_and_tunnels_carry_no_credentials_of_it() {
        let proxy = |text| Proxy::parse(text).unwrap();
        let bypass = Bypass::parse("inside");
        let proxies = Proxies::none().http(proxy("u:p@one")).https(proxy("u:p@two")).bypass(bypass);
        let of = |target: &str| {
            let target = target.parse().unwrap();
            let through = proxies.of(&target).map(ToString::to_string);
            (through, proxies.authorization(&target).is_some())
        };
        assert_eq!(of("http://there/x"), (Some("http://one".to_owned()), true));
        assert_eq!(of("https://there/x"), (Some("http://two".to_owned()), false));
        assert_eq!(of("https://inside/x"), (None, false));
        assert_eq!(of("http://inside:81/x"), (None, false));
        assert_eq!(Proxies::none().of(&"http://there".parse().unwrap()), None);
        let all = Proxies::all(proxy("one"));
        assert!(all.of(&"http://localhost".parse().unwrap()).is_some(), "what is chosen by name is meant");
    }
}
