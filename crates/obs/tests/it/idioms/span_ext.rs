//! What is said of spans beyond the macros, with our own subscriber and on a registry.

use std::borrow::Cow;
use std::sync::Arc;

use obs::propagate::Remote;
use obs::traces::layer::TraceLayer;
use obs::traces::record::Status;
use obs::traces::sink::{FinishedSpan, FinishedStatus, Memory, Scalar};
use obs::traces::{Sampler, Tracer};
use obs::{Fused, SetParentError, SpanExt, SpanId, TraceId};
use obs_core::context::{self, Context, Ids, Local, TraceFlags};
use obs_core::fields::Value;
use obs_core::{Base, Resource};
use tracing::{Dispatch, Span, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

/// The same work under both; returns the spans of each.
fn both(sampler: impl Fn() -> Sampler, work: impl Fn(&Arc<Base>)) -> [Vec<FinishedSpan>; 2] {
    let make = |composed: bool| {
        let (base, memory) = (Base::new(Resource::new("orders")), Memory::new());
        let tracer = Tracer::builder(Arc::clone(&base)).sampler(sampler()).sink(memory.clone()).build();
        let dispatch = match composed {
            true => Dispatch::new(tracing_subscriber::registry().with(TraceLayer::new(&tracer))),
            false => Dispatch::new(Fused::new().traces(&tracer, "trace".parse().unwrap())),
        };
        tracing::dispatcher::with_default(&dispatch, || work(&base));
        assert!(context::current().is_none());
        memory.take()
    };
    [make(false), make(true)]
}

fn remote(sampled: bool) -> Remote {
    Remote::new(Ids {
        trace_id: TraceId::new(7).unwrap(),
        span_id: SpanId::new(9).unwrap(),
        flags: TraceFlags::default().sampled(sampled),
    })
}

fn all() -> Sampler {
    Sampler::always_on()
}

#[test]
fn names_attributes_links_and_statuses_are_said_at_run_time() {
    for spans in both(all, |_| {
        let other = info_span!("other").context().unwrap().ids();
        let span = info_span!("job", declared = 1);
        span.set_name(&format!("job {}", 7));
        span.set_attribute("undeclared", true);
        span.set_attribute(String::from("made"), "at run time");
        span.set_attribute("declared", 2);
        span.set_attribute("password", "hunter2");
        span.add_link(other);
        span.add_remote_link(&remote(true));
        span.set_status(Status::Error("no disk left"));
        span.in_scope(|| ());
        // Said of a span that is open too.
        let _open = span.enter();
        Span::current().set_status(Status::Unset);
    }) {
        let job = spans.iter().find(|span| span.name == "job 7").unwrap();
        assert_eq!(job.attribute("undeclared"), Some(&Scalar::Bool(true)));
        assert_eq!(job.attribute("made"), Some(&Scalar::Str("at run time".into())));
        assert_eq!(job.attribute("declared"), Some(&Scalar::I64(2)));
        assert_eq!(job.attribute("password"), Some(&Scalar::Str(obs::redact::REDACTED.into())));
        assert_eq!(job.status, FinishedStatus::Error("no disk left".into()));
        let links: Vec<_> = job.links.iter().map(|link| (link.remote, link.ids.span_id)).collect();
        let other = spans.iter().find(|span| span.name == "other").unwrap();
        assert_eq!(links, [(false, other.ids.span_id), (true, SpanId::new(9).unwrap())]);
    }
}

#[test]
fn a_parent_in_another_process_is_taken_before_anybody_goes_by_the_ids_and_not_after() {
    for spans in both(all, |base| {
        let span = info_span!("consumer", shard = 3);
        span.set_parent(&remote(true)).unwrap();
        span.in_scope(|| info_span!("inside").in_scope(|| ()));
        let settled = Err(SetParentError::Settled);
        assert_eq!(span.set_parent(&remote(true)), settled, "it was entered");
        let span = info_span!("asked");
        assert!(span.context().is_some());
        assert_eq!(span.set_parent(&remote(true)), settled, "its ids were asked for");
        let span = info_span!("above");
        let child = info_span!(parent: &span, "child");
        assert_eq!((span.set_parent(&remote(true)), child.set_parent(&remote(true))), (settled, settled));
        let request = request(base);
        let _poll = context::enter_poll(&request);
        assert_eq!(info_span!("in a request").set_parent(&remote(true)), settled);
    }) {
        let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
        let consumer = find("consumer");
        let parent = consumer.parent.unwrap();
        assert_eq!((consumer.ids.trace_id.get(), parent.span_id.get(), parent.remote), (7, 9, true));
        assert_eq!(consumer.attribute("shard"), Some(&Scalar::I64(3)));
        assert_eq!(
            (find("inside").ids.trace_id.get(), find("inside").parent_id()),
            (7, Some(consumer.ids.span_id))
        );
        assert!(
            spans
                .iter()
                .all(|span| span.ids.trace_id.get() != 7 || ["consumer", "inside"].contains(&&*span.name))
        );
    }
}

#[test]
fn the_decision_comes_with_the_parent() {
    let by_caller = || Sampler::ratio(0.0).unwrap().parent_based();
    for spans in both(by_caller, |_| {
        let span = info_span!("recorded");
        span.set_parent(&remote(true)).unwrap();
        span.in_scope(|| info!("said"));
        let span = info_span!("not recorded");
        span.set_parent(&remote(false)).unwrap();
        span.in_scope(|| info_span!("below").in_scope(|| ()));
    }) {
        let [span] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((span.name.as_str(), span.ids.trace_id.get(), span.events.len()), ("recorded", 7, 1));
    }
    for spans in both(all, |_| {
        let span = info_span!("given up");
        span.set_parent(&remote(false)).unwrap();
    }) {
        // `always_on` does not ask the caller.
        assert_eq!(spans.len(), 1);
    }
}

#[test]
fn what_is_said_of_a_requests_span_is_a_field_of_the_request() {
    let base = Base::new(Resource::new("orders"));
    let tracer = Tracer::builder(Arc::clone(&base)).build();
    let fused = Dispatch::new(Fused::new().traces(&tracer, "info".parse().unwrap()));
    tracing::dispatcher::with_default(&fused, || {
        let request = request(&base);
        let _poll = context::enter_poll(&request);
        Span::current().set_attribute("tenant", "blue");
        assert_eq!(Span::current().context().map(|context| context.ids()), Some(request.ids()));
        let is_set = |fields: &obs_core::fields::Fields| fields.find("tenant") == Some(Value::Str("blue"));
        assert_eq!(request.local().with_fields(is_set), Some(true));
    });
}

/// Uses spans itself while it is turned into a key.
struct Hostile;

impl From<Hostile> for Cow<'static, str> {
    fn from(_: Hostile) -> Self {
        let current = Span::current();
        current.set_attribute("nested", 1);
        info_span!("opened meanwhile").in_scope(|| info!("x"));
        Cow::Borrowed("hostile")
    }
}

