//! The server span, compared whole, by a clock and ids of the test's own.

use std::sync::Arc;
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, Route, TraceFlags};
use obs_core::fields::Value;
use obs_core::observe::{Candidate, End, Method, Observer, Request, Verdict, conclude};
use obs_core::propagate::{Remote, TraceState};
use obs_core::{Base, Clock, IdSource, Outcome, RequestId, Resource, Timestamp};
use obs_trace::record::{Kind, Parent, SpanRecord};
use obs_trace::sink::{FinishedLink, FinishedSpan, FinishedStatus, Memory, Scalar, SpanSink};
use obs_trace::{Limits, Sampler, ServerSpans, Tracer};

const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

fn spans() -> (ServerSpans, Memory, Arc<Base>) {
    limited(Limits::default())
}

fn limited(limits: Limits) -> (ServerSpans, Memory, Arc<Base>) {
    let base = Base::with(Resource::new("orders"), Clock::manual(START), IdSource::seeded(1));
    let memory = Memory::new();
    let tracer = Tracer::builder(Arc::clone(&base)).limits(limits).sink(memory.clone()).build();
    (ServerSpans::new(&tracer), memory, base)
}

fn context(base: &Base, route: Option<&str>) -> Context {
    let ids = Ids {
        trace_id: base.ids.trace_id(),
        span_id: base.ids.span_id(),
        flags: TraceFlags::default().sampled(true),
    };
    let local = Local::server(RequestId::parse("ORD-1").unwrap(), None);
    local.set_route(route.map_or(Route::UNMATCHED, Route::new));
    Context::root(ids, local)
}

fn remote(base: &Base, state: &str) -> Remote {
    let flags = TraceFlags::default().sampled(true);
    let mut remote = Remote::new(Ids { trace_id: base.ids.trace_id(), span_id: base.ids.span_id(), flags });
    remote.trace_state = TraceState::parse([state.as_bytes()]);
    remote
}

fn text(key: &str, value: &str) -> (String, Scalar) {
    (key.to_owned(), Scalar::Str(value.to_owned()))
}

fn number(key: &str, value: i64) -> (String, Scalar) {
    (key.to_owned(), Scalar::I64(value))
}

#[test]
fn a_request_with_all_that_can_be_known_is_one_whole_span() {
    let (spans, memory, base) = spans();
    let (parent, link) = (remote(&base, "a=1"), remote(&base, ""));
    let context = context(&base, Some("/users/{id}"));
    let mut request = Request::new(Method::Get, "/users/7");
    request.scheme = Some("http");
    request.protocol_version = "2";
    request.host = Some("api.example.com:8080");
    request.user_agent = Some("curl/8");
    request.peer = Some("10.1.2.3:55000".parse().unwrap());
    request.started = START;
    request.parent = Some(&parent);
    request.link = Some(&link);
    let mut end = End::new(Outcome::Success, Duration::from_millis(12));
    end.status = Some(200);
    end.response_bytes = 34;
    spans.start(&context, &request);
    conclude(&spans, &context, &request, &end);
    let expected = FinishedSpan {
        ids: context.ids(),
        parent: Some(Parent { span_id: parent.span_id, remote: true }),
        trace_state: Some("a=1".to_owned()),
        name: "GET /users/{id}".to_owned(),
        kind: Kind::Server,
        start: START,
        duration: Duration::from_millis(12),
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", "/users/{id}"),
            number("http.response.status_code", 200),
            text("url.path", "/users/7"),
            text("url.scheme", "http"),
            text("server.address", "api.example.com"),
            number("server.port", 8080),
            text("client.address", "10.1.2.3"),
            number("client.port", 55000),
            text("user_agent.original", "curl/8"),
            text("network.protocol.version", "2"),
            text("request_id", "ORD-1"),
            text("obs.outcome", "success"),
            number("http.response.body.size", 34),
        ],
        dropped_attributes: 0,
        events: vec![],
        dropped_events: 0,
        links: vec![FinishedLink {
            ids: Ids { trace_id: link.trace_id, span_id: link.span_id, flags: link.flags },
            trace_state: None,
            remote: true,
            attributes: vec![],
            dropped_attributes: 0,
        }],
        dropped_links: 0,
        status: FinishedStatus::Unset,
    };
    assert_eq!(memory.spans(), [expected]);
}

