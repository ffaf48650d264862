//! Who may ask for what: whoever has the token or is a user or, without either, this machine alone.
//!
//! A page in a browser on this machine is not this machine: it comes with the name of its own site as `Host`, whatever
//! address that name has been made to lead to, or with an `Origin`; and an image in it, which has neither, with a
//! `Sec-Fetch-Site`.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};

use super::caller::{Caller, Peer};
use super::counts::Refused;
use super::users::Known;
use super::web::{Current, Web};
use super::{Access, reply, serve};

/// What browsers say of the page that has something loaded (Fetch Metadata, section 2.4).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The token, if there is one.
#[derive(Clone, Default)]
pub(super) struct Guard(Option<Box<str>>);

/// Why a request is refused, and the answer that says so.
type Refusal = (Refused, Response<Bytes>);

impl Guard {
    pub(super) fn new(token: Option<&str>) -> Self {
        Self(token.map(Into::into))
    }

    /// How a request of `caller` is refused, unless it may pass.
    pub(super) async fn judge(
        &self,
        access: Access,
        request: &Request<()>,
        caller: Caller,
        current: &Current,
        web: &Web,
    ) -> Option<Refusal> {
        let has_users = !current.users.is_empty();
        match access {
            Access::Probe => return None,
            Access::Open if !has_users => return None,
            Access::Open | Access::Guarded => {}
        }
        let given = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        if self.0.as_deref().is_some_and(|token| {
            after(given, b"bearer ").is_some_and(|given| is_same(given, token.as_bytes()))
        }) {
            return None;
        }
        if has_users {
            return match after(given, b"basic ") {
                None => Some(self.unauthorized(has_users)),
                Some(given) => match web.users.knows(given, &current.users, caller.peer).await {
                    Known::Yes => None,
                    Known::No => Some(self.unauthorized(has_users)),
                    Known::Later => {
                        let why = "too many passwords at a time";
                        Some((Refused::Rate, serve::later(reply::text(StatusCode::TOO_MANY_REQUESTS, why))))
                    }
                },
            };
        }
        if self.0.is_some() {
            return Some(self.unauthorized(has_users));
        }
        // Without credentials to ask for.
        let why = match caller.peer {
            _ if caller.is_certified => return None,
            Peer::Unix => return None,
            Peer::Tcp(addr) if !addr.ip().to_canonical().is_loopback() => {
                "only from this machine, as there is no `admin.token`"
            }
            Peer::Tcp(_) if !names_this_machine(request) => {
                "not for pages of other sites, as there is no `admin.token`"
            }
            Peer::Tcp(_) => return None,
        };
        Some((Refused::Forbidden, reply::text(StatusCode::FORBIDDEN, why)))
    }

    fn unauthorized(&self, has_users: bool) -> Refusal {
        let (asks, why) = match (&self.0, has_users) {
            (Some(_), false) => ("Bearer", "needs `Authorization: Bearer` with `admin.token`"),
            (Some(_), true) => (
                "Basic realm=\"obs\"",
                "needs a user of `admin.web_config`, or `Authorization: Bearer` with `admin.token`",
            ),
            (None, _) => ("Basic realm=\"obs\"", "needs a user of `admin.web_config`"),
        };
        let mut response = reply::text(StatusCode::UNAUTHORIZED, why);
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(asks));
        (Refused::Unauthorized, response)
    }
}

/// What stands behind the name of a scheme, which may be in upper case.
fn after<'a>(given: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = given.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Whether both are equal, in a time that tells nothing of where they differ.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let differ = given.iter().zip(token).fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == token.len() && differ == 0
}

/// Whether it was asked for by an address of this machine or `localhost`, and by no page but our own.
fn names_this_machine(request: &Request<()>) -> bool {
    if request.headers().contains_key(ORIGIN) || request.headers().get_all(HOST).iter().count() > 1 {
        return false;
    }
    // By a person who typed it, or by a link on the page at `/`. Other ports of this machine are `same-site`.
    let mut sites = request.headers().get_all(SEC_FETCH_SITE).iter().map(HeaderValue::as_bytes);
    if !sites.all(|site| matches!(site, b"none" | b"same-origin")) {
        return false;
    }
    // What a request for a whole URL names goes before the header (RFC 9112 section 3.2.2); here both have to be good.
    let of_header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let of_url = request.uri().authority().map(http::uri::Authority::as_str);
    let mut hosts = of_header.into_iter().chain(of_url).peekable();
    hosts.peek().is_some() && hosts.all(is_this_machine)
}

fn is_this_machine(host: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(token: Option<&str>, peer: &str, headers: &[(&str, &str)]) -> u16 {
        judge_at("/loglevel", token, peer, headers)
    }

    fn judge_at(uri: &str, token: Option<&str>, peer: &str, headers: &[(&str, &str)]) -> u16 {
        let request = headers
            .iter()
            .fold(Request::builder().uri(uri), |request, (name, value)| request.header(*name, *value));
        let peer = Peer::Tcp(SocketAddr::new(peer.parse().unwrap(), 40_000));
        asked(&request.body(()).unwrap(), token, Caller { peer, is_certified: false })
    }

    fn asked(request: &Request<()>, token: Option<&str>, caller: Caller) -> u16 {
        let web = Web::new(None, std::sync::Arc::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let refused = runtime.block_on(async {
            let current = web.current().await;
            Guard::new(token).judge(Access::Guarded, request, caller, &current, &web).await
        });
        refused.map_or(200, |(_, response)| response.status().as_u16())
    }

    #[test]
    fn a_request_for_a_whole_url_names_this_machine_there_too() {
        let localhost = [("host", "localhost")];
        assert_eq!(judge_at("http://localhost:9464/config", None, "127.0.0.1", &localhost), 200);
        assert_eq!(judge_at("http://evil.example/config", None, "127.0.0.1", &localhost), 403);
        assert_eq!(judge_at("http://localhost/config", None, "127.0.0.1", &[("host", "evil.example")]), 403);
    }

    #[test]
    fn a_file_that_may_be_opened_and_a_certificate_that_was_verified_are_credentials() {
        let request = Request::builder().uri("/loglevel").body(()).unwrap();
        let far = Peer::Tcp("10.0.0.7:1".parse().unwrap());
        for (peer, is_certified, expected) in [(Peer::Unix, false, 200), (far, true, 200), (far, false, 403)]
        {
            assert_eq!(asked(&request, None, Caller { peer, is_certified }), expected, "{peer:?}");
        }
        // Who asks for a token asks everybody.
        for (peer, is_certified) in [(Peer::Unix, false), (far, true)] {
            assert_eq!(asked(&request, Some("s3cret"), Caller { peer, is_certified }), 401, "{peer:?}");
        }
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
    fn what_another_page_has_loaded_is_refused_and_a_link_of_our_own_and_a_typed_address_are_not() {
        for (sites, expected) in [
            (&["none"][..], 200),
            (&["same-origin"], 200),
            (&["same-site"], 403),
            (&["cross-site"], 403),
            (&["unheard-of"], 403),
            (&[""], 403),
            (&["none", "cross-site"], 403),
        ] {
            let of = sites.iter().map(|site| ("sec-fetch-site", *site));
            let headers: Vec<_> = std::iter::once(("host", "localhost:9464")).chain(of).collect();
            assert_eq!(judge(None, "127.0.0.1", &headers), expected, "{sites:?}");
            let with_token: Vec<_> =
                headers.into_iter().chain([("authorization", "Bearer s3cret")]).collect();
            assert_eq!(judge(Some("s3cret"), "127.0.0.1", &with_token), 200, "no page knows the token");
        }
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
