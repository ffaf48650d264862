//! Contexts that are attached where nothing is open: those of spans begun elsewhere, and those of other processes.

use std::sync::Arc;
use std::thread;

use obs_core::context::{self, Context, Ids, Local, TraceFlags};
use obs_core::conventions::messaging::Destination;
use obs_core::fields::Value;
use obs_core::redact::REDACTED;
use obs_core::{SpanId, TraceId};
use obs_trace::opentelemetry::Provider;
use obs_trace::record::Parent;
use obs_trace::sampler::Choice;
use obs_trace::sink::{FinishedSpan, Memory, Scalar};
use obs_trace::{OperationSpans, Sampler, Tail, Tracer};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{Span as _, Status, TraceContextExt, Tracer as _, TracerProvider as _};
use opentelemetry::{Context as TheirContext, KeyValue};
use tracing::info_span;

use super::places::remote;
use super::setup;

fn find<'a>(spans: &'a [FinishedSpan], name: &str) -> &'a FinishedSpan {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name} of {spans:?}"))
}

/// The span of another process that `remote` makes.
const CALLER: Option<Parent> = match SpanId::new(9) {
    Some(span_id) => Some(Parent { span_id, remote: true }),
    None => None,
};

#[test]
fn a_job_that_was_begun_on_another_thread_is_the_same_job_here() {
    let setup = setup(Sampler::always_on());
    let theirs = setup.theirs.clone();
    let job = thread::spawn(move || theirs.start("job")).join().unwrap();
    let spans = setup.record(|| {
        let cx = TheirContext::new().with_span(job);
        let _attached = cx.clone().attach();
        context::with_current(|open| open.local().set_field("user", Value::Str("ada")));
        cx.span().end();
    });
    let user = find(&spans, "job").attributes.iter().any(|(key, _)| key == "user");
    assert!(user, "{spans:?}");
}

#[test]
fn a_job_that_is_attached_after_many_others_began_is_the_same_job_still() {
    let setup = setup(Sampler::always_on());
    let spans = setup.record(|| {
        let job = setup.theirs.start("job");
        let others: Vec<_> = (0..100).map(|_| setup.theirs.start("other")).collect();
        let cx = TheirContext::new().with_span(job);
        let attached = cx.clone().attach();
        context::with_current(|open| open.local().set_field("user", Value::Str("ada")));
        drop(attached);
        cx.span().end();
        drop(others);
    });
    assert!(find(&spans, "job").attributes.iter().any(|(key, _)| key == "user"), "{spans:?}");
}

#[test]
fn a_job_that_fails_keeps_what_waited_under_it_wherever_that_was_begun() {
    let memory = obs_trace::sink::Memory::new();
    let setup = setup(Sampler::always_on());
    let tracer = obs_trace::Tracer::builder(setup.base.clone())
        .sampler(Sampler::always_off())
        .tail(Tail::new().errors())
        .sink(memory.clone())
        .build();
    let theirs = obs_trace::opentelemetry::Provider::new(&tracer).tracer("a library");
    let job = theirs.start("job");
    thread::spawn(move || {
        let cx = TheirContext::new().with_span(job);
        let _attached = cx.clone().attach();
        drop(theirs.start("step"));
        cx.span().set_status(Status::error("no"));
        cx.span().end();
    })
    .join()
    .unwrap();
    let (job, step) = (memory.find("job").unwrap(), memory.find("step").unwrap());
    assert_eq!(step.parent_id(), Some(job.ids.span_id));
}

#[test]
fn a_request_under_debug_is_so_where_a_span_of_it_is_attached_elsewhere() {
    let setup = setup(Sampler::always_off());
    let ids = Ids {
        trace_id: TraceId::new(7).unwrap(),
        span_id: setup.base.ids.span_id(),
        flags: TraceFlags::default().debug(),
    };
    let request = Context::root(ids, Local::task());
    let span = {
        let _poll = context::enter_poll(&request);
        setup.theirs.start("a")
    };
    let _attached = TheirContext::new().with_span(span).attach();
    let open = context::current().unwrap();
    assert!(open.ids().flags.is_debug() && open.is_beside(&request));
    drop(setup.theirs.start("below"));
    assert!(setup.memory.find("below").unwrap().ids.flags.is_debug());
}

