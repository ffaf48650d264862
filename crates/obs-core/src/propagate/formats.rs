//! Which ways of writing a context are read, in which order, and which are written.

use super::{B3_HEADERS, Baggage, Caller, Extractor, Header, Injector, Remote, TraceState, b3, jaeger, w3c};
use crate::context::Context;
use crate::id::TraceId;

/// A way in which services tell each other of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `traceparent` and `tracestate`: W3C Trace Context.
    TraceContext,
    /// `b3`; read are the several headers too.
    B3,
    /// `x-b3-traceid` and its like; read is the single header too, which then counts.
    B3Multi,
    /// `uber-trace-id`: Jaeger's own clients.
    Jaeger,
    /// `x-trace-id`: the trace alone, for callers that know no spans.
    TraceId,
}

impl Format {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::TraceContext, Self::B3, Self::B3Multi, Self::Jaeger, Self::TraceId];

    /// The name that `OTEL_PROPAGATORS` has for it, and `x-trace-id`, which has none there.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TraceContext => "tracecontext",
            Self::B3 => "b3",
            Self::B3Multi => "b3multi",
            Self::Jaeger => "jaeger",
            Self::TraceId => "x-trace-id",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// The names it travels under.
    const fn headers(self) -> &'static [Header] {
        match self {
            Self::TraceContext => &[Header::Traceparent, Header::Tracestate],
            Self::B3 | Self::B3Multi => &B3_HEADERS,
            Self::Jaeger => &[Header::UberTraceId],
            Self::TraceId => &[Header::TraceId],
        }
    }

    fn read(self, carrier: &impl Extractor) -> Option<Caller> {
        match self {
            Self::TraceContext => {
                let traceparent = carrier.once(Header::Traceparent)?;
                w3c::extract([traceparent], carrier.values(Header::Tracestate)).map(Caller::Span)
            }
            Self::B3 | Self::B3Multi => {
                // The single header counts wherever there is one (openzipkin/b3-propagation, "Single Header").
                if carrier.values(Header::B3).next().is_some() {
                    return b3::parse(carrier.once(Header::B3)?);
                }
                let parts = [Header::B3TraceId, Header::B3SpanId, Header::B3Sampled, Header::B3Flags];
                let is_often = |header: &Header| carrier.values(*header).nth(1).is_some();
                if parts.iter().any(is_often) {
                    return None;
                }
                let [trace_id, span_id, sampled, flags] = parts.map(|header| carrier.once(header));
                b3::parse_multi(trace_id, span_id, sampled, flags)
            }
            Self::Jaeger => jaeger::parse(carrier.once(Header::UberTraceId)?),
            Self::TraceId => TraceId::parse_lenient(carrier.once(Header::TraceId)?).map(Caller::Trace),
        }
    }

    fn write(self, context: &Context, carrier: &mut impl Injector) {
        let ids = context.ids();
        match self {
            Self::TraceContext => {
                set(carrier, Header::Traceparent, &w3c::traceparent(ids));
                match context.local().trace_state().map(TraceState::as_str) {
                    Some(state) => carrier.set(Header::Tracestate, state),
                    None => carrier.erase(Header::Tracestate),
                }
            }
            Self::B3 => set(carrier, Header::B3, &b3::value(ids)),
            Self::B3Multi => {
                set(carrier, Header::B3TraceId, &ids.trace_id.to_hex());
                set(carrier, Header::B3SpanId, &ids.span_id.to_hex());
                match b3::state(ids.flags) {
                    // Debug implies the decision, which is not written beside it.
                    b'd' => carrier.set(Header::B3Flags, "1"),
                    state => set(carrier, Header::B3Sampled, &[state]),
                }
            }
            Self::Jaeger => set(carrier, Header::UberTraceId, &jaeger::value(ids)),
            Self::TraceId => set(carrier, Header::TraceId, &ids.trace_id.to_hex()),
        }
    }
}

/// All that is set is ASCII.
fn set(carrier: &mut impl Injector, header: Header, value: &[u8]) {
    if let Ok(value) = str::from_utf8(value) {
        carrier.set(header, value);
    }
}

/// What is read from callers and written to those that are called. By default W3C Trace Context both ways, and `x-trace-id`
/// where a caller knows nothing better.
///
/// ```
/// use obs_core::propagate::{Caller, Format, Propagation};
///
/// let propagation = Propagation::new().extract([Format::B3, Format::TraceContext]).inject([Format::B3Multi]);
/// let message = vec![("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1")];
/// let Some(Caller::Span(remote)) = propagation.read(&message) else { panic!() };
/// assert_eq!(remote.trace_id.to_string(), "80f198ee56343ba864fe8b2a57d3eff7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Propagation {
    extract: Vec<Format>,
    inject: Vec<Format>,
    baggage: bool,
}

