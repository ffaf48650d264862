//! `tracing` spans become spans: parents, fields, special fields, events, status, links.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use obs_core::context::{self, Context, Ids, Local, TraceFlags};
use obs_core::{Base, Clock, IdSource, RequestId, Resource, Timestamp};
use obs_trace::layer::TraceLayer;
use obs_trace::record::{Kind, Parent};
use obs_trace::sink::{FinishedEvent, FinishedSpan, FinishedStatus, Memory, Scalar};
use obs_trace::{Sampler, Tracer};
use tracing::{Level, debug, error, field, info, info_span, instrument, span};
use tracing_subscriber::layer::SubscriberExt;

const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

pub(crate) struct Setup {
    pub(crate) memory: Memory,
    pub(crate) base: Arc<Base>,
    pub(crate) dispatch: tracing::Dispatch,
}

pub(crate) fn setup(sampler: Sampler) -> Setup {
    let base = Base::with(Resource::new("orders"), Clock::manual(START), IdSource::seeded(5));
    let memory = Memory::new();
    let tracer = Tracer::builder(Arc::clone(&base)).sampler(sampler).sink(memory.clone()).build();
    let subscriber = tracing_subscriber::registry().with(TraceLayer::new(&tracer));
    Setup { memory, base, dispatch: tracing::Dispatch::new(subscriber) }
}

/// A request's context, as a middleware would make it.
pub(crate) fn request(base: &Base, sampled: bool) -> Context {
    let flags = TraceFlags::default().sampled(sampled);
    let ids = Ids { trace_id: base.ids.trace_id(), span_id: base.ids.span_id(), flags };
    Context::root(ids, Local::server(RequestId::parse("ORD-1").unwrap(), None))
}

/// Runs `work` under a layer that records everything and returns what it recorded, in the order the spans closed.
fn record(work: impl FnOnce(&Setup)) -> Vec<FinishedSpan> {
    let setup = setup(Sampler::always_on());
    tracing::dispatcher::with_default(&setup.dispatch, || work(&setup));
    assert!(context::current().is_none(), "nothing is left in the scope");
    setup.memory.take()
}

fn text(key: &str, value: &str) -> (String, Scalar) {
    (key.to_owned(), Scalar::Str(value.to_owned()))
}

#[test]
fn a_span_is_exported_whole() {
    let spans = record(|setup| {
        let span = info_span!("charge", amount = 12u64, currency = "CNY", ok = field::Empty, ratio = 0.5);
        setup.base.clock.advance(Duration::from_millis(3));
        span.record("ok", true);
        span.in_scope(|| {
            setup.base.clock.advance(Duration::from_millis(1));
            info!(attempt = 1i64, "asked the bank");
        });
        setup.base.clock.advance(Duration::from_millis(4));
    });
    let ids = IdSource::seeded(5);
    let (trace_id, span_id) = (ids.trace_id(), ids.span_id());
    let expected = FinishedSpan {
        ids: Ids { trace_id, span_id, flags: TraceFlags::from_byte(3) },
        parent: None,
        trace_state: None,
        name: "charge".to_owned(),
        kind: Kind::Internal,
        start: START,
        duration: Duration::from_millis(8),
        attributes: vec![
            text("code.namespace", "it::layer"),
            text("level", "INFO"),
            ("amount".to_owned(), Scalar::U64(12)),
            text("currency", "CNY"),
            ("ratio".to_owned(), Scalar::F64(0.5)),
            ("ok".to_owned(), Scalar::Bool(true)),
        ],
        dropped_attributes: 0,
        events: vec![FinishedEvent {
            name: "asked the bank".to_owned(),
            time: START.after(Duration::from_millis(4)),
            attributes: vec![
                text("level", "INFO"),
                text("target", "it::layer"),
                ("attempt".to_owned(), Scalar::I64(1)),
            ],
            dropped_attributes: 0,
        }],
        dropped_events: 0,
        links: vec![],
        dropped_links: 0,
        status: FinishedStatus::Unset,
    };
    assert_eq!(spans, [expected]);
}

