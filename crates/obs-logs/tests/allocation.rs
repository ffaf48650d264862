//! A line in steady state allocates nothing. In a process of its own, for its allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, Route, TraceFlags, enter_poll};
use obs_core::fields::Value;
use obs_core::keys::Metric;
use obs_core::meter::Meter;
use obs_core::observe::{End, Method, Observer, Request, Verdict};
use obs_core::{Base, Clock, IdSource, Outcome, RequestId, Resource};
use obs_logs::{AccessLog, Builder, Colours, Format, Logs, Match, Output, RateLimit, Sampling};
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts what each thread asks for.
struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its nature; this one only counts")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as for this function.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as for this function.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of the hundred calls of `work` that follow a hundred others.
fn allocations(mut work: impl FnMut(u64)) -> u64 {
    (0..100).for_each(&mut work);
    let before = ALLOCATIONS.get();
    (0..100).for_each(&mut work);
    ALLOCATIONS.get() - before
}

fn engine(format: Format) -> (Logs, obs_logs::LogsGuard) {
    let base = Base::with(Resource::new("orders"), Clock::system(), IdSource::random());
    Logs::builder(base).output(Output::discard().format(format)).build().unwrap()
}

const FORMATS: [Format; 5] =
    [Format::Json, Format::Logfmt, Format::Pretty(Colours::On), Format::Ecs, Format::Otlp];

fn line(turn: u64) {
    info!(
        method = "GET",
        path = "/users/42/orders",
        latency_us = turn,
        ratio = 0.75,
        cached = false,
        attempt = -1,
        reply = ?Some(turn),
        text = %turn,
        password = "x",
        region = "eu\n",
        "handled {turn}"
    );
}

fn context() -> Context {
    let ids = IdSource::random();
    let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    Context::root(ids, Local::server(RequestId::parse("ORD-1").unwrap(), None))
}

#[test]
fn events_allocate_nothing_alone_or_inside_spans() {
    for format in FORMATS {
        let (logs, _guard) = engine(format);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), || {
            let context = context();
            let _scope = enter_poll(&context);
            assert_eq!(allocations(line), 0, "{format:?}");
            let _a = info_span!("request", tenant = "acme", user = 7).entered();
            let _b = info_span!("handler", region = "x").entered();
            let _c = info_span!("query", table = "orders").entered();
            assert_eq!(allocations(line), 0, "{format:?}");
        });
    }
}

#[test]
fn neither_do_fields_of_the_request_or_all_formats_at_once() {
    let of = |format| Output::discard().format(format);
    let shaped = |format| {
        of(format).rename("level", "severity").drop_field("user").max_field_bytes(8).max_line_bytes(4_096)
    };
    let pretty = Format::Pretty(Colours::On);
    at_once([of(Format::Json), of(Format::Logfmt), of(pretty), of(Format::Ecs)]);
    at_once([of(Format::Otlp), shaped(Format::Json), shaped(Format::Logfmt), shaped(pretty)]);
}

fn at_once(outputs: [Output; 4]) {
    let base = Base::with(Resource::new("orders"), Clock::system(), IdSource::random());
    let (logs, _guard) = outputs.into_iter().fold(Logs::builder(base), Builder::output).build().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), || {
        let context = context();
        for key in ["user", "level", "tenant"] {
            context.local().set_field(key, Value::Str("a b"));
        }
        let _scope = enter_poll(&context);
        let _a = info_span!("request", tenant = "acme", user = 7, nan = f64::NAN).entered();
        assert_eq!(allocations(line), 0);
    });
}

#[test]
fn lines_that_are_left_out_or_routed_by_a_field_allocate_nothing() {
    let sampling = || Sampling::new().first(1).thereafter(0).tick(Duration::from_secs(3_600));
    let limited = Sampling::off().limit(RateLimit::new(1).tick(Duration::from_secs(3_600)));
    let by_field = [
        obs_logs::Route::new(Match::field("region", "us*"), ["other"]),
        obs_logs::Route::new(Match::field("latency_us", "*"), ["taken"]),
        obs_logs::Route::otherwise(["other"]),
    ];
    for (name, written, build) in [
        ("sampled", 1, Box::new(|builder: Builder| builder.sampling(sampling())) as Box<dyn FnOnce(_) -> _>),
        ("limited", 1, Box::new(|builder: Builder| builder.sampling(limited))),
        ("routed", 200, Box::new(|builder: Builder| builder.routes(by_field))),
    ] {
        let base = Base::with(Resource::new("orders"), Clock::system(), IdSource::random());
        let [taken, other] = ["taken", "other"].map(|name| Output::discard().named(name));
        let (logs, guard) = build(Logs::builder(base.clone()).output(taken).output(other)).build().unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), || {
            assert_eq!(allocations(|turn| info!(latency_us = turn, region = "eu", "again")), 0, "{name}");
        });
        let mut delivered = Delivered(0);
        base.sources.collect(&mut delivered);
        assert_eq!(delivered.0, written, "{name}: what was measured is not what it is called");
        drop(guard);
    }
}

/// Lines that the output `taken` has taken.
struct Delivered(u64);

impl Meter for Delivered {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        if metric.name == "obs_pipeline_delivered_total" && labels == ["logs_taken"] {
            self.0 += value;
        }
    }

    fn gauge(&mut self, _: &'static Metric, _: &[&str], _: f64) {}
}

#[test]
fn access_lines_allocate_nothing() {
    for format in FORMATS {
        let (logs, _guard) = engine(format);
        assert_eq!(access_lines(logs), 0, "{format:?}");
    }
    let base = Base::with(Resource::new("orders"), Clock::system(), IdSource::random());
    let failed = Match::all([Match::target("obs::access"), Match::field("status_code", "5*")]);
    let routes = [obs_logs::Route::new(failed, ["other"]), obs_logs::Route::otherwise(["taken"])];
    let [taken, other] = ["taken", "other"].map(|name| Output::discard().named(name));
    let (logs, _guard) = Logs::builder(base).output(taken).output(other).routes(routes).build().unwrap();
    assert_eq!(access_lines(logs), 0, "routed by a field");
}

fn access_lines(logs: Logs) -> u64 {
    let access = AccessLog::new(logs);
    let contexts: Vec<_> = (0..200).map(|_| context()).collect();
    let mut request = Request::new(Method::Get, "/users/42");
    request.peer = Some("[2001:db8::1]:80".parse().unwrap());
    request.user_agent = Some("curl/8");
    let mut end = End::new(Outcome::Success, Duration::from_micros(1_234));
    end.status = Some(200);
    let mut contexts = contexts.iter();
    allocations(|_| {
        let context = contexts.next().unwrap();
        context.local().set_route(Route::from_static("/users/{id}"));
        access.finish(context, &request, &end, Verdict::Keep);
    })
}

#[test]
fn the_count_sees_an_allocation() {
    assert_eq!(allocations(|turn| drop(std::hint::black_box(vec![turn]))), 100);
}