#[test]
fn a_span_inside_of_a_context_of_another_process_is_believed_as_a_callers_and_knows_it() {
    let sampler = || Sampler::ratio(0.0).unwrap().parent_based().caller_limit(1);
    let context =
        || remote(opentelemetry::TraceFlags::SAMPLED).with_baggage([KeyValue::new("tenant", "blue")]);
    let baggage = || {
        let tenant = |baggage: &obs_core::propagate::Baggage| {
            baggage.iter().any(|(key, value)| key == "tenant" && value == "blue")
        };
        context::with_current(|open| open.local().with_baggage(tenant)).flatten()
    };
    let by_tracing = |work: &dyn Fn()| info_span!("first").in_scope(work);
    for is_theirs in [true, false] {
        let setup = setup(sampler());
        let spans = setup.record(|| {
            let _attached = context().attach();
            assert_eq!(baggage(), Some(true));
            let work = || {
                info_span!("inside").in_scope(|| ());
                assert_eq!(baggage(), Some(true));
            };
            if is_theirs {
                setup.theirs.in_span("first", |_| work())
            } else {
                by_tracing(&work)
            }
            // Beyond the limit.
            if is_theirs { drop(setup.theirs.start("second")) } else { drop(info_span!("second")) }
        });
        assert_eq!(spans.len(), 2, "{spans:?}");
        let (first, inside) = (find(&spans, "first"), find(&spans, "inside"));
        assert_eq!((first.ids.trace_id.get(), first.parent), (7, CALLER));
        assert_eq!(first.trace_state.as_deref(), Some("vendor=x"));
        assert_eq!(inside.parent, Some(Parent { span_id: first.ids.span_id, remote: false }));
    }
}

#[test]
fn a_context_of_another_process_that_is_named_while_it_is_attached_is_so_too() {
    let setup = setup(Sampler::default());
    let spans = setup.record(|| {
        let cx = remote(opentelemetry::TraceFlags::SAMPLED);
        let _attached = cx.clone().attach();
        drop(setup.theirs.start_with_context("named", &cx));
        info_span!("outer").in_scope(|| drop(setup.theirs.start("inner")));
    });
    assert_eq!((find(&spans, "named").parent, find(&spans, "outer").parent), (CALLER, CALLER));
    assert_eq!(find(&spans, "inner").parent_id(), Some(find(&spans, "outer").ids.span_id));
}

#[test]
fn inside_of_a_request_of_the_same_trace_it_stays_the_request() {
    let setup = setup(Sampler::always_off());
    let flags = TraceFlags::default().sampled(true);
    let ids = Ids { trace_id: TraceId::new(7).unwrap(), span_id: SpanId::new(1).unwrap(), flags };
    let request = Context::root(ids, Local::task());
    let spans = setup.record(|| {
        let _poll = context::enter_poll(&request);
        let _attached = remote(opentelemetry::TraceFlags::SAMPLED).attach();
        assert!(context::current().is_some_and(|open| open.is_beside(&request)));
        drop(setup.theirs.start("handle"));
    });
    assert_eq!(find(&spans, "handle").parent_id(), CALLER.map(|parent| parent.span_id));
}

#[test]
fn what_a_sampler_does_under_spans_of_this_process_is_not_done_under_one_of_another() {
    let setup = setup(Sampler::always_on().parent_based().local_sampled(Choice::OFF));
    let spans = setup.record(|| {
        let span = setup.theirs.start_with_context("handle", &remote(opentelemetry::TraceFlags::SAMPLED));
        let cx = TheirContext::new().with_span(span);
        assert!(!setup.theirs.start_with_context("below", &cx).span_context().is_sampled());
    });
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((span.name.as_str(), span.parent), ("handle", CALLER));
}

