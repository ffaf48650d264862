//! The span of a call, compared whole, by a clock and ids of the test's own.

use std::sync::Arc;
use std::time::Duration;

use obs_core::context::{self, Context, Ids, Local, TraceFlags};
use obs_core::fields::Value;
use obs_core::keys::metric;
use obs_core::observe::{Operation, OperationEnd, OperationKind, OperationObserver};
use obs_core::propagate::TraceState;
use obs_core::{Base, Clock, IdSource, Outcome, RequestId, Resource, Timestamp};
use obs_trace::record::{Kind, Parent};
use obs_trace::sink::{FinishedSpan, FinishedStatus, Memory, Scalar};
use obs_trace::{Limits, OperationSpans, Sampler, Tracer};

const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
const LABELS: [&str; 3] = ["payments", "/v2/pay", "POST"];

fn setup(sampler: Sampler, limits: Limits) -> (Arc<Base>, OperationSpans, Memory) {
    let base = Base::with(Resource::new("orders"), Clock::manual(START), IdSource::seeded(1));
    let memory = Memory::new();
    let tracer =
        Tracer::builder(Arc::clone(&base)).sampler(sampler).limits(limits).sink(memory.clone()).build();
    (base, OperationSpans::new(&tracer), memory)
}

fn request(base: &Base, sampled: bool) -> Context {
    let flags = TraceFlags::default().sampled(sampled);
    let ids = Ids { trace_id: base.ids.trace_id(), span_id: base.ids.span_id(), flags };
    let state = TraceState::parse([b"a=1".as_slice()]);
    Context::root(ids, Local::server(RequestId::parse("ORD-1").unwrap(), state))
}

fn call<'a>(attributes: &'a [(&'static str, Value<'a>)]) -> Operation<'a> {
    let mut call = Operation::new(OperationKind::Client, "POST", &metric::HTTP_CLIENT, &LABELS);
    call.name.1 = Some("/v2/pay");
    call.started = START;
    call.attributes = attributes;
    call
}

fn end(outcome: Outcome, fault: Option<&'static str>, error: Option<&'static str>) -> OperationEnd<'static> {
    let mut end = OperationEnd::new(outcome, Duration::from_millis(12));
    (end.fault, end.error) = (fault, error);
    end
}

#[test]
fn a_call_is_one_whole_span_below_what_was_open() {
    let (base, spans, memory) = setup(Sampler::always_on(), Limits::default());
    base.operations.register(Arc::new(spans));
    let request = request(&base, true);
    let scope = context::enter_poll(&request);
    let (context, parent) = base.open_operation();
    drop(scope);
    assert_eq!(parent, Some(request.span_id()));
    assert_ne!(context.span_id(), request.span_id());
    let attributes = [("url.full", Value::Str("http://payments/v2/pay")), ("server.port", Value::I64(80))];
    let mut call = call(&attributes);
    call.parent = parent;
    base.operations.finish(&context, &call, &end(Outcome::ServerError, Some("connect"), Some("refused")));
    let expected = FinishedSpan {
        ids: context.ids(),
        parent: Some(Parent { span_id: request.span_id(), remote: false }),
        trace_state: Some("a=1".to_owned()),
        name: "POST /v2/pay".to_owned(),
        kind: Kind::Client,
        start: START,
        duration: Duration::from_millis(12),
        attributes: vec![
            ("url.full".to_owned(), Scalar::Str("http://payments/v2/pay".to_owned())),
            ("server.port".to_owned(), Scalar::I64(80)),
        ],
        dropped_attributes: 0,
        events: vec![],
        dropped_events: 0,
        links: vec![],
        dropped_links: 0,
        status: FinishedStatus::Error("refused".to_owned()),
    };
    assert_eq!(memory.take(), [expected]);
    assert_eq!(context.ids().trace_id, request.ids().trace_id);
}

#[test]
fn a_call_outside_of_all_is_the_root_of_a_trace_the_sampler_decides() {
    for (sampler, recorded) in [(Sampler::always_on(), 1), (Sampler::always_off(), 0)] {
        let (base, spans, memory) = setup(sampler, Limits::default());
        base.operations.register(Arc::new(spans));
        let (context, parent) = base.open_operation();
        assert_eq!((parent, context.is_sampled()), (None, recorded == 1));
        base.operations.finish(&context, &call(&[]), &end(Outcome::Success, None, None));
        let spans = memory.take();
        assert_eq!(spans.len(), recorded);
        assert!(spans.iter().all(|span| span.parent.is_none() && span.ids == context.ids()));
    }
}

#[test]
fn a_call_inside_of_a_request_that_is_not_recorded_is_not_either() {
    let (base, spans, memory) = setup(Sampler::always_on(), Limits::default());
    base.operations.register(Arc::new(spans));
    let request = request(&base, false);
    let scope = context::enter_poll(&request);
    let (context, _) = base.open_operation();
    drop(scope);
    assert_eq!(context.trace_id(), request.trace_id());
    base.operations.finish(&context, &call(&[]), &end(Outcome::Success, None, None));
    assert!(memory.take().is_empty());
}

#[test]
fn the_status_is_that_of_who_asks() {
    let (base, spans, memory) = setup(Sampler::always_on(), Limits::default());
    let context = request(&base, true);
    let error = |text: &str| FinishedStatus::Error(text.to_owned());
    for (end, expected) in [
        (end(Outcome::Success, None, None), FinishedStatus::Unset),
        (end(Outcome::Cancelled, None, None), FinishedStatus::Unset),
        (end(Outcome::ClientError, None, None), error("")),
        (end(Outcome::ServerError, Some("server_error"), None), error("")),
        (
            end(Outcome::TimedOut, Some("timeout"), Some("no answer within 1 s")),
            error("no answer within 1 s"),
        ),
    ] {
        spans.finish(&context, &call(&[]), &end);
        assert_eq!(memory.take()[0].status, expected, "{end:?}");
    }
}

#[test]
fn attributes_beyond_the_limit_are_counted() {
    let limits = Limits { attributes: 1, ..Limits::default() };
    let (base, spans, memory) = setup(Sampler::always_on(), limits);
    let attributes = [("a", Value::I64(1)), ("b", Value::I64(2)), ("c", Value::I64(3))];
    spans.finish(&request(&base, true), &call(&attributes), &end(Outcome::Success, None, None));
    let span = memory.take().remove(0);
    assert_eq!((span.attributes.len(), span.dropped_attributes), (1, 2));
}
