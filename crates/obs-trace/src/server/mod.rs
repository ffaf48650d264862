//! The observer that writes one span of kind SERVER for each request that is kept.
//!
//! Names and attributes follow the OpenTelemetry semantic conventions for HTTP spans (stable), and for remote procedure calls those
//! for gRPC. The span is native:
//! nothing is built until the request has ended, and then only a view of what the middleware holds. Fields set on the
//! request ([`Local::set_field`](obs_core::context::Local::set_field)) follow its own attributes; where a key is the
//! same, the span's own stays.

mod rpc;
mod text;

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use obs_core::Outcome;
use obs_core::context::{Context, Route};
use obs_core::fields::{Fields, Value};
use obs_core::keys::attribute;
use obs_core::observe::{Candidate, End, Keep, Method, Observer, Request, RpcCall, RpcEnd, Verdict};
use obs_core::propagate::{Remote, TraceState};

use crate::record::{Attributes, Kind, Link, Links, Name, Parent, SpanRecord, Status};
use crate::span::Draft;
use crate::tracer::{Marks, Tracer};
use text::Text;
pub(crate) use text::cut;

/// The longest attribute value taken from a request or an error, in bytes; the rest is cut off.
pub const MAX_TEXT: usize = 4 * 1_024;

/// The longest IPv6 address in text.
const MAX_ADDRESS: usize = 45;
/// `DEADLINE_EXCEEDED`, the longest of them, and some room.
const MAX_ERROR_TYPE: usize = 24;
/// How many attributes a span has at most.
const MAX_ATTRIBUTES: usize = 22;

/// One span for each request whose verdict is [`Verdict::Keep`]; decides for all signals which are sampled.
#[derive(Clone, Debug)]
pub struct ServerSpans {
    tracer: Tracer,
}

impl ServerSpans {
    /// Samples and exports by `tracer`.
    pub fn new(tracer: &Tracer) -> Self {
        Self { tracer: tracer.clone() }
    }
}

impl Observer for ServerSpans {
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        Some(self.tracer.sample(candidate))
    }

    fn forces(&self, value: &[u8]) -> bool {
        self.tracer.forces(value)
    }

    fn start(&self, context: &Context, _: &Request<'_>) {
        self.tracer.begin(context);
    }

    fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
        if self.tracer.judge(context, end) { Keep::Keep } else { Keep::Abstain }
    }

    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
        let marks = self.tracer.settle(context, verdict == Verdict::Keep);
        if verdict == Verdict::Keep {
            let shared = Draft::of_local(context.local());
            let fields = shared.as_deref().map(Draft::fields);
            let rules = &self.tracer.base().redaction;
            request.shown(rules, |request| self.export(context, (request, end), fields, &marks));
            if let Some(shared) = shared {
                shared.put_back();
            }
        }
    }
}

impl ServerSpans {
    /// `request` holds no secret, and `fields` are those set on the whole of it.
    fn export(
        &self,
        context: &Context,
        (request, end): (&Request<'_>, &End<'_>),
        fields: Option<&Fields>,
        marks: &Marks,
    ) {
        let limits = self.tracer.limits();
        let route = context.local().route().filter(|route| *route != Route::UNMATCHED);
        // `HTTP` where the method is unknown, so that a scanner's inventions make no names.
        let method = if request.method == Method::Other { "HTTP" } else { request.method.as_str() };
        let rpc = request.rpc.zip(end.rpc);
        let name = match rpc {
            Some((call, _)) => Name::joined(rpc::name(call), None),
            None => Name::joined(method, route.map(|route| cut(route.as_str(), Route::MAX_LEN))),
        };
        let mut address = Text::<MAX_ADDRESS>::new();
        if let Some(peer) = request.peer {
            write_address(&mut address, peer.ip());
        }
        let mut error_type = Text::<MAX_ERROR_TYPE>::new();
        if end.outcome.is_error() {
            match rpc {
                Some((_, how)) => error_type.push(rpc::error_type(end, how)),
                None => write_error_type(&mut error_type, end),
            }
        }
        let rules = &self.tracer.base().redaction;
        let error = end.error.map(|error| rules.redact(error));
        let mut list = List { pairs: [("", Value::Bool(false)); MAX_ATTRIBUTES], len: 0 };
        list.fill(context, request, end, route, address.as_str(), error_type.as_str());
        marks.each(|key, value| list.put(key, value));
        let (attributes, dropped_attributes) = Attributes::new(list.as_slice())
            .and_request(fields)
            .within(limits.attributes, limits.attribute_length);
        let link = request.link.map(link);
        let links = link.as_slice();
        let kept = links.len().min(limits.links);
        let record = SpanRecord {
            parent: request.parent.map(|parent| Parent { span_id: parent.span_id, remote: true }),
            trace_state: request.parent.and_then(trace_state).or_else(|| local_state(context)),
            kind: Kind::Server,
            start: request.started,
            duration: end.duration,
            attributes,
            dropped_attributes,
            links: Links::new(&links[..kept]),
            dropped_links: u32::from(kept < links.len()),
            status: status(end.outcome, error.as_deref()),
            ..SpanRecord::new(context.ids(), name)
        };
        self.tracer.export(&record);
    }
}

