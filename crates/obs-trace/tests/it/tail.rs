//! Traces that are kept by how they end: of requests, of spans without a parent and of operations.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use obs_core::context::{self, Context, Ids, Local, Route, TraceFlags};
use obs_core::fields::Value;
use obs_core::keys::metric;
use obs_core::meter::Meter;
use obs_core::observe::{
    End, Keep, Method, Observer, Operation, OperationEnd, OperationKind, Request, conclude,
};
use obs_core::{Base, Clock, IdSource, Outcome, RequestId, Resource, Timestamp};
use obs_trace::layer::TraceLayer;
use obs_trace::record::List;
use obs_trace::sink::{FinishedSpan, Memory, Scalar};
use obs_trace::span::{Given, Pointed};
use obs_trace::{Kind, OperationSpans, Sampler, ServerSpans, Tail, Tracer};
use tracing::{error, info_span};
use tracing_subscriber::layer::SubscriberExt;

const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

pub(crate) struct Setup {
    pub(crate) memory: Memory,
    pub(crate) base: Arc<Base>,
    pub(crate) tracer: Tracer,
    pub(crate) requests: ServerSpans,
}

pub(crate) fn setup(sampler: Sampler, tail: Tail) -> Setup {
    let base = Base::with(Resource::new("orders"), Clock::manual(START), IdSource::seeded(5));
    let memory = Memory::new();
    let tracer = Tracer::builder(Arc::clone(&base)).sampler(sampler).tail(tail).sink(memory.clone()).build();
    let requests = ServerSpans::new(&tracer);
    Setup { memory, base, tracer, requests }
}

/// The values of the metrics of this name, each with its labels.
pub(crate) fn numbers(base: &Base, name: &str) -> Vec<(String, f64)> {
    struct Told<'a>(&'a str, Vec<(String, f64)>);
    impl Meter for Told<'_> {
        fn counter(&mut self, metric: &'static obs_core::keys::Metric, labels: &[&str], value: u64) {
            self.gauge(metric, labels, value as f64);
        }
        fn gauge(&mut self, metric: &'static obs_core::keys::Metric, labels: &[&str], value: f64) {
            if metric.name == self.0 {
                self.1.push((labels.join(","), value));
            }
        }
    }
    let mut told = Told(name, Vec::new());
    base.sources.collect(&mut told);
    told.1
}

/// How many spans were let go for this reason.
pub(crate) fn dropped(setup: &Setup, reason: &str) -> f64 {
    let numbers = numbers(&setup.base, "obs_tail_spans_dropped_total");
    numbers.into_iter().find(|(label, _)| label == reason).unwrap().1
}

/// produced = kept + dropped, with nothing waiting.
#[track_caller]
pub(crate) fn settled(setup: &Setup) {
    let [waited, kept] =
        ["obs_tail_spans_total", "obs_tail_spans_kept_total"].map(|name| total(&setup.base, name));
    assert_eq!(waited, kept + total(&setup.base, "obs_tail_spans_dropped_total"));
    assert_eq!(total(&setup.base, "obs_tail_bytes"), 0.0);
}

pub(crate) fn total(base: &Base, name: &str) -> f64 {
    numbers(base, name).iter().map(|(_, value)| value).sum()
}

impl Setup {
    /// A request's context, as a middleware would make it.
    pub(crate) fn open(&self, sampled: bool) -> Context {
        let flags = TraceFlags::default().sampled(sampled);
        let ids = Ids { trace_id: self.base.ids.trace_id(), span_id: self.base.ids.span_id(), flags };
        let local = Local::server(RequestId::parse("ORD-1").unwrap(), None);
        let context = Context::root(ids, local);
        self.requests.start(&context, &Request::new(Method::Get, "/a"));
        context
    }

    pub(crate) fn close(&self, context: &Context, outcome: Outcome, duration: Duration) {
        self.close_with(&self.requests, context, outcome, duration);
    }

    fn close_with(&self, observers: &impl Observer, context: &Context, outcome: Outcome, duration: Duration) {
        let request = Request::new(Method::Get, "/a");
        conclude(observers, context, &request, &End::new(outcome, duration));
    }

    /// A span under `parent` that begins and ends.
    pub(crate) fn child(&self, parent: &Context, name: &'static str) {
        let mut span = self.tracer.start(Some(parent), name, Kind::Internal);
        span.set("step", Value::U64(7));
        self.tracer.end(span);
    }