#[test]
fn children_follow_the_scope_an_explicit_parent_or_none() {
    let spans = record(|setup| {
        let request = request(&setup.base, true);
        let poll = context::enter_poll(&request);
        let outer = info_span!("outer").entered();
        let elsewhere = info_span!(parent: &outer, "explicit");
        drop(info_span!("contextual"));
        drop(info_span!(parent: None, "root"));
        drop(outer);
        drop(info_span!("after"));
        drop(elsewhere);
        drop(poll);
        drop(info_span!("alone"));
    });
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (outer, after) = (find("outer"), find("after"));
    for name in ["explicit", "contextual"] {
        assert_eq!(find(name).parent, Some(Parent { span_id: outer.ids.span_id, remote: false }), "{name}");
        assert_eq!(find(name).ids.trace_id, outer.ids.trace_id);
    }
    assert_eq!(after.parent, outer.parent, "both are children of the request");
    assert_eq!(after.ids.trace_id, outer.ids.trace_id);
    for name in ["root", "alone"] {
        assert_eq!(find(name).parent, None, "{name}");
        assert_ne!(find(name).ids.trace_id, outer.ids.trace_id);
    }
}

#[test]
fn user_spans_carry_the_requests_id_and_local_root() {
    record(|setup| {
        let request = request(&setup.base, true);
        let _poll = context::enter_poll(&request);
        info_span!("inner").in_scope(|| {
            let current = context::current().unwrap();
            assert_eq!(current.request_id().unwrap().as_str(), "ORD-1");
            assert_eq!(current.trace_id(), request.trace_id());
            assert_ne!(current.span_id(), request.span_id());
        });
    });
}

#[instrument(fields(user = 7u64), err)]
fn fails(reason: &str) -> Result<(), String> {
    debug!("about to fail");
    Err(format!("no {reason}"))
}

#[test]
fn instrument_with_err_makes_an_error_with_its_text() {
    let spans = record(|_| {
        let _ = fails("money");
    });
    let span = &spans[0];
    assert_eq!((span.name.as_str(), &span.status), ("fails", &FinishedStatus::Error("no money".into())));
    assert_eq!(span.attribute("reason"), Some(&Scalar::Str("money".into())));
    assert_eq!(span.attribute("user"), Some(&Scalar::U64(7)));
    let names: Vec<_> = span.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names[0], "about to fail");
    assert_eq!(names.len(), 2);
}

#[test]
fn special_fields_set_the_span_at_any_time() {
    let spans = record(|_| {
        let span = info_span!(
            "generic",
            otel.name = "GET cache",
            otel.kind = "Client",
            otel.status_code = field::Empty,
            otel.status_description = field::Empty
        );
        span.in_scope(|| ());
        span.record("otel.name", "GET cache/7");
        span.record("otel.status_code", "ERROR");
        span.record("otel.status_description", "gone");
    });
    let span = &spans[0];
    assert_eq!((span.name.as_str(), span.kind), ("GET cache/7", Kind::Client));
    assert_eq!(span.status, FinishedStatus::Error("gone".into()));
    assert!(span.attributes.iter().all(|(key, _)| !key.starts_with("otel.")), "{:?}", span.attributes);
}

#[test]
fn an_error_event_marks_the_span_unless_it_was_declared_otherwise() {
    let status = |work: fn()| record(|_| work()).remove(0).status;
    assert_eq!(
        status(|| info_span!("a").in_scope(|| error!(error = "disk", "write failed"))),
        FinishedStatus::Error("disk".into())
    );
    assert_eq!(
        status(|| info_span!("a").in_scope(|| error!("write failed"))),
        FinishedStatus::Error("write failed".into())
    );
    assert_eq!(status(|| info_span!("a").in_scope(|| info!(error = "disk"))), FinishedStatus::Unset);
    assert_eq!(
        status(|| info_span!("a", otel.status_code = "ok").in_scope(|| error!("handled"))),
        FinishedStatus::Ok
    );
    assert_eq!(
        status(|| info_span!("a", otel.kind = "nonsense", otel.status_code = "nonsense").in_scope(|| ())),
        FinishedStatus::Unset
    );
}

