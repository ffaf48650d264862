//! Who may ask for what changes the service: whoever has the token or, without one, this machine alone.
//!
//! A page in a browser on this machine is not this machine: it comes with the name of its own site as `Host`, whatever
//! address that name has been made to lead to, or with an `Origin`.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};

use super::reply;

/// The token, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Guard(Option<Box<str>>);

impl Guard {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self(token.map(Into::into))
    }

    /// How a request of `peer` is refused, unless it may pass.
    pub(super) fn refusal(&self, request: &Request<()>, peer: SocketAddr) -> Option<Response<Bytes>> {
        match &self.0 {
            Some(token) => {
                let given =
                    request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
                let given = match given.split_first_chunk::<7>() {
                    Some((scheme, given)) if scheme.eq_ignore_ascii_case(b"bearer ") => given,
                    _ => b"",
                };
                (!is_same(given, token.as_bytes())).then(unauthorized)
            }
            None if !peer.ip().to_canonical().is_loopback() => {
                Some(forbidden("only from this machine, as there is no `admin.token`"))
            }
            None if !names_this_machine(request) => {
                Some(forbidden("not for pages of other sites, as there is no `admin.token`"))
            }
            None => None,
        }
    }
}

/// Whether both are equal, in a time that tells nothing of where they differ.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let differ = given.iter().zip(token).fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == token.len() && differ == 0
}

/// Whether it was asked for by an address of this machine or `localhost`, and by no page.
fn names_this_machine(request: &Request<()>) -> bool {
    if request.headers().contains_key(ORIGIN) || request.headers().get_all(HOST).iter().count() > 1 {
        return false;
    }
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or(request.uri().host()).unwrap_or_default();
    if let Ok(addr) = host.parse::<SocketAddr>() {
        return addr.ip().to_canonical().is_loopback();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = host.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().or(bare.parse()).is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn unauthorized() -> Response<Bytes> {
    let mut response =
        reply::text(StatusCode::UNAUTHORIZED, "needs `Authorization: Bearer` with `admin.token`");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn forbidden(why: &str) -> Response<Bytes> {
    reply::text(StatusCode::FORBIDDEN, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(token: Option<&str>, peer: &str, headers: &[(&str, &str)]) -> u16 {
        let request = headers.iter().fold(Request::builder().uri("/loglevel"), |request, (name, value)| {
            request.header(*name, *value)
        });
        let peer = SocketAddr::new(peer.parse().unwrap(), 40_000);
        let refused = Guard::new(token).refusal(&request.body(()).unwrap(), peer);
        refused.map_or(200, |response| response.status().as_u16())
    }

    #[test]
    fn without_a_token_only_this_machine_may_ask() {
        for (peer, host, expected) in [
            ("127.0.0.1", "127.0.0.1:9464", 200),
            ("127.0.0.1", "localhost:9464", 200),
            ("127.0.0.1", "LOCALHOST", 200),
            ("127.0.0.1", "127.0.0.1", 200),
            ("::1", "[::1]:9464", 200),
            ("::1", "[::1]", 200),
            ("::ffff:127.0.0.1", "localhost", 200),
            ("10.0.0.7", "127.0.0.1:9464", 403),
            ("::ffff:10.0.0.7", "localhost", 403),
            ("127.0.0.1", "evil.example:9464", 403),
            ("127.0.0.1", "localhost.evil.example", 403),
            ("127.0.0.1", "127.0.0.1.evil.example:80", 403),
            ("127.0.0.1", "10.0.0.1:9464", 403),
            ("127.0.0.1", "", 403),
        ] {
            assert_eq!(judge(None, peer, &[("host", host)]), expected, "{peer} {host}");
        }
        assert_eq!(judge(None, "127.0.0.1", &[]), 403, "no host at all");
        let page = [("host", "localhost:9464"), ("origin", "http://localhost:3000")];
        assert_eq!(judge(None, "127.0.0.1", &page), 403);
        assert_eq!(judge(None, "127.0.0.1", &[("host", "localhost"), ("host", "evil.example")]), 403);
    }

    #[test]
    fn with_a_token_whoever_has_it_may_ask_and_nobody_else() {
        for (given, expected) in [
            ("Bearer s3cret", 200),
            ("bearer s3cret", 200),
            ("Bearer s3cre", 401),
            ("Bearer s3crets", 401),
            ("Bearer  s3cret", 401),
            ("Basic s3cret", 401),
            ("s3cret", 401),
            ("Bearer ", 401),
            ("", 401),
        ] {
            for peer in ["10.0.0.7", "127.0.0.1"] {
                assert_eq!(judge(Some("s3cret"), peer, &[("authorization", given)]), expected, "{given}");
            }
        }
        assert_eq!(judge(Some("s3cret"), "127.0.0.1", &[("host", "localhost")]), 401);
    }
}