    /// How a request of one child ended up: the names of its spans and why they were kept.
    fn request(&self, outcome: Outcome, duration: Duration) -> (Vec<String>, Option<String>) {
        let context = self.open(false);
        self.child(&context, "child");
        self.close(&context, outcome, duration);
        self.taken()
    }

    fn taken(&self) -> (Vec<String>, Option<String>) {
        let spans = self.memory.take();
        let kept = spans.last().map(|root| text(root, "obs.kept"));
        (spans.into_iter().map(|span| span.name).collect(), kept)
    }
}

fn text(span: &FinishedSpan, key: &str) -> String {
    match span.attribute(key) {
        Some(Scalar::Str(text)) => text.clone(),
        other => panic!("{key} is {other:?} in {span:?}"),
    }
}

fn kept(reason: &str) -> (Vec<String>, Option<String>) {
    (vec![String::from("child"), String::from("GET")], Some(reason.to_owned()))
}

const NOTHING: (Vec<String>, Option<String>) = (Vec::new(), None);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn a_request_is_kept_whole_by_how_it_ends() {
    use Outcome::{Cancelled, ClientError, Panicked, ServerError, Success, TimedOut};
    let errors = setup(Sampler::always_off(), Tail::new().errors());
    for (outcome, expected) in [
        (Success, NOTHING),
        (ClientError, NOTHING),
        (Cancelled, NOTHING),
        (ServerError, kept("error")),
        (Panicked, kept("panic")),
        (TimedOut, kept("timeout")),
    ] {
        assert_eq!(errors.request(outcome, SHORT), expected, "{outcome:?}");
    }
    let slow = setup(Sampler::always_off(), Tail::new().slow(Duration::from_secs(1)));
    assert_eq!(slow.request(ServerError, Duration::from_millis(999)), NOTHING);
    assert_eq!(slow.request(Success, Duration::from_secs(1)), kept("slow"));
    let reasons = numbers(&errors.base, "obs_tail_roots_kept_total");
    let reasons: Vec<_> = reasons.iter().filter(|(_, count)| *count > 0.0).collect();
    assert_eq!(
        reasons,
        [&(String::from("error"), 1.0), &(String::from("panic"), 1.0), &(String::from("timeout"), 1.0)]
    );
    assert_eq!(total(&errors.base, "obs_tail_roots_dropped_total"), 3.0);
    assert_eq!(total(&errors.base, "obs_tail_bytes"), 0.0);
}

#[test]
fn what_waited_is_what_it_would_have_been() {
    let run = |sampled, tail| {
        let setup = setup(Sampler::always_off(), tail);
        let context = setup.open(sampled);
        let mut span = setup.tracer.start(Some(&context), "charge", Kind::Client);
        setup.base.clock.advance(Duration::from_millis(3));
        span.set("amount", Value::I64(-12));
        span.set("card", Value::Str("visa"));
        span.link_with(context.ids(), &[("why", Value::Bool(true))]);
        setup.tracer.end(span);
        setup.close(&context, Outcome::ServerError, SHORT);
        setup.memory.take()
    };
    let (at_once, waited) = (run(true, Tail::new()), run(false, Tail::new().errors()));
    let unflagged = |span: &FinishedSpan| {
        let mut span = span.clone();
        span.ids.flags = span.ids.flags.sampled(true);
        span.links.iter_mut().for_each(|link| link.ids.flags = link.ids.flags.sampled(true));
        span.attributes.retain(|(key, _)| !key.starts_with("obs.sampled") && key != "obs.kept");
        span
    };
    assert_eq!(waited.iter().map(unflagged).collect::<Vec<_>>(), at_once);
    assert!(waited.iter().all(|span| !span.ids.flags.is_sampled()), "the head's decision stays what it was");
    assert_eq!(waited[1].attribute("obs.sampled.head"), Some(&Scalar::Bool(false)));
}

#[test]
fn what_the_head_decides_leaves_at_once_and_whole() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    let context = setup.open(true);
    setup.child(&context, "child");
    assert_eq!(setup.memory.spans().len(), 1, "it waits for nothing");
    setup.close(&context, Outcome::Success, SHORT);
    let root = setup.memory.find("GET").unwrap();
    assert_eq!(
        (text(&root, "obs.kept"), root.attribute("obs.sampled.head")),
        ("head".into(), Some(&Scalar::Bool(true)))
    );
    assert_eq!(total(&setup.base, "obs_tail_spans_total"), 0.0);
}