/// An error of the service; 4xx is the caller's, and a client that went away is nobody's.
fn status(outcome: Outcome, error: Option<&str>) -> Status<'_> {
    if outcome.is_error() { Status::Error(cut(error.unwrap_or_default(), MAX_TEXT)) } else { Status::Unset }
}

/// The status where the response says what went wrong, the outcome's word where it does not: no response was made,
/// or its body failed after a good head.
fn write_error_type(out: &mut Text<MAX_ERROR_TYPE>, end: &End<'_>) {
    match end.status {
        Some(status) if end.outcome != Outcome::Panicked && status >= 400 => {
            let _ = write!(out, "{status}");
        }
        _ => out.push(end.outcome.as_str()),
    }
}

pub(crate) fn link(remote: &Remote) -> Link<'_> {
    Link { trace_state: trace_state(remote), remote: true, ..Link::new(remote.ids()) }
}

fn trace_state(remote: &Remote) -> Option<&str> {
    remote.trace_state.as_ref().map(TraceState::as_str)
}

/// Where the middleware has moved the caller's trace state on to what travels with the request.
fn local_state(context: &Context) -> Option<&str> {
    context.local().trace_state().map(TraceState::as_str)
}

/// The attributes of one span, on the stack.
struct List<'a> {
    pairs: [(&'a str, Value<'a>); MAX_ATTRIBUTES],
    len: usize,
}