#[test]
fn an_unmatched_path_and_an_invented_method_make_no_names() {
    let (spans, memory, base) = spans();
    let context = context(&base, None);
    let mut request = Request::new(Method::Other, "/wp-admin/7f3a");
    request.method_original = "BREW";
    let mut end = End::new(Outcome::ClientError, Duration::ZERO);
    end.status = Some(404);
    conclude(&spans, &context, &request, &end);
    let span = memory.take().remove(0);
    assert_eq!((span.name.as_str(), span.status), ("HTTP", FinishedStatus::Unset));
    assert_eq!(
        span.attributes,
        [
            text("http.request.method", "_OTHER"),
            text("http.request.method_original", "BREW"),
            number("http.response.status_code", 404),
            text("url.path", "/wp-admin/7f3a"),
            text("network.protocol.version", "1.1"),
            text("request_id", "ORD-1"),
            text("obs.outcome", "client_error"),
            number("http.response.body.size", 0),
        ]
    );
    conclude(&spans, &context, &Request::new(Method::Get, "/x"), &end);
    assert_eq!(memory.spans()[0].name, "GET");
}

#[test]
fn each_outcome_has_its_status_and_error_type() {
    use FinishedStatus::{Error, Unset};
    for (outcome, status, error, span_status, error_type) in [
        (Outcome::Success, Some(304), None, Unset, None),
        (Outcome::ClientError, Some(404), None, Unset, None),
        (Outcome::Cancelled, None, None, Unset, None),
        (Outcome::Cancelled, Some(200), None, Unset, None),
        (Outcome::ServerError, Some(503), None, Error(String::new()), Some("503")),
        (Outcome::ServerError, None, Some("db is down"), Error("db is down".into()), Some("server_error")),
        (Outcome::ServerError, Some(200), Some("body"), Error("body".into()), Some("server_error")),
        (Outcome::Panicked, Some(500), Some("boom"), Error("boom".into()), Some("panicked")),
        (Outcome::Panicked, None, None, Error(String::new()), Some("panicked")),
        (Outcome::TimedOut, Some(504), None, Error(String::new()), Some("504")),
        (Outcome::TimedOut, Some(408), None, Error(String::new()), Some("408")),
        (Outcome::TimedOut, None, None, Error(String::new()), Some("timed_out")),
    ] {
        let (spans, memory, base) = spans();
        let context = context(&base, Some("/x"));
        let mut end = End::new(outcome, Duration::from_secs(1));
        (end.status, end.error) = (status, error);
        conclude(&spans, &context, &Request::new(Method::Get, "/x"), &end);
        let span = memory.take().remove(0);
        assert_eq!(span.status, span_status, "{outcome:?} {status:?}");
        let found = span.attribute("error.type").cloned();
        assert_eq!(found, error_type.map(|word| Scalar::Str(word.into())), "{outcome:?} {status:?}");
        assert_eq!(span.attribute("obs.outcome"), Some(&Scalar::Str(outcome.as_str().into())));
        assert_eq!(span.attribute("http.response.status_code").is_some(), status.is_some());
    }
}

#[test]
fn only_what_is_kept_is_exported() {
    let (spans, memory, base) = spans();
    let context = context(&base, Some("/x"));
    let (request, end) = (Request::new(Method::Get, "/x"), End::new(Outcome::Success, Duration::ZERO));
    spans.finish(&context, &request, &end, Verdict::Drop);
    assert!(memory.spans().is_empty());
    spans.finish(&context, &request, &end, Verdict::Keep);
    assert_eq!(memory.spans().len(), 1);
}

#[test]
fn the_head_decision_is_the_samplers() {
    let base = Base::with(Resource::new("orders"), Clock::manual(START), IdSource::seeded(1));
    let off = Tracer::builder(Arc::clone(&base)).sampler(Sampler::always_off().parent_based()).build();
    let spans = ServerSpans::new(&off);
    let caller = remote(&base, "");
    assert_eq!(spans.sample(&Candidate::new(caller.trace_id, None)), Some(false));
    assert_eq!(spans.sample(&Candidate::new(caller.trace_id, Some(&caller))), Some(true));
}