impl Default for Propagation {
    fn default() -> Self {
        let extract = vec![Format::TraceContext, Format::TraceId];
        Self { extract, inject: vec![Format::TraceContext], baggage: false }
    }
}

impl Propagation {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is read: the first of these that a caller has written well counts. With none, every request begins a trace.
    pub fn extract(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.extract = formats.into_iter().collect();
        self
    }

    /// What is written; with none, calls tell nothing of a trace.
    pub fn inject(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.inject = formats.into_iter().collect();
        self
    }

    /// Whether baggage of callers that are believed is read, and handed on; default not, because it is theirs to fill.
    pub fn baggage(mut self, baggage: bool) -> Self {
        self.baggage = baggage;
        self
    }

    /// Whether what is read is the default.
    #[inline]
    pub fn reads_the_default(&self) -> bool {
        matches!(self.extract[..], [Format::TraceContext, Format::TraceId])
    }

    /// Whether baggage is handed on.
    #[inline]
    pub fn has_baggage(&self) -> bool {
        self.baggage
    }

    /// What the caller says. Headers that are malformed are as good as none.
    pub fn read(&self, carrier: &impl Extractor) -> Option<Caller> {
        self.extract.iter().find_map(|format| format.read(carrier))
    }

    /// The caller's span, where it says one.
    pub fn read_span(&self, carrier: &impl Extractor) -> Option<Remote> {
        if let Some(Caller::Span(remote)) = self.read(carrier) { Some(remote) } else { None }
    }

    /// The caller's baggage, where it is handed on.
    pub fn read_baggage(&self, carrier: &impl Extractor) -> Option<Baggage> {
        if self.baggage { Baggage::parse(carrier.values(Header::Baggage)) } else { None }
    }