impl<'a> List<'a> {
    /// Filled where it stands: it is too large to be handed around.
    #[inline]
    fn fill(
        &mut self,
        context: &'a Context,
        request: &Request<'a>,
        end: &End<'a>,
        route: Option<Route>,
        address: &'a str,
        error_type: &'a str,
    ) {
        let list = self;
        let rpc: Option<(&RpcCall, &RpcEnd)> = request.rpc.zip(end.rpc);
        match rpc {
            Some((call, how)) => rpc::describe(list, request, call, how),
            None => list.http(request, end, route),
        }
        if let Some((host, port)) = request.host.and_then(split_host) {
            list.text(attribute::SERVER_ADDRESS, host);
            if let Some(port) = port {
                list.number(attribute::SERVER_PORT, port.into());
            }
        }
        if let Some(port) = request.peer.as_ref().map(SocketAddr::port) {
            list.text(attribute::CLIENT_ADDRESS, address);
            if port != 0 {
                list.number(attribute::CLIENT_PORT, port.into());
            }
        }
        if let Some(agent) = request.user_agent {
            list.text(attribute::USER_AGENT_ORIGINAL, agent);
        }
        list.text(attribute::NETWORK_PROTOCOL_VERSION, request.protocol_version);
        if let Some(request_id) = context.request_id() {
            list.text(attribute::REQUEST_ID, request_id.as_str());
        }
        list.text(attribute::OUTCOME, end.outcome.as_str());
        if !error_type.is_empty() {
            list.text(attribute::ERROR_TYPE, error_type);
        }
        if let Some(head) = end.head {
            list.put(attribute::HEAD_MS, Value::F64(head.as_secs_f64() * 1e3));
        }
        if let Some(bytes) = end.request_bytes {
            list.number(attribute::HTTP_REQUEST_BODY_SIZE, i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        if end.status.is_some() && rpc.is_none() {
            let bytes = i64::try_from(end.response_bytes).unwrap_or(i64::MAX);
            list.number(attribute::HTTP_RESPONSE_BODY_SIZE, bytes);
        }
    }

    #[inline]
    fn http(&mut self, request: &Request<'a>, end: &End<'a>, route: Option<Route>) {
        self.text(attribute::HTTP_REQUEST_METHOD, request.method.as_str());
        if request.method == Method::Other {
            self.text(attribute::HTTP_REQUEST_METHOD_ORIGINAL, request.method_original);
        }
        if let Some(route) = route {
            self.text(attribute::HTTP_ROUTE, route.as_str());
        }
        if let Some(status) = end.status {
            self.number(attribute::HTTP_RESPONSE_STATUS_CODE, status.into());
        }
        self.text(attribute::URL_PATH, request.path);
        if let Some(scheme) = request.scheme {
            self.text(attribute::URL_SCHEME, scheme);
        }
    }

    fn text(&mut self, key: &'static str, value: &'a str) {
        self.put(key, Value::Str(cut(value, MAX_TEXT)));
    }

    fn number(&mut self, key: &'static str, value: i64) {
        self.put(key, Value::I64(value));
    }

    fn put(&mut self, key: &'static str, value: Value<'a>) {
        if let Some(slot) = self.pairs.get_mut(self.len) {
            *slot = (key, value);
            self.len += 1;
        }
    }

    fn as_slice(&self) -> &[(&'a str, Value<'a>)] {
        &self.pairs[..self.len]
    }
}

/// Splits `host[:port]`; the brackets of an IPv6 address are no part of it. `None` for an empty host.
fn split_host(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        // Byte by byte: what is searched is so short that setting up anything faster costs more.
        None => match authority.bytes().rposition(|byte| byte == b':') {
            Some(at) => (&authority[..at], Some(&authority[at + 1..])),
            None => (authority, None),
        },
    };
    if host.is_empty() { None } else { Some((host, port.and_then(|port| port.parse().ok()))) }
}

fn write_address(out: &mut Text<MAX_ADDRESS>, address: IpAddr) {
    // An IPv4 client of a dual-stack socket is an IPv4 client.
    match address.to_canonical() {
        IpAddr::V4(address) => {
            for (index, byte) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push_ascii(b'.');
                }
                if byte >= 100 {
                    out.push_ascii(b'0' + byte / 100);
                }
                if byte >= 10 {
                    out.push_ascii(b'0' + byte / 10 % 10);
                }
                out.push_ascii(b'0' + byte % 10);
            }
        }
        IpAddr::V6(address) => {
            let _ = write!(out, "{address}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_split_from_their_ports() {
        for (authority, expected) in [
            ("example.com", Some(("example.com", None))),
            ("example.com:8080", Some(("example.com", Some(8080)))),
            ("example.com:", Some(("example.com", None))),
            ("example.com:99999", Some(("example.com", None))),
            ("[::1]:8080", Some(("::1", Some(8080)))),
            ("[::1]", Some(("::1", None))),
            ("", None),
            (":80", None),
            ("[]:80", None),
        ] {
            assert_eq!(split_host(authority), expected, "{authority}");
        }
    }

    #[test]
    fn addresses_are_written_as_the_standard_library_does() {
        for address in
            ["0.0.0.0", "1.20.255.100", "255.255.255.255", "10.0.0.9", "::1", "2001:db8::ff00:42:8329"]
        {
            let mut out = Text::new();
            write_address(&mut out, address.parse().unwrap());
            assert_eq!(out.as_str(), address);
        }
        let mut out = Text::new();
        write_address(&mut out, "::ffff:10.1.2.3".parse().unwrap());
        assert_eq!(out.as_str(), "10.1.2.3");
    }
}