#[test]
fn without_a_tail_nothing_waits_and_nothing_is_said_of_it() {
    let setup = setup(Sampler::always_off(), Tail::new().trace_bytes(1));
    let (unsampled, sampled) = (setup.open(false), setup.open(true));
    assert!(!unsampled.is_recording() && sampled.is_recording());
    let span = setup.tracer.start(Some(&unsampled), "child", Kind::Internal);
    assert!(!span.is_recording());
    setup.tracer.end(span);
    setup.close(&unsampled, Outcome::ServerError, SHORT);
    setup.close(&sampled, Outcome::ServerError, SHORT);
    let [root] = &setup.memory.take()[..] else { panic!() };
    assert!(root.attribute("obs.kept").is_none() && root.attribute("obs.sampled.head").is_none());
    assert!(numbers(&setup.base, "obs_tail_spans_total").is_empty(), "no family without use");
}

#[test]
fn the_99th_percentile_of_a_route_is_what_is_slow_there() {
    let setup = setup(Sampler::always_off(), Tail::new().slow_p99());
    let request = |route, millis| {
        let context = setup.open(false);
        context.local().set_route(Route::from_static(route));
        setup.child(&context, "child");
        setup.close(&context, Outcome::Success, Duration::from_millis(millis));
        setup.memory.take().len()
    };
    let usual: usize = (0..500).map(|_| request("/fast", 10) + request("/slow", 1_000)).sum();
    assert_eq!(usual, 0);
    assert_eq!((request("/fast", 1_000), request("/slow", 1_000)), (2, 0), "each route by its own measure");
    assert_eq!(request("/new", 60_000), 0, "nothing is unusual on a route that nobody knows");
}

#[test]
fn requests_that_the_head_records_count_for_what_is_usual() {
    let setup = setup(Sampler::always_off(), Tail::new().slow_p99());
    for _ in 0..500 {
        setup.close(&setup.open(true), Outcome::Success, Duration::from_millis(10));
    }
    setup.memory.take();
    assert_eq!(setup.request(Outcome::Success, Duration::from_secs(1)), kept("slow"));
    assert_eq!(
        setup.request(Outcome::Cancelled, Duration::from_secs(1)),
        NOTHING,
        "a client's patience is no measure"
    );
}

#[test]
fn a_share_of_the_rest_is_kept_and_is_another_than_the_heads() {
    let setup = setup(Sampler::always_off(), Tail::new().ratio(0.25).unwrap());
    let head = Sampler::ratio(0.5).unwrap();
    let (mut kept, mut rest) = (0, 0);
    for _ in 0..4_000 {
        let context = setup.open(false);
        let candidate = obs_core::observe::Candidate::new(context.trace_id(), None);
        if !head.decide(&candidate, &setup.base.clock) {
            rest += 1;
            setup.close(&context, Outcome::Success, SHORT);
            kept += setup.memory.take().len();
        }
    }
    let share = kept as f64 / f64::from(rest);
    assert!((0.22..0.28).contains(&share), "{share}");
}

/// Wants every request kept, as a flight recorder that has lines to write.
struct Wants;

impl Observer for Wants {
    fn judge(&self, _: &Context, _: &End<'_>) -> Keep {
        Keep::Keep
    }
}

#[test]
fn what_another_signal_wants_kept_is_kept_whole() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    let run = |outcome| {
        let context = setup.open(false);
        setup.child(&context, "child");
        setup.close_with(&(&setup.requests, Wants), &context, outcome, SHORT);
        setup.taken()
    };
    assert_eq!(run(Outcome::Success), kept("asked"));
    assert_eq!(run(Outcome::ServerError), kept("error"), "its own reason where it has one");
}

#[test]
fn spans_that_end_after_their_root_follow_its_verdict() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    for (outcome, expected) in
        [(Outcome::ServerError, vec!["GET", "late", "later"]), (Outcome::Success, vec![])]
    {
        let context = setup.open(false);
        let late = setup.tracer.start(Some(&context), "late", Kind::Internal);
        setup.close(&context, outcome, SHORT);
        setup.tracer.end(late);
        setup.child(&context, "later");
        let names: Vec<_> = setup.memory.take().into_iter().map(|span| span.name).collect();
        assert_eq!(names, expected);
    }
    // One that began after the verdict was never recorded.
    assert_eq!(numbers(&setup.base, "obs_tail_spans_dropped_total")[0], (String::from("verdict"), 1.0));
}

