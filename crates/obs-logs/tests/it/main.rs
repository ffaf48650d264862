//! The crate as its users call it.

mod access;
mod blocking;
mod counts;
mod ecs;
mod event;
mod files;
mod golden;
mod hostile;
mod levels;
mod logfmt;
mod otlp;
mod outputs;
mod policies;
mod pretty;
mod recorder;
mod reload;
mod request;
#[cfg(feature = "rolling")]
mod rolling;
mod routes;
mod sampling;
mod secrets;
mod shapes;
mod sizes;
mod spans;

use std::sync::Arc;

use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::{Base, Clock, IdSource, RequestId, Resource, Timestamp};
use obs_logs::{Builder, Filter, Logs, LogsGuard, Memory, Output};
use serde_json::Value;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// 2026-10-03T12:34:56.123456789Z
const NOW: u64 = 1_791_030_896_123_456_789;
/// How every line of a test begins.
const TIME: &str = r#"{"timestamp":"2026-10-03T12:34:56.123456Z","#;

fn base() -> Arc<Base> {
    let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
    Base::with(Resource::new("orders"), clock, IdSource::seeded(7))
}

/// An engine that writes JSON to memory.
struct Bench {
    logs: Logs,
    memory: Memory,
    _guard: LogsGuard,
}

impl Bench {
    fn new() -> Self {
        Self::with("trace", |builder| builder)
    }

    fn with(filter: &str, more: impl FnOnce(Builder) -> Builder) -> Self {
        let memory = Memory::new();
        let builder = Logs::builder(base()).filter(filter.parse::<Filter>().unwrap());
        let (logs, guard) = more(builder.output(Output::memory(&memory))).build().unwrap();
        Self { logs, memory, _guard: guard }
    }

    /// Runs `work` under a registry with the layer, and returns the lines it made.
    fn run(&self, work: impl FnOnce()) -> Vec<String> {
        with_default(registry().with(self.logs.layer()), work);
        self.memory.take()
    }

    /// Checks the lines, whole but for their time.
    #[track_caller]
    fn check(&self, work: impl FnOnce(), expected: &[&str]) {
        let lines = self.run(work);
        let rests: Vec<_> = lines.iter().map(|line| line.strip_prefix(TIME).unwrap_or(line)).collect();
        assert_eq!(rests, expected);
        lines.iter().for_each(|line| drop(parse(line)));
    }
}

/// Reads a line back as its keys and values in order; fails on anything but one object whose keys all differ.
#[track_caller]
fn parse(line: &str) -> Vec<(String, Value)> {
    assert!(!line.contains('\n'), "more than one line: {line:?}");
    let whole: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    // A map would swallow doubles, so keys and values are read one by one.
    let mut rest = line.strip_prefix('{').unwrap();
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let Value::String(key) = next(&mut rest) else { panic!("a key that is no string: {line:?}") };
        rest = rest.strip_prefix(':').unwrap();
        let value = next(&mut rest);
        rest = rest.strip_prefix(['}', ',']).unwrap();
        pairs.push((key, value));
    }
    assert_eq!(whole.as_object().unwrap().len(), pairs.len(), "a key stands twice: {line:?}");
    pairs
}

fn next(rest: &mut &str) -> Value {
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter();
    let value = stream.next().unwrap().unwrap();
    *rest = &rest[stream.byte_offset()..];
    value
}

/// A request's context with ids that are easy to see.
fn context() -> Context {
    let ids = IdSource::seeded(1);
    let ids =
        Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default().sampled(true) };
    Context::root(ids, Local::server(RequestId::parse("ORD-2024-98765").unwrap(), None))
}

/// What is on a line inside of [`context`].
const IDS: &str = r#","trace_id":"910a2dec89025cc1beeb8da1658eec67","span_id":"f893a2eefb32555e","request_id":"ORD-2024-98765""#;

/// Does `work` as a poll of a request.
fn inside(request: &Context, work: impl FnOnce()) {
    let _poll = obs_core::context::enter_poll(request);
    work();
}
