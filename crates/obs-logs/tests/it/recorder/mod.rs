//! The flight recorder: held lines of failed requests, in place and whole, and of no others.

mod caps;
mod ends;
mod failures;
mod lines;
mod routed;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::keys::Metric;
use obs_core::meter::Meter;
use obs_core::observe::{End, Method, Request, Verdict, conclude};
use obs_core::{IdSource, Outcome, RequestId};
use obs_logs::{AccessLog, Builder, FlightRecorder};
use serde_json::Value;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{Bench, parse};

/// An engine at `info` with a recorder, and the requests it sees.
struct Flights {
    bench: Bench,
    access: AccessLog,
    ids: IdSource,
    base: std::sync::Arc<obs_core::Base>,
    /// Whether the head of traces is sampled.
    sampled: bool,
}

impl Flights {
    fn new(recorder: FlightRecorder) -> Self {
        Self::with(recorder, |builder| builder)
    }

    fn with(recorder: FlightRecorder, more: impl FnOnce(Builder) -> Builder) -> Self {
        let bench = Bench::with("info", |builder| more(builder.recorder(recorder)));
        let access = AccessLog::new(bench.logs.clone());
        let base = bench.logs.base().clone();
        Self { bench, access, ids: IdSource::seeded(3), base, sampled: false }
    }

    /// A request of this id that has begun.
    fn begin(&self, id: &str) -> Context {
        let flags = TraceFlags::default().sampled(self.sampled);
        let ids = Ids { trace_id: self.ids.trace_id(), span_id: self.ids.span_id(), flags };
        Context::root(ids, Local::server(RequestId::parse(id).unwrap(), None))
    }

    fn end(&self, context: &Context, outcome: Outcome, duration: Duration) -> Verdict {
        conclude(&self.access, context, &Request::new(Method::Get, "/a"), &End::new(outcome, duration))
    }

    /// One whole request.
    fn request(&self, id: &str, outcome: Outcome, work: impl FnOnce()) -> Verdict {
        let context = self.begin(id);
        {
            let _scope = enter_poll(&context);
            work();
        }
        self.end(&context, outcome, Duration::from_millis(1))
    }

    /// Runs `work` under a registry with the layer, and returns the lines it made, each read as JSON.
    fn run(&self, work: impl FnOnce()) -> Vec<HashMap<String, Value>> {
        with_default(registry().with(self.bench.logs.layer()), work);
        self.lines()
    }

    fn lines(&self) -> Vec<HashMap<String, Value>> {
        self.bench.memory.take().iter().map(|line| parse(line).into_iter().collect()).collect()
    }

    /// What a scrape says, by name and label.
    fn number(&self, name: &str, label: &str) -> f64 {
        let numbers = Numbers::default();
        self.base.sources.collect(&mut &numbers);
        let found = numbers.0.lock().unwrap().get(&(name.to_owned(), label.to_owned())).copied();
        found.unwrap_or_else(|| panic!("no {name} {label}"))
    }
}

#[derive(Default)]
struct Numbers(Mutex<HashMap<(String, String), f64>>);

impl Meter for &Numbers {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.gauge(metric, labels, value as f64);
    }

    fn gauge(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.0.lock().unwrap().insert((metric.name.to_owned(), labels.join(",")), value);
    }
}

fn text<'a>(line: &'a HashMap<String, Value>, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn messages(lines: &[HashMap<String, Value>]) -> Vec<&str> {
    lines.iter().map(|line| text(line, "message")).collect()
}

#[test]
fn without_a_recorder_nothing_below_the_filter_is_looked_at() {
    let bench = Bench::with("info", |builder| builder);
    assert_eq!(bench.logs.max_level_hint(), tracing::metadata::LevelFilter::INFO);
    let with = Flights::new(FlightRecorder::new());
    assert_eq!(with.bench.logs.max_level_hint(), tracing::metadata::LevelFilter::DEBUG);
}