#[test]
fn spans_without_a_parent_are_judged_at_their_own_end() {
    let setup = setup(Sampler::always_off(), Tail::new().errors().slow(Duration::from_secs(5)));
    let subscriber = tracing_subscriber::registry().with(TraceLayer::new(&setup.tracer));
    let job = |fails, seconds| {
        info_span!("job").in_scope(|| {
            info_span!("step").in_scope(|| info_span!("detail").in_scope(|| ()));
            setup.base.clock.advance(Duration::from_secs(seconds));
            if fails {
                error!("the disk is full");
            }
        });
        let spans = setup.memory.take();
        let reason = spans.last().map(|root| text(root, "obs.kept"));
        (spans.into_iter().map(|span| span.name).collect::<Vec<_>>(), reason)
    };
    let all = || ["detail", "step", "job"].map(String::from).to_vec();
    tracing::subscriber::with_default(subscriber, || {
        assert_eq!(job(false, 0), (vec![], None));
        assert_eq!(job(true, 0), (all(), Some("error".into())));
        assert_eq!(job(false, 5), (all(), Some("slow".into())));
        let panicked = std::panic::catch_unwind(|| info_span!("job").in_scope(|| panic!("no")));
        assert!(panicked.is_err());
        assert_eq!(setup.taken(), (vec![String::from("job")], Some("panic".into())));
    });
}

#[test]
fn operations_wait_and_those_that_are_roots_are_judged() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    setup.base.operations.register(Arc::new(OperationSpans::new(&setup.tracer)));
    let call = |outcome, fault| {
        let (context, parent) = setup.base.open_operation();
        assert!(context.is_recording() && !context.is_sampled());
        let scope = context::enter_poll(&context);
        info_child(&setup, &context);
        drop(scope);
        let mut call =
            Operation::new(OperationKind::Client, "POST", &metric::HTTP_CLIENT, &["a", "b", "POST"]);
        let attributes = [("server.port", Value::I64(80))];
        (call.parent, call.attributes) = (parent, &attributes);
        let mut end = OperationEnd::new(outcome, SHORT);
        end.fault = fault;
        setup.base.operations.finish(&context, &call, &end);
    };
    call(Outcome::Success, None);
    assert_eq!(setup.taken(), NOTHING);
    for (outcome, reason) in [
        (Outcome::ServerError, "error"),
        (Outcome::TimedOut, "timeout"),
        (Outcome::Panicked, "panic"),
        (Outcome::ClientError, "error"),
    ] {
        call(outcome, (outcome != Outcome::ClientError).then_some("any"));
        let spans = setup.memory.take();
        assert_eq!(spans.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["resolve", "POST"]);
        assert_eq!(spans[0].parent_id(), Some(spans[1].ids.span_id));
        assert_eq!(
            (text(&spans[1], "obs.kept").as_str(), spans[1].attribute("server.port")),
            (reason, Some(&Scalar::I64(80)))
        );
    }
    // Within a request it waits for that one's end.
    let request = setup.open(false);
    let scope = context::enter_poll(&request);
    call(Outcome::ServerError, Some("any"));
    drop(scope);
    assert!(setup.memory.spans().is_empty());
    setup.close(&request, Outcome::ServerError, SHORT);
    let names: BTreeSet<_> = setup.memory.take().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["GET", "POST", "resolve"].map(String::from).into());
}

fn info_child(setup: &Setup, parent: &Context) {
    setup.tracer.end(setup.tracer.start(Some(parent), "resolve", Kind::Internal));
}

#[test]
fn settings_change_while_roots_begin_and_end() {
    let setup = setup(Sampler::always_off(), Tail::new());
    assert_eq!(setup.request(Outcome::ServerError, SHORT), NOTHING);
    setup.tracer.set_tail(&Tail::new().errors());
    assert_eq!(setup.request(Outcome::ServerError, SHORT), kept("error"));
    let begun = setup.open(false);
    setup.child(&begun, "child");
    setup.tracer.set_tail(&Tail::new().slow(Duration::from_secs(1)));
    setup.close(&begun, Outcome::Success, Duration::from_secs(2));
    assert_eq!(setup.taken(), kept("slow"), "it counts for roots that end from now on");
    let begun = setup.open(false);
    setup.child(&begun, "child");
    setup.tracer.set_tail(&Tail::new());
    setup.close(&begun, Outcome::ServerError, Duration::from_secs(2));
    assert_eq!(setup.taken(), NOTHING, "nothing is kept by its end any more");
    assert_eq!(total(&setup.base, "obs_tail_bytes"), 0.0);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let work = || {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let context = setup.open(false);
                setup.child(&context, "child");
                setup.close(&context, Outcome::ServerError, SHORT);
            }
        };
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for round in 0..500 {
            let tail = if round % 2 == 0 { Tail::new().errors().trace_bytes(round) } else { Tail::new() };
            setup.tracer.set_tail(&tail);
            std::thread::yield_now();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
    let [waited, kept, dropped] =
        ["obs_tail_spans_total", "obs_tail_spans_kept_total", "obs_tail_spans_dropped_total"]
            .map(|name| total(&setup.base, name));
    assert_eq!(waited, kept + dropped);
    assert_eq!(total(&setup.base, "obs_tail_bytes"), 0.0);
}

