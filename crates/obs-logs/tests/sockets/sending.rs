//! An engine with one output at a socket, and its books.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::meter::Meter;
use obs_core::{Base, Clock, IdSource, RequestId, Resource, SpanId, Timestamp, TraceId, keys};
use obs_export::socket::{Retry, SocketSettings};
use obs_logs::{Logs, LogsGuard, Output, Syslog};
use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt;

use crate::grammar::Message;

/// 2026-10-03T12:34:56.123456789Z.
pub(crate) const NOW: u64 = 1_791_030_896_123_456_789;

/// Longer than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Sending {
    base: Arc<Base>,
    logs: Logs,
    guard: LogsGuard,
}

/// Pauses of some milliseconds.
pub(crate) fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(2)).longest_pause(Duration::from_millis(20))
}

/// The same, which gives up soon.
pub(crate) fn hasty() -> Retry {
    quick().budget(Duration::from_millis(60))
}

pub(crate) fn syslog(url: &str) -> Syslog {
    Syslog::new(url).unwrap().hostname("h1.example.com").unwrap().retry(quick())
}

/// Gives up soon on who takes nothing.
pub(crate) fn impatient() -> SocketSettings {
    SocketSettings::new().timeout(Duration::from_millis(200))
}

impl Sending {
    pub(crate) fn to(output: impl Into<Output>) -> Self {
        Self::of("orders", output)
    }

    pub(crate) fn of(service: &str, output: impl Into<Output>) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
        let base = Base::with(Resource::new(service), clock, IdSource::seeded(7));
        let output = output.into().named("far");
        let (logs, guard) =
            Logs::builder(Arc::clone(&base)).filter("trace".parse().unwrap()).output(output).build().unwrap();
        Self { base, logs, guard }
    }

    /// What `work` says has its fate afterwards.
    pub(crate) fn say<T>(&self, work: impl FnOnce() -> T) -> T {
        let said = self.begin(work);
        self.logs.flush(LONG).unwrap();
        said
    }

    /// What `work` says may be on its way afterwards.
    pub(crate) fn begin<T>(&self, work: impl FnOnce() -> T) -> T {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(self.logs.layer()), work)
    }

    /// Ends within this time.
    pub(crate) fn end(&mut self, deadline: Duration) {
        self.guard.shutdown(deadline);
    }

    /// Produced, delivered, and what was dropped by reason, as a scrape has them.
    pub(crate) fn books(&self) -> (u64, u64, Vec<(String, u64)>) {
        #[derive(Default)]
        struct Books(u64, u64, Vec<(String, u64)>);
        impl Meter for Books {
            fn counter(&mut self, metric: &'static keys::Metric, labels: &[&str], value: u64) {
                match (metric.name, labels) {
                    ("obs_pipeline_produced_total", ["logs_far"]) => self.0 = value,
                    ("obs_pipeline_delivered_total", ["logs_far"]) => self.1 = value,
                    ("obs_pipeline_dropped_total", ["logs_far", reason]) if value > 0 => {
                        self.2.push(((*reason).to_owned(), value));
                    }
                    _ => {}
                }
            }
            fn gauge(&mut self, _: &'static keys::Metric, _: &[&str], _: f64) {}
        }
        let mut books = Books::default();
        self.base.sources.collect(&mut books);
        (books.0, books.1, books.2)
    }
}

/// A request with ids of the test's own.
pub(crate) fn inside_a_request<T>(id: &str, work: impl FnOnce() -> T) -> T {
    let ids = Ids {
        trace_id: TraceId::parse(b"0af7651916cd43dd8448eb211c80319c").unwrap(),
        span_id: SpanId::parse(b"b7ad6b7169203331").unwrap(),
        flags: TraceFlags::default(),
    };
    let context = Context::root(ids, Local::server(RequestId::parse(id).unwrap(), None));
    let _scope = enter_poll(&context);
    work()
}

/// What the line of a message says.
pub(crate) fn line(message: &Message) -> Value {
    serde_json::from_str(message.msg.as_deref().unwrap()).unwrap()
}

/// The field `n` of each line.
pub(crate) fn numbers(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| line(message)["n"].as_u64().unwrap()).collect()
}

/// A path that nobody else uses, short enough for a socket.
pub(crate) fn path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("obs-sockets-{}-{next}", std::process::id()))
}
