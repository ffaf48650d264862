//! An engine with one output that is no part of this process, its books, and what is seen of its way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::meter::Meter;
use obs_core::{Base, Clock, IdSource, RequestId, Resource, SpanId, Timestamp, TraceId, keys};
use obs_export::retry::{Retry, Until};
use obs_export::watch::{Remote, Trouble};
use obs_logs::{Logs, LogsGuard, Output};
use tracing_subscriber::layer::SubscriberExt;

/// 2026-10-03T12:34:56.123456789Z.
pub(crate) const NOW: u64 = 1_791_030_896_123_456_789;

/// Longer than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Engine {
    base: Arc<Base>,
    pub(crate) logs: Logs,
    pub(crate) guard: LogsGuard,
}

/// Pauses of some milliseconds.
pub(crate) fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(2)).longest_pause(Duration::from_millis(20))
}

impl Engine {
    pub(crate) fn with(resource: Resource, filter: &str, output: impl Into<Output>) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
        let base = Base::with(resource, clock, IdSource::seeded(7));
        let output = output.into().named("far");
        let builder = Logs::builder(Arc::clone(&base)).filter(filter.parse().unwrap());
        let (logs, guard) = builder.output(output).build().unwrap();
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

    fn remote(&self) -> &Remote {
        let [remote] = self.logs.remotes().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(remote.pipeline(), "logs_far");
        remote
    }

    /// What is wrong with the receiver, as the question at the start finds it.
    pub(crate) fn ask(&self) -> Vec<String> {
        let mut found = Vec::new();
        let until = Until(Instant::now() + LONG);
        let question = self.remote().question().unwrap();
        question.ask(&until, &mut |unwell| found.push(unwell.to_string())).unwrap();
        found
    }

    /// What was wrong with the last attempt.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.remote().traffic().report().trouble
    }

    /// What a scrape has of it: counters by name, and by reason where they have one.
    pub(crate) fn scrape(&self) -> BTreeMap<String, u64> {
        struct Numbers(BTreeMap<String, u64>);
        impl Meter for Numbers {
            fn counter(&mut self, metric: &'static keys::Metric, labels: &[&str], value: u64) {
                if let ["logs_far", rest @ ..] = labels {
                    let reason = rest.iter().map(|reason| format!(" {reason}")).collect::<String>();
                    self.0.insert(format!("{}{reason}", metric.name), value);
                }
            }
            fn gauge(&mut self, _: &'static keys::Metric, _: &[&str], _: f64) {}
        }
        let mut numbers = Numbers(BTreeMap::new());
        self.base.sources.collect(&mut numbers);
        numbers.0
    }

    /// Produced, delivered, and what was dropped by reason.
    pub(crate) fn books(&self) -> (u64, u64, Vec<(String, u64)>) {
        let scrape = self.scrape();
        let dropped = scrape.iter().filter_map(|(name, lines)| {
            let reason = name.strip_prefix("obs_pipeline_dropped_total ")?;
            (*lines > 0).then(|| (reason.to_owned(), *lines))
        });
        (scrape["obs_pipeline_produced_total"], scrape["obs_pipeline_delivered_total"], dropped.collect())
    }
}

impl Drop for Engine {
    /// What is to arrive was waited for.
    fn drop(&mut self) {
        self.guard.shutdown(Duration::ZERO);
    }
}

/// A request with ids of the test's own.
pub(crate) fn inside<T>(flags: TraceFlags, id: &str, work: impl FnOnce() -> T) -> T {
    let ids = Ids {
        trace_id: TraceId::parse(b"0af7651916cd43dd8448eb211c80319c").unwrap(),
        span_id: SpanId::parse(b"b7ad6b7169203331").unwrap(),
        flags,
    };
    let context = Context::root(ids, Local::server(RequestId::parse(id).unwrap(), None));
    let _scope = enter_poll(&context);
    work()
}
