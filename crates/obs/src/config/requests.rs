//! What holds for requests that are served, beside what each signal says.

use std::time::Duration;

use obs_core::{Network, Pattern};

use super::TrustChoice;
use super::draft::{Draft, shown};
use super::error::Mistake;
#[cfg(feature = "config")]
use super::key::Kind;

/// Whether callers are believed, as one route has it.
#[cfg(feature = "config")]
pub(super) const TRUST: Kind = Kind::Word(&["internal", "edge"]);

/// What holds for requests that are served, beside what each signal says.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Requests {
    /// Whether the sizes of bodies are told, on metrics, access lines and server spans; default no. The size of a response is on
    /// lines and spans whatever this says.
    pub sizes: bool,
    /// Whether the time to the response's head is told apart from the whole; default no.
    pub head_time: bool,
    /// Whether requests that panic before there is a head are answered, with 500 and their ids; default no.
    pub answer_panics: bool,
    /// A request that took at least this long is warned of when it ends; default none is.
    pub slow: Option<Duration>,
    /// A request whose body has at least so many bytes is warned of when it ends; default none is.
    pub large_request: Option<u64>,
    /// A request whose response has at least so many bytes is warned of when it ends; default none is.
    pub large_response: Option<u64>,
    /// How much is told of the address a request came from; default that of the connection's peer.
    pub client_address: ClientChoice,
    /// The proxies whose word is taken for who asked them: addresses and ranges such as `10.0.0.0/8`; default none.
    pub trusted_proxies: Vec<String>,
    /// The header in which they say so; default `X-Forwarded-For`.
    pub proxy_header: ProxyHeaderChoice,
    /// What holds for the requests of some paths, of which the first counts; default none.
    pub routes: Vec<RequestRoute>,
}

/// How much is told of the address a request came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientChoice {
    /// The connection's peer as it is; headers are not read.
    #[default]
    Peer,
    /// Nothing.
    Off,
    /// The client's, without what tells people apart: the first 24 bits of IPv4, the first 48 of IPv6.
    Truncated,
    /// The client's, whole.
    Full,
}

/// The header in which proxies say who asked them. The other one is not read: proxies hand it on as clients sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeaderChoice {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// What holds for the requests of some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRoute {
    /// A path such as `/health*`, or a method and a path such as `POST /orders/{id}`; `*` stands for any text and `{id}`
    /// for one segment. It is the path as it was asked for: it is known before any router has seen the request.
    pub route: String,
    /// Whether they leave no signal at all, and have no ids; default no.
    pub ignore: bool,
    /// Whether they are counted; default yes.
    pub metrics: bool,
    /// Whether they have an access line; default yes.
    pub access_log: bool,
    /// Whether their callers are believed; default what holds for all.
    pub trust: Option<TrustChoice>,
}

impl RequestRoute {
    /// How many there may be.
    pub const MOST: usize = 64;

    /// Nothing but what holds for all.
    pub fn new(route: impl Into<String>) -> Self {
        Self { route: route.into(), ignore: false, metrics: true, access_log: true, trust: None }
    }

    /// They leave no signal at all, and have no ids.
    #[must_use]
    pub fn ignored(mut self) -> Self {
        self.ignore = true;
        self
    }

    /// They are not counted.
    #[must_use]
    pub fn without_metrics(mut self) -> Self {
        self.metrics = false;
        self
    }

    /// They have no access line.
    #[must_use]
    pub fn without_access_line(mut self) -> Self {
        self.access_log = false;
        self
    }

    /// Whether their callers are believed.
    #[must_use]
    pub fn trust(mut self, trust: TrustChoice) -> Self {
        self.trust = Some(trust);
        self
    }
}

/// Finds what makes no sense.
pub(super) fn contradictions(draft: &mut Draft) {
    let Requests { client_address, trusted_proxies, proxy_header, routes, .. } =
        draft.config.requests.clone();
    // What is chosen as it would be anyway is no slip: a configuration that was printed can be read again.
    let (proxies, header) = ("requests.trusted_proxies", "requests.proxy_header");
    let header = (proxy_header != ProxyHeaderChoice::default()).then_some(header);
    if !draft.is_wrong("requests.client_address")
        && matches!(client_address, ClientChoice::Peer | ClientChoice::Off)
    {
        for path in [Some(proxies), header].into_iter().flatten() {
            if let Some(place) = draft.in_file(path) {
                let what = "has no effect: `requests.client_address` is neither `truncated` nor `full`, so no header is read";
                draft.fault(place, what);
            }
        }
    } else if trusted_proxies.is_empty()
        && !draft.is_wrong(proxies)
        && let Some(place) = header.and_then(|path| draft.in_file(path))
    {
        draft.fault(place, "has no effect: there are no `requests.trusted_proxies`");
    }
    for proxy in trusted_proxies {
        if let Err(error) = proxy.parse::<Network>() {
            let what = format!("{} is wrong: {error}", shown(&proxy));
            draft.found(Mistake::new(&format!("requests.trusted_proxies.{proxy}"), what));
        }
    }
    for (at, route) in routes.iter().enumerate() {
        let mut found = |key: &str, what: String| {
            draft.found(Mistake::new(&format!("requests.routes[{at}]{key}"), what));
        };
        if let Err(error) = route.route.parse::<Pattern>() {
            found(".route", format!("{} is wrong: {error}", shown(&route.route)));
        }
        let rest = !route.metrics || !route.access_log || route.trust.is_some();
        if !route.ignore && !rest {
            found("", String::from("says nothing but what holds for all"));
        } else if route.ignore && rest {
            found("", String::from("says more of requests it has ignored"));
        }
    }
}
