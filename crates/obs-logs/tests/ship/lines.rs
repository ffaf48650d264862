//! An engine with one output to another machine, and its books.

use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll, with_current};
use obs_core::meter::Meter;
use obs_core::observe::{End, Observer, Request, Verdict};
use obs_core::{Base, Clock, IdSource, RequestId, Resource, SpanId, Timestamp, TraceId, keys};
use obs_export::http::{Retry, Trouble, Until};
use obs_logs::{AccessLog, Logs, LogsGuard, Output};
use tracing_subscriber::layer::SubscriberExt;

/// 2026-10-03T12:34:56.123456789Z.
pub(crate) const NOW: u64 = 1_791_030_896_123_456_789;

const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Shipping {
    base: Arc<Base>,
    logs: Logs,
    _guard: LogsGuard,
}

/// Pauses of some milliseconds.
pub(crate) fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(2)).longest_pause(Duration::from_millis(20))
}

impl Shipping {
    pub(crate) fn to(output: impl Into<Output>) -> Self {
        let mut resource = Resource::new("orders");
        resource.env = Some(String::from("prod"));
        let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
        let base = Base::with(resource, clock, IdSource::seeded(7));
        let output = output.into().named("far");
        let (logs, guard) =
            Logs::builder(Arc::clone(&base)).filter("debug".parse().unwrap()).output(output).build().unwrap();
        Self { base, logs, _guard: guard }
    }

    /// What `work` says has its fate afterwards.
    pub(crate) fn say(&self, work: impl FnOnce()) {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(self.logs.layer()), work);
        self.logs.flush(LONG).unwrap();
    }

    /// What is wrong with the receiver, as the question at the start finds it.
    pub(crate) fn ask(&self) -> Vec<String> {
        let [remote] = self.logs.remotes().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(remote.pipeline(), "logs_far");
        let mut found = Vec::new();
        let until = Until(Instant::now() + LONG);
        remote.question().unwrap().ask(&until, |unwell| found.push(unwell.to_string())).unwrap();
        found
    }

    /// What was wrong with the last attempt.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.logs.remotes().next().unwrap().traffic().report().trouble
    }

    /// The access line of a request has its fate afterwards.
    pub(crate) fn access(&self, request: &Request<'_>, end: &End<'_>) {
        let access = AccessLog::new(self.logs.clone());
        inside_a_request(|| {
            with_current(|context| access.finish(context, request, end, Verdict::Keep));
        });
        self.logs.flush(LONG).unwrap();
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
pub(crate) fn inside_a_request(work: impl FnOnce()) {
    let ids = Ids {
        trace_id: TraceId::parse(b"0af7651916cd43dd8448eb211c80319c").unwrap(),
        span_id: SpanId::parse(b"b7ad6b7169203331").unwrap(),
        flags: TraceFlags::from_byte(1),
    };
    let context = Context::root(ids, Local::server(RequestId::parse("ORD-2024-98765").unwrap(), None));
    let _scope = enter_poll(&context);
    work();
}
