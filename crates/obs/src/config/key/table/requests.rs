//! What holds for requests that are served.

use super::super::{Key, Kind, Reload, Value};
use super::forms::SOME_TIME;
use super::macros::{choice, field};
use crate::config::{ClientChoice, ProxyHeaderChoice};

/// Sizes of bodies that may be warned of.
const SIZE: Kind = Kind::Bytes(1, 1 << 50);

/// A limit that is there or not.
macro_rules! limit {
    ($path:literal, $kind:expr, $doc:literal, $variant:ident at $field:ident) => {
        Key {
            path: $path,
            kind: $kind,
            default: "",
            variables: &[],
            setter: "requests",
            reload: Reload::No,
            doc: $doc,
            get: |config| config.requests.$field.map_or(Value::None, Value::$variant),
            set: |config, value| {
                config.requests.$field = if let Value::$variant(limit) = value { Some(limit) } else { None };
            },
        }
    };
}

pub(super) const KEYS: &[Key] = &[
    field!(
        "requests.sizes",
        Kind::Flag,
        "`false`",
        [],
        "requests",
        No,
        "Whether the sizes of bodies are measured: histograms of both, and of requests on access lines and server spans, where responses have theirs anyway.",
        Flag at requests.sizes
    ),
    field!(
        "requests.head_time",
        Kind::Flag,
        "`false`",
        [],
        "requests",
        No,
        "Whether the time to the response's head is measured apart from the whole.",
        Flag at requests.head_time
    ),
    field!(
        "requests.answer_panics",
        Kind::Flag,
        "`false`",
        [],
        "requests",
        No,
        "Whether requests that panic are answered, with 500, the ids of the request and nothing of the panic, in the place of breaking their connection off.",
        Flag at requests.answer_panics
    ),
    limit!(
        "requests.slow",
        SOME_TIME,
        "Requests that took at least this long are warned of when they end, ten a second at most.",
        Time at slow
    ),
    limit!(
        "requests.large_request",
        SIZE,
        "Requests with a body of at least this size are warned of when they end, ten a second at most.",
        Whole at large_request
    ),
    limit!(
        "requests.large_response",
        SIZE,
        "Requests whose response has a body of at least this size are warned of when they end, ten a second at most.",
        Whole at large_response
    ),
    choice!(
        "requests.client_address",
        "`peer`",
        [],
        "requests",
        "Whose address is on access lines and server spans: that of the connection's `peer`; that of the client behind `trusted_proxies`, whole by `full` or without its last 8 bits, of IPv6 80, by `truncated`; nobody's by `off`.",
        requests.client_address,
        "peer" = ClientChoice::Peer,
        "off" = ClientChoice::Off,
        "truncated" = ClientChoice::Truncated,
        "full" = ClientChoice::Full
    ),
    field!(
        "requests.trusted_proxies",
        Kind::Names,
        "",
        [],
        "requests",
        No,
        "Proxies whose word is taken for who asked them, by address or range, such as `10.0.0.0/8`. From the right end of their header, the first address that is none of these is the client's.",
        Names at requests.trusted_proxies
    ),
    choice!(
        "requests.proxy_header",
        "`x-forwarded-for`",
        [],
        "requests",
        "The one header that is read for it; proxies hand on the other as clients sent it.",
        requests.proxy_header,
        "x-forwarded-for" = ProxyHeaderChoice::XForwardedFor,
        "forwarded" = ProxyHeaderChoice::Forwarded
    ),
    Key {
        path: "requests.routes",
        kind: Kind::Policies,
        default: "",
        variables: &[],
        setter: "requests",
        reload: Reload::No,
        doc: "What holds for requests by method and path, such as `{ route: GET /health*, ignore: true }`; the first that fits counts. `ignore` leaves no signal at all; `metrics: false` and `access_log: false` leave out the one; `trust` is as `traces.trust`.",
        get: |config| Value::Policies(config.requests.routes.clone()),
        set: |config, value| {
            if let Value::Policies(routes) = value {
                config.requests.routes = routes;
            }
        },
    },
];