#[test]
fn an_operation_of_one_installation_under_a_root_of_another_waits_for_nobody_and_is_not_exported() {
    let (one, other) =
        (setup(Sampler::always_off(), Tail::new().errors()), setup(Sampler::always_on(), Tail::new()));
    other.base.operations.register(Arc::new(OperationSpans::new(&other.tracer)));
    let request = one.open(false);
    let scope = context::enter_poll(&request);
    let (context, parent) = other.base.open_operation();
    assert!(context.is_recording() && !context.is_sampled(), "the first holds what is below its root");
    drop(scope);
    let mut call = Operation::new(OperationKind::Client, "POST", &metric::HTTP_CLIENT, &["a", "b", "POST"]);
    call.parent = parent;
    other.base.operations.finish(&context, &call, &OperationEnd::new(Outcome::Success, SHORT));
    assert!(other.memory.spans().is_empty());
    one.close(&request, Outcome::Success, SHORT);
    assert_eq!((one.taken(), other.taken()), (NOTHING, NOTHING));
}

#[test]
fn what_is_shown_as_an_error_is_kept_as_one() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    let subscriber = tracing_subscriber::registry().with(TraceLayer::new(&setup.tracer));
    tracing::subscriber::with_default(subscriber, || {
        let job = |code: &'static str| {
            info_span!("job", otel.status_code = code).in_scope(|| error!("no disk"));
            setup.taken().1
        };
        assert_eq!(job("unset"), Some("error".into()), "which changes nothing");
        assert_eq!(job("error"), Some("error".into()));
        assert_eq!(job("ok"), None);
    });
}

#[test]
fn a_root_whose_times_are_said_is_judged_by_them() {
    let setup = setup(Sampler::always_off(), Tail::new().slow(Duration::from_secs(1)));
    let job = |begin: u64, end: u64| {
        let mut span = setup.tracer.start(None, "job", Kind::Internal);
        span.begin_at(Timestamp::from_unix_nanos(begin));
        span.end_at(Timestamp::from_unix_nanos(end));
        setup.base.clock.advance(Duration::from_millis(600));
        setup.tracer.end(span);
        setup.taken().1
    };
    assert_eq!(job(1_000_000_000, 2_000_000_000), Some("slow".into()));
    assert_eq!(job(1_000_000_000, 1_999_999_999), None);
}

#[test]
fn what_has_waited_has_its_attributes_of_several_values() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    let lists = [
        ("texts", List::Str(vec!["a".into(), String::new(), "[b]".into()])),
        ("wholes", List::I64(vec![1, -2, i64::MAX])),
        ("floats", List::F64(vec![0.25, -0.0])),
        ("flags", List::Bool(vec![true, false])),
        ("none", List::Str(vec![])),
    ];
    let given =
        || lists.iter().map(|(key, list)| (std::borrow::Cow::Borrowed(*key), Given::Several(list.clone())));
    let request = setup.open(false);
    let mut span = setup.tracer.start(Some(&request), "child", Kind::Internal);
    given().for_each(|(key, list)| span.give(key, list));
    span.set("one", Value::I64(1));
    span.add_event("event", START, given());
    let pointed = Pointed { ids: request.ids(), remote: true, trace_state: None };
    span.point_at(pointed, given());
    setup.tracer.end(span);
    setup.close(&request, Outcome::ServerError, SHORT);
    let span = setup.memory.find("child").unwrap();
    let expected: Vec<_> = lists
        .iter()
        .map(|(key, list)| (String::from(*key), Scalar::List(list.iter().map(Scalar::from).collect())))
        .collect();
    assert_eq!(span.attributes[0], ("one".to_owned(), Scalar::I64(1)));
    assert_eq!(span.attributes[1..], expected);
    assert_eq!((&span.events[0].attributes, &span.links[0].attributes), (&expected, &expected));
}