    /// Writes the context of a call. What stood there of any format that is read or written is gone then, so that headers
    /// which are handed on from a caller never point past this service; but for an `x-trace-id` that is not written, which
    /// is for whoever knows what else it may mean.
    pub fn write(&self, context: &Context, carrier: &mut impl Injector) {
        let is_stale = |format: &Format| match format {
            Format::TraceId => false,
            // Of its many names some may be left by another way of writing it.
            Format::B3 | Format::B3Multi => true,
            format => !self.inject.contains(format),
        };
        for format in self.extract.iter().chain(&self.inject).filter(|format| is_stale(format)) {
            format.headers().iter().for_each(|header| carrier.erase(*header));
        }
        self.inject.iter().for_each(|format| format.write(context, carrier));
        if let Some(request_id) = context.request_id() {
            carrier.set(Header::RequestId, request_id.as_str());
        }
        if self.baggage {
            let written = context.local().with_baggage(|baggage| {
                let is_some = !baggage.is_empty();
                if is_some {
                    carrier.set(Header::Baggage, baggage.as_str());
                }
                is_some
            });
            if written != Some(true) {
                carrier.erase(Header::Baggage);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Base;
    use crate::context::{Local, TraceFlags};
    use crate::id::{IdSource, RequestId};
    use crate::{Clock, Resource};

    type Message = Vec<(String, String)>;

    const B3_VALUE: &str = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1";
    const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn message(pairs: &[(&str, &str)]) -> Message {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn trace(caller: Option<Caller>) -> Option<String> {
        match caller? {
            Caller::Span(remote) => Some(remote.trace_id.to_string()),
            Caller::Trace(trace_id) => Some(trace_id.to_string()),
            Caller::Asks(_) => None,
        }
    }

    #[test]
    fn the_first_format_of_the_order_that_is_written_well_counts() {
        let both = message(&[("b3", B3_VALUE), ("traceparent", TRACEPARENT)]);
        let (b3, w3c) = (Some(B3_VALUE[..32].to_owned()), Some(TRACEPARENT[3..35].to_owned()));
        let read = |formats: &[Format], message: &Message| {
            trace(Propagation::new().extract(formats.iter().copied()).read(message))
        };
        assert_eq!(trace(Propagation::new().read(&both)), w3c);
        assert_eq!(read(&[Format::B3, Format::TraceContext], &both), b3);
        assert_eq!(read(&[Format::TraceContext, Format::B3Multi], &both), w3c);
        let bad = message(&[("b3", B3_VALUE), ("traceparent", &TRACEPARENT[1..])]);
        assert_eq!(read(&[Format::TraceContext, Format::B3], &bad), b3);
        assert_eq!(read(&[], &both), None);
        let twice = message(&[("b3", B3_VALUE), ("B3", B3_VALUE)]);
        assert_eq!(read(&[Format::B3], &twice), None);
        let many = message(&[
            ("X-B3-TraceId", &B3_VALUE[..32]),
            ("X-B3-SpanId", &B3_VALUE[33..49]),
            ("X-B3-ParentSpanId", "05e3ac9a4f6e3b90"),
            ("X-B3-Sampled", "1"),
        ]);
        assert_eq!(read(&[Format::B3], &many), b3);
        let single_wins = [many, message(&[("b3", "0")])].concat();
        assert_eq!(Propagation::new().extract([Format::B3]).read(&single_wins), Some(Caller::Asks(false)));
        let named = message(&[("x-trace-id", &B3_VALUE[16..32])]);
        assert_eq!(
            trace(Propagation::new().read(&named)),
            Some(format!("{}{}", "0".repeat(16), &B3_VALUE[16..32]))
        );
    }

    fn context(flags: TraceFlags) -> Context {
        let base = Base::with(Resource::new("test"), Clock::system(), IdSource::seeded(1));
        let local = Local::server(RequestId::parse(b"req-1").unwrap(), TraceState::parse([&b"v=1"[..]]));
        let (trace_id, span_id) = (base.ids.trace_id(), base.ids.span_id());
        Context::root(crate::context::Ids { trace_id, span_id, flags }, local)
    }

    #[test]
    fn what_is_written_in_each_format_is_read_as_the_same_span_and_decision() {
        for format in Format::ALL {
            let propagation = Propagation::new().extract([format]).inject([format]);
            for flags in
                [TraceFlags::default(), TraceFlags::default().sampled(true), TraceFlags::default().debug()]
            {
                let (context, mut carrier) = (context(flags), Message::new());
                propagation.write(&context, &mut carrier);
                assert!(carrier.contains(&(String::from("x-request-id"), String::from("req-1"))));
                match propagation.read(&carrier) {
                    Some(Caller::Trace(trace_id)) if format == Format::TraceId => {
                        assert_eq!(trace_id, context.trace_id());
                    }
                    Some(Caller::Span(remote)) => {
                        assert_eq!(
                            (remote.trace_id, remote.span_id),
                            (context.trace_id(), context.span_id())
                        );
                        assert_eq!(remote.flags.is_sampled(), flags.is_sampled(), "{format:?} {carrier:?}");
                        assert!(!remote.is_deferred);
                        let has_debug = format != Format::TraceContext && flags.is_debug();
                        assert_eq!(remote.flags.is_debug(), has_debug, "{format:?} {carrier:?}");
                    }
                    other => panic!("{format:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn headers_of_a_caller_that_are_handed_on_do_not_point_past_this_service() {
        let context = context(TraceFlags::default().sampled(true));
        let handed = message(&[
            ("X-B3-TraceId", &B3_VALUE[..32]),
            ("X-B3-ParentSpanId", "05e3ac9a4f6e3b90"),
            ("b3", B3_VALUE),
            ("traceparent", TRACEPARENT),
            ("tracestate", "old=1"),
            ("baggage", "theirs=1"),
            ("other", "kept"),
        ]);
        let names = |propagation: Propagation| {
            let mut carrier = handed.clone();
            propagation.write(&context, &mut carrier);
            let mut names: Vec<_> = carrier.into_iter().map(|(name, _)| name).collect();
            names.sort();
            names
        };
        let all = Propagation::new().extract([Format::B3, Format::TraceContext]).baggage(true);
        assert_eq!(
            names(all.clone().inject([Format::B3Multi])),
            ["other", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid", "x-request-id"]
        );
        assert_eq!(names(all.clone().inject([Format::B3])), ["b3", "other", "x-request-id"]);
        assert_eq!(names(all.inject([])), ["other", "x-request-id"]);
    }

    #[test]
    fn baggage_is_read_where_it_is_wanted_and_written_with_what_was_added() {
        let carrier = message(&[("baggage", "tenant=acme;p")]);
        assert_eq!(Propagation::new().read_baggage(&carrier), None);
        let propagation = Propagation::new().baggage(true);
        let local = Local::task().carrying(propagation.read_baggage(&carrier));
        local.set_baggage("user", "Amélie").unwrap();
        let ids = context(TraceFlags::default()).ids();
        let mut written = Message::new();
        propagation.write(&Context::root(ids, local), &mut written);
        assert!(
            written.contains(&(String::from("baggage"), String::from("tenant=acme;p,user=Am%C3%A9lie"))),
            "{written:?}"
        );
    }
}