#[test]
fn what_is_set_inside_of_a_context_of_another_process_is_judged_by_the_rules_of_the_observer() {
    let _setup = setup(Sampler::default());
    let _attached = remote(opentelemetry::TraceFlags::SAMPLED).attach();
    let open = context::current().unwrap();
    open.local().set_field("seat", Value::Str("12a"));
    let found = open.local().with_fields(|fields| fields.find("seat") == Some(Value::Str(REDACTED)));
    assert_eq!(found, Some(true));
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// Whether it is a part of nothing of this process, but of the span that `remote` makes.
fn is_behind_caller(span: &FinishedSpan) -> bool {
    span.parent == CALLER && span.ids.trace_id.get() == 7 && span.trace_state.as_deref() == Some("vendor=x")
}

#[test]
fn each_span_inside_of_a_context_of_another_process_is_kept_by_its_own_end() {
    let memory = Memory::new();
    let setup = setup(Sampler::always_on());
    let tracer = Tracer::builder(setup.base.clone())
        .sampler(Sampler::always_on().parent_based())
        .tail(Tail::new().errors())
        .sink(memory.clone())
        .build();
    let theirs = Provider::new(&tracer).tracer("a library");
    let _attached = remote(opentelemetry::TraceFlags::NOT_SAMPLED)
        .with_baggage([KeyValue::new("tenant", "blue")])
        .attach();
    for number in 0..4 {
        let span = theirs.start(format!("message {number}"));
        let cx = TheirContext::current_with_span(span);
        let _open = cx.clone().attach();
        context::with_current(|open| {
            open.local().set_field("number", Value::U64(number));
            open.local().with_baggage(|baggage| assert_eq!(baggage.iter().count(), 1)).unwrap();
        });
        drop(theirs.start("step"));
        if number % 2 == 1 {
            cx.span().set_status(Status::error("no"));
        }
        cx.span().end();
    }
    let spans = memory.take();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["step", "message 1", "step", "message 3"]);
    for (at, number) in [(1, 1), (3, 3)] {
        assert!(is_behind_caller(&spans[at]), "{spans:?}");
        assert_eq!(spans[at - 1].parent_id(), Some(spans[at].ids.span_id));
        assert_eq!(spans[at].attribute("number"), Some(&Scalar::U64(number)), "no field of another's");
    }
}

#[test]
fn work_inside_of_a_context_of_another_process_is_asked_of_the_sampler_each_time() {
    let memory = Memory::new();
    let setup = setup(Sampler::always_on());
    let tracer = Tracer::builder(setup.base.clone())
        .sampler(Sampler::ratio(0.0).unwrap().parent_based().caller_limit(2))
        .sink(memory.clone())
        .build();
    setup.base.operations.register(Arc::new(OperationSpans::new(&tracer)));
    let orders = Destination::new(Some(setup.base.clone()), "kafka", "orders");
    // Under a span of this process nobody is asked again.
    let publish = || async {
        orders.publish().run(async { Ok::<_, String>(()) }).await.unwrap();
    };
    let process = || wait(orders.process().run(publish()));
    {
        let _attached = remote(opentelemetry::TraceFlags::SAMPLED).attach();
        for _ in 0..4 {
            process();
        }
        // A decision that this process has not made is none of its own, either.
        let _unsampled = remote(opentelemetry::TraceFlags::NOT_SAMPLED).attach();
        process();
    }
    let spans = memory.take();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["publish orders", "process orders", "publish orders", "process orders"]);
    for pair in spans.chunks(2) {
        assert!(is_behind_caller(&pair[1]), "{spans:?}");
        assert_eq!(pair[0].parent, Some(Parent { span_id: pair[1].ids.span_id, remote: false }));
    }
}

#[test]
fn work_inside_of_a_context_of_another_process_is_kept_by_its_own_end() {
    let memory = Memory::new();
    let setup = setup(Sampler::always_on());
    let tracer = Tracer::builder(setup.base.clone())
        .sampler(Sampler::always_on().parent_based())
        .tail(Tail::new().errors())
        .sink(memory.clone())
        .build();
    setup.base.operations.register(Arc::new(OperationSpans::new(&tracer)));
    let orders = Destination::new(Some(setup.base.clone()), "kafka", "orders");
    let _attached = remote(opentelemetry::TraceFlags::NOT_SAMPLED).attach();
    for number in 0..4 {
        let work = async {
            orders.publish().run(async { Ok::<_, String>(()) }).await.unwrap();
            if number % 2 == 1 { Err("no") } else { Ok(()) }
        };
        assert_eq!(wait(orders.process().run(work)).is_err(), number % 2 == 1);
    }
    let spans = memory.take();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["publish orders", "process orders", "publish orders", "process orders"]);
    assert!(is_behind_caller(&spans[1]) && is_behind_caller(&spans[3]), "{spans:?}");
}
