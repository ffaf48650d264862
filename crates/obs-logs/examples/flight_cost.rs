//! What the flight recorder costs: `flight_cost <what> <times>`, to be run in release, by itself or under callgrind.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::fields::{Fields, Value};
use obs_core::observe::{End, Method, Request, conclude};
use obs_core::{Base, IdSource, Outcome, RequestId, Resource};
use obs_logs::{AccessLog, FlightRecorder, Logs, Output, SpanFragments};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Metadata, Subscriber};

macro_rules! ten {
    ($level:ident, $n:expr) => {
        tracing::$level!(
            method = "GET",
            path = "/users/42/orders",
            status = 200,
            latency_us = $n,
            ratio = 0.75,
            cached = false,
            attempt = 3,
            user = "ada",
            region = "eu-west-1",
            "handled"
        )
    };
}

/// The least a subscriber can be: no spans of its own, but those it is given stand around each event.
struct Least {
    logs: Logs,
    spans: Mutex<Vec<(Fields, SpanFragments)>>,
}

impl Subscriber for Least {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logs.enabled(metadata)
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        self.logs.event(event, |to| {
            let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
            spans.iter_mut().for_each(|(fields, fragments)| to.add(fields, fragments));
        });
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "held".into());
    let times: u64 = arguments.next().and_then(|times| times.parse().ok()).unwrap_or(1_000_000);
    let builder = Logs::builder(Base::new(Resource::new("orders"))).output(Output::discard());
    let builder = if what.ends_with("off") { builder } else { builder.recorder(FlightRecorder::new()) };
    let Ok((logs, _guard)) = builder.build() else { return };
    let access = AccessLog::new(logs.clone());
    let ids = IdSource::random();
    let Ok(request_id) = RequestId::parse("ORD-2024-98765") else { return };
    let begin = || {
        let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
        Context::root(ids, Local::server(request_id, None))
    };
    let end = |context: &Context| {
        let end = End::new(Outcome::Success, Duration::from_millis(1));
        conclude(&access, context, &Request::new(Method::Get, "/a"), &end);
    };
    let mut spans = Vec::new();
    if what.starts_with("spans") {
        for (key, value) in
            [("tenant", Value::Str("acme")), ("table", Value::Str("orders")), ("user", Value::U64(7))]
        {
            let mut fields = Fields::new();
            fields.set(key, value);
            spans.push((fields, SpanFragments::new()));
        }
    }
    let least = Least { logs: logs.clone(), spans: Mutex::new(spans) };
    let _subscriber = tracing::subscriber::set_default(least);
    let lines = |count: u64| {
        let context = begin();
        let scope = enter_poll(&context);
        match &*what {
            "written" | "written_off" => (0..count).for_each(|n| ten!(info, black_box(n))),
            _ => (0..count).for_each(|n| ten!(debug, black_box(n))),
        }
        drop(scope);
        end(&context);
    };
    let batch = match what.strip_prefix("request") {
        Some(lines) => {
            lines.trim_matches('_').trim_end_matches("off").trim_matches('_').parse().unwrap_or(20)
        }
        None => 1_000,
    };
    let mut best = f64::MAX;
    let batches = times / batch.max(1);
    lines(batch);
    for _ in 0..50 {
        let begun = Instant::now();
        (0..batches / 50).for_each(|_| lines(batch));
        let taken = begun.elapsed().as_nanos() as f64 / (batches / 50) as f64;
        best = best.min(taken);
    }
    println!("{what}: {best:.0} ns a request of {batch} lines, {:.1} ns a line", best / batch.max(1) as f64);
}
