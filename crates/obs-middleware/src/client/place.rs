//! Where a call goes, in whichever form its client has it.

use std::borrow::Cow;

use http::Uri;

/// The longest URL kept, in bytes; the rest is cut off.
const MAX_URL: usize = 4 * 1_024;

/// Kept until the call has ended, since only then it is known what is told of it.
#[derive(Debug)]
pub(super) enum Place {
    Uri(Uri),
    #[cfg(feature = "client-reqwest")]
    Url(reqwest::Url),
}

impl Place {
    /// The host without the brackets of an IPv6 address, and the port, which is the scheme's own where none is written.
    pub(super) fn host(&self) -> Option<(&str, Option<u16>)> {
        match self {
            Self::Uri(uri) => {
                let (host, port) = split(public(uri.authority()?.as_str()));
                let of_scheme = || match uri.scheme_str()? {
                    "http" | "ws" => Some(80),
                    "https" | "wss" => Some(443),
                    _ => None,
                };
                Some((host, port.and_then(|port| port.parse().ok()).or_else(of_scheme)))
            }
            #[cfg(feature = "client-reqwest")]
            Self::Url(url) => Some((url.host_str()?.trim_matches(['[', ']']), url.port_or_known_default())),
        }
    }

    /// Without credentials, query and fragment, any of which may be a secret.
    pub(super) fn url(&self) -> Cow<'_, str> {
        let url = match self {
            Self::Uri(uri) => match (uri.scheme_str(), uri.authority()) {
                (Some(scheme), Some(authority)) => joined(scheme, authority.as_str(), uri.path()),
                _ => Cow::Borrowed(uri.path()),
            },
            #[cfg(feature = "client-reqwest")]
            Self::Url(url) => {
                let whole = url.as_str();
                let public = &whole[..whole.find(['?', '#']).unwrap_or(whole.len())];
                match public.split_once("://") {
                    Some((scheme, rest)) if has_credentials(url) => {
                        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                        joined(scheme, authority, path)
                    }
                    _ => Cow::Borrowed(public),
                }
            }
        };
        cut(url)
    }
}

/// An authority without the credentials in front of its host. Byte by byte, as below: what is searched is so short that setting up
/// anything faster costs more.
fn public(authority: &str) -> &str {
    match authority.bytes().rposition(|byte| byte == b'@') {
        Some(at) => &authority[at + 1..],
        None => authority,
    }
}

/// Host and port.
fn split(authority: &str) -> (&str, Option<&str>) {
    if let Some(rest) = authority.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((address, rest)) => (address, rest.strip_prefix(':')),
            None => (rest, None),
        };
    }
    match authority.bytes().rposition(|byte| byte == b':') {
        Some(at) => (&authority[..at], Some(&authority[at + 1..])),
        None => (authority, None),
    }
}

#[cfg(feature = "client-reqwest")]
fn has_credentials(url: &reqwest::Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn joined(scheme: &str, authority: &str, path: &str) -> Cow<'static, str> {
    let host = public(authority);
    let mut url = String::with_capacity(scheme.len() + 3 + host.len() + path.len());
    for part in [scheme, "://", host, path] {
        url.push_str(part);
    }
    Cow::Owned(url)
}

fn cut(url: Cow<'_, str>) -> Cow<'_, str> {
    if url.len() <= MAX_URL {
        return url;
    }
    let end = (0..=MAX_URL).rev().find(|at| url.is_char_boundary(*at)).unwrap_or_default();
    match url {
        Cow::Borrowed(url) => Cow::Borrowed(&url[..end]),
        Cow::Owned(mut url) => {
            url.truncate(end);
            Cow::Owned(url)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both forms of one address say the same.
    fn check(url: &str, host: &str, port: u16, full: &str) {
        let told = |place: &Place| {
            (place.host().map(|(host, port)| (host.to_owned(), port)), place.url().into_owned())
        };
        let expected = (Some((host.to_owned(), Some(port))), full.to_owned());
        assert_eq!(told(&Place::Uri(url.parse().unwrap())), expected, "as an Uri");
        #[cfg(feature = "client-reqwest")]
        assert_eq!(told(&Place::Url(url.parse().unwrap())), expected, "as a Url");
    }

    #[test]
    fn host_port_and_url_are_the_same_in_both_forms_and_without_secrets() {
        check("http://payments:8082/v2/pay?card=1", "payments", 8082, "http://payments:8082/v2/pay");
        check("https://u:p@pay.example/a", "pay.example", 443, "https://pay.example/a");
        check("wss://feed/prices", "feed", 443, "wss://feed/prices");
        check("http://u@[::1]:8080/b#c", "::1", 8080, "http://[::1]:8080/b");
        check("https://[2001:db8::1]/", "2001:db8::1", 443, "https://[2001:db8::1]/");
        check("http://u:p@payments:8082/", "payments", 8082, "http://payments:8082/");
    }

    #[test]
    fn what_has_no_host_is_its_path() {
        let place = Place::Uri("/v2/pay?card=1".parse().unwrap());
        assert_eq!((place.host(), place.url().as_ref()), (None, "/v2/pay"));
    }

    #[test]
    fn a_long_url_is_cut_between_characters() {
        let place = Place::Uri(format!("http://a/{}", "b".repeat(MAX_URL)).parse().unwrap());
        assert_eq!(place.url().len(), MAX_URL);
        let text = format!("x{}", "é".repeat(MAX_URL));
        assert_eq!(cut(Cow::Borrowed(&text)).len(), MAX_URL - 1);
    }
}