#[test]
fn events_go_to_the_innermost_span_or_the_one_named() {
    let spans = record(|_| {
        let outer = info_span!("outer");
        let inner = info_span!(parent: &outer, "inner");
        inner.in_scope(|| {
            info!("contextual");
            info!(parent: &outer, "named");
            info!(parent: None, "nowhere");
        });
        info!("nowhere either");
    });
    let names = |name: &str| -> Vec<String> {
        let span = spans.iter().find(|span| span.name == name).unwrap();
        span.events.iter().map(|event| event.name.clone()).collect()
    };
    assert_eq!(names("inner"), ["contextual"]);
    assert_eq!(names("outer"), ["named"]);
}

#[test]
fn events_are_bounded_and_the_rest_is_counted() {
    let spans = record(|_| {
        info_span!("busy").in_scope(|| (0..200).for_each(|n| info!(n, "tick")));
        info_span!("calm").in_scope(|| info!("one"));
    });
    assert_eq!((spans[0].events.len(), spans[0].dropped_events), (128, 72));
    let late = record(|_| {
        info_span!("busy").in_scope(|| {
            (0..128).for_each(|n| info!(n, "tick"));
            error!("too late to be kept");
        });
    });
    assert_eq!(late[0].status, FinishedStatus::Error("too late to be kept".into()));
    assert_eq!((late[0].events.len(), late[0].dropped_events), (128, 1));
    assert_eq!((spans[1].events.len(), spans[1].dropped_events), (1, 0), "nothing is left of the first");
}

#[test]
fn an_event_without_a_message_has_its_callsites_name_and_secrets_are_hidden() {
    let spans = record(|_| {
        let span = info_span!("login", password = "hunter2", user.token = "hunter2");
        span.in_scope(|| info!(api_key = "hunter2", n = 1));
    });
    assert!(spans[0].events[0].name.starts_with("event "), "{}", spans[0].events[0].name);
    assert!(!format!("{spans:?}").contains("hunter2"), "{spans:?}");
}

#[test]
fn follows_from_is_a_link() {
    let spans = record(|_| {
        let (cause, effect) = (info_span!(parent: None, "cause"), info_span!(parent: None, "effect"));
        effect.follows_from(&cause);
    });
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(find("effect").links[0].ids, find("cause").ids);
    assert!(find("cause").links.is_empty());
}

#[test]
fn what_is_not_sampled_keeps_its_ids_and_runs_no_debug() {
    struct Bomb;
    impl fmt::Debug for Bomb {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("formatted")
        }
    }
    let setup = setup(Sampler::always_off());
    tracing::dispatcher::with_default(&setup.dispatch, || {
        let span = info_span!("root", bomb = ?Bomb, later = field::Empty);
        span.record("later", field::debug(Bomb));
        span.in_scope(|| {
            info!(bomb = ?Bomb);
            let ids = context::current_ids().unwrap();
            assert!(!ids.flags.is_sampled());
            info_span!("child").in_scope(|| {
                assert_eq!(context::current_ids().unwrap().trace_id, ids.trace_id);
            });
        });
        let request = request(&setup.base, true);
        let _poll = context::enter_poll(&request);
        drop(info_span!("of a sampled request"));
    });
    let names: Vec<_> = setup.memory.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["of a sampled request"], "children follow their trace, not the sampler");
}

#[test]
fn telemetrys_own_work_is_ignored() {
    let spans = record(|_| {
        let outer = info_span!("outer");
        let _outer = outer.enter();
        let silence = context::silence();
        span!(Level::INFO, "own").in_scope(|| {
            info!("own event");
            assert_eq!(context::current_ids().map(|ids| ids.flags.is_sampled()), Some(true));
        });
        drop(silence);
    });
    assert_eq!(spans.len(), 1);
    assert!(spans[0].events.is_empty());
}