#[test]
fn no_lock_is_held_while_a_users_code_runs_and_spans_that_are_none_are_borne() {
    for spans in both(all, |_| {
        let span = info_span!("outer");
        let _open = span.enter();
        span.set_attribute(Hostile, 2);
        Span::none().set_name("x");
        assert!(Span::none().context().is_none());
        assert_eq!(Span::none().set_parent(&remote(true)), Err(SetParentError::Untraced));
        let _silence = context::silence();
        let silent = info_span!("silent");
        silent.set_attribute("a", 1);
        assert!(silent.set_parent(&remote(true)).is_err());
    }) {
        let outer = spans.iter().find(|span| span.name == "outer").unwrap();
        assert_eq!(outer.attribute("hostile"), Some(&Scalar::I64(2)));
        assert_eq!(outer.attribute("nested"), Some(&Scalar::I64(1)));
    }
}

#[test]
fn fields_of_opentelemetry_count_at_any_time_and_the_last_wins_but_for_ok() {
    for spans in both(all, |_| {
        use tracing::field::Empty;
        let span = info_span!(
            "a",
            otel.name = Empty,
            otel.kind = Empty,
            otel.status_code = Empty,
            otel.status_message = Empty
        );
        span.record("otel.kind", "client");
        span.record("otel.name", "first");
        span.record("otel.status_code", "error");
        span.record("otel.status_message", "by its old name");
        span.record("otel.name", "last");
        span.record("otel.kind", "producer");
        drop(span);
        let span = info_span!("ok", otel.status_code = Empty, otel.status_description = Empty);
        span.record("otel.status_code", "OK");
        span.record("otel.status_code", "error");
        span.record("otel.status_description", "too late");
        drop(span);
        let span = info_span!("described", otel.status_description = "alone it is an error");
        drop(span);
        let (followed, follower) = (info_span!("followed"), info_span!("follower"));
        follower.follows_from(&followed);
    }) {
        let find = |name: &str| {
            spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {spans:?}"))
        };
        let last = find("last");
        assert_eq!(
            (last.kind, &last.status),
            (obs::traces::Kind::Producer, &FinishedStatus::Error("by its old name".into()))
        );
        assert_eq!(last.attributes.iter().filter(|(key, _)| key.starts_with("otel.")).count(), 0);
        assert_eq!(find("ok").status, FinishedStatus::Ok);
        assert_eq!(find("described").status, FinishedStatus::Error("alone it is an error".into()));
        assert_eq!(find("follower").links.len(), 1);
        assert_eq!(find("follower").links[0].ids.span_id, find("followed").ids.span_id);
    }
}

fn request(base: &Base) -> Context {
    let flags = TraceFlags::default().sampled(true);
    let ids = Ids { trace_id: base.ids.trace_id(), span_id: base.ids.span_id(), flags };
    Context::root(ids, Local::server(base.ids.request_id(), None))
}