#[test]
fn hostile_lengths_are_cut() {
    let (spans, memory, base) = spans();
    let long = "é".repeat(100_000);
    let long = long.as_str();
    let route = Route::from_static(Box::leak("/long".repeat(1_000).into_boxed_str()));
    let context = context(&base, None);
    let local = Local::server(RequestId::parse("a").unwrap(), None);
    local.set_route(route);
    let context = Context::root(context.ids(), local);
    let mut request = Request::new(Method::Other, long);
    (request.user_agent, request.host, request.method_original) = (Some(long), Some(long), long);
    let mut end = End::new(Outcome::Panicked, Duration::MAX);
    end.error = Some(long);
    conclude(&spans, &context, &request, &end);
    let span = memory.take().remove(0);
    assert!(span.name.len() < 600 && span.name.starts_with("HTTP /long"), "{}", span.name);
    for (key, value) in span.attributes {
        if let Scalar::Str(value) = value {
            assert!(value.len() <= 4_096, "{key}");
        }
    }
}

fn finished(spans: &ServerSpans, memory: &Memory, context: &Context, link: Option<&Remote>) -> FinishedSpan {
    let mut request = Request::new(Method::Get, "/x");
    request.link = link;
    let end = End::new(Outcome::Success, Duration::ZERO);
    conclude(spans, context, &request, &end);
    memory.take().remove(0)
}

#[test]
fn fields_of_the_request_follow_the_spans_own_and_never_replace_them() {
    let (spans, memory, base) = spans();
    let context = context(&base, Some("/x"));
    let local = context.local();
    local.set_field("user", Value::U64(7));
    local.set_field(String::from("plan"), Value::Str("gold"));
    local.set_field("http.route", Value::Str("/mine"));
    local.set_field("user", Value::U64(8));
    local.set_field("password", Value::Str("hunter2"));
    let span = finished(&spans, &memory, &context, None);
    assert_eq!(
        span.attributes,
        [
            text("http.request.method", "GET"),
            text("http.route", "/x"),
            text("url.path", "/x"),
            text("network.protocol.version", "1.1"),
            text("request_id", "ORD-1"),
            text("obs.outcome", "success"),
            ("user".to_owned(), Scalar::U64(8)),
            text("plan", "gold"),
            text("password", "[redacted]"),
        ]
    );
    assert_eq!(span.dropped_attributes, 0);
}

#[test]
fn a_sink_may_set_fields_of_the_request_whose_span_it_takes() {
    struct Meddles(Context);
    impl SpanSink for Meddles {
        fn export(&self, _: &SpanRecord<'_>) {
            self.0.local().set_field("seen", Value::Bool(true));
        }
    }
    let base = Base::with(Resource::new("orders"), Clock::manual(START), IdSource::seeded(1));
    let context = context(&base, None);
    context.local().set_field("user", Value::U64(7));
    let tracer = Tracer::builder(base).sink(Meddles(context.clone())).build();
    let end = End::new(Outcome::Success, Duration::ZERO);
    conclude(&ServerSpans::new(&tracer), &context, &Request::new(Method::Get, "/x"), &end);
    let seen = context.local().with_fields(|fields| fields.find("seen") == Some(Value::Bool(true)));
    assert_eq!(seen, Some(true), "no lock is held while a span is handed on");
}

#[test]
fn what_is_beyond_the_limits_is_left_out_and_counted() {
    let check = |limits: Limits, expected: (usize, u32, usize, u32)| {
        let (spans, memory, base) = limited(limits);
        let (context, link) = (context(&base, Some("/x")), remote(&base, ""));
        for key in ["a", "b", "http.route"] {
            context.local().set_field(key, Value::Str("日本語"));
        }
        let span = finished(&spans, &memory, &context, Some(&link));
        let links = span.links.len();
        assert_eq!((span.attributes.len(), span.dropped_attributes, links, span.dropped_links), expected);
        span
    };
    let all = Limits::default();
    check(all, (8, 0, 1, 0));
    check(Limits { attributes: 8, ..all }, (8, 0, 1, 0));
    check(Limits { attributes: 7, ..all }, (7, 1, 1, 0));
    check(Limits { attributes: 2, links: 0, ..all }, (2, 6, 0, 1));
    let span = check(Limits { attribute_length: Some(2), ..all }, (8, 0, 1, 0));
    assert_eq!(span.attribute("a"), Some(&Scalar::Str("日本".into())));
    assert_eq!(span.attribute("http.request.method"), Some(&Scalar::Str("GE".into())));
}
