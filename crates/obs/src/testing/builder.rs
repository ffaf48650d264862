//! Puts an installation for one test together.

use std::sync::Arc;

use obs_core::{Base, Clock, IdSource};
use obs_logs::Output;
use obs_trace::sink;

use super::Testing;
use super::requests::Requests;
use crate::Obs;
use crate::config::{Admin, Config, FlightRecorder, SamplerChoice, TraceTail, TrustChoice};
use crate::entry::Reach;
use crate::signals::{Signals, health, logs, metrics, traces};

/// An installation that writes everything there is, from TRACE on, into memory.
///
/// # Panics
/// Where the system has no thread left for it.
#[track_caller]
pub fn start(name: impl Into<String>) -> Testing {
    builder(name).start()
}

/// Begins as [`start`] does, for a test that chooses.
pub fn builder(name: impl Into<String>) -> Builder {
    let mut config = Config::new(name);
    config.admin = Admin::Off;
    config.logs.filter = String::from("trace");
    config.traces.filter = String::from("trace");
    Builder { config, clock: Clock::system(), ids: IdSource::random() }
}

/// What a test chooses.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `start`"]
pub struct Builder {
    config: Config,
    clock: Clock,
    ids: IdSource,
}

impl Builder {
    /// Level directives for lines and for spans, such as `info,hyper=off`; default `trace`.
    pub fn levels(mut self, levels: impl Into<String>) -> Self {
        let levels = levels.into();
        self.config.logs.filter.clone_from(&levels);
        self.config.traces.filter = levels;
        self
    }

    /// Holds lines below what [`Builder::levels`] says, which is `trace` unless it is said; default not.
    pub fn flight_recorder(mut self, recorder: FlightRecorder) -> Self {
        self.config.logs.flight_recorder = recorder;
        self
    }

    /// Which traces are recorded; default all.
    pub fn sampler(mut self, sampler: SamplerChoice) -> Self {
        self.config.traces.sampler = sampler;
        self
    }

    /// Which traces are kept by how they end; default none.
    pub fn trace_tail(mut self, tail: TraceTail) -> Self {
        self.config.traces.tail = tail;
        self
    }

    /// By whose signature on the header `x-obs-debug` a request is recorded whatever else decides; default nobody's. Needs the
    /// feature `traces-debug`.
    pub fn debug_key(mut self, key: impl Into<String>) -> Self {
        self.config.traces.debug_key = Some(key.into());
        self
    }

    /// Whether callers are believed; default [`TrustChoice::Internal`].
    pub fn trust(mut self, trust: TrustChoice) -> Self {
        self.config.trust = trust;
        self
    }

    /// Where traces and lines are looked at, as [`crate::Builder::link`]; default nowhere.
    pub fn link(mut self, name: impl Into<String>, to: impl Into<String>) -> Self {
        self.config.links.to.push((name.into(), to.into()));
        self
    }

    /// Which of the links is on the access line of a request that failed, as `trace_url`; default none.
    pub fn link_on_line(mut self, name: impl Into<String>) -> Self {
        self.config.links.on_line = Some(name.into());
        self
    }

    /// What time it is; default the system's. With [`Clock::manual`] every duration is what the test makes it.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Where ids come from; default random.
    pub fn ids(mut self, ids: IdSource) -> Self {
        self.ids = ids;
        self
    }

    /// The installation.
    ///
    /// # Panics
    /// For level directives and ratios that are wrong, which a test wants to know at once.
    #[track_caller]
    pub fn start(self) -> Testing {
        let Self { config, clock, ids } = self;
        let base = Base::builder(config.resource.clone())
            .clock(clock)
            .ids(ids)
            .redaction(config.redaction.rules())
            .propagation(config.propagate.propagation())
            .build();
        let (lines, spans) = (obs_logs::Memory::new(), sink::Memory::new());
        let requests = Requests::default();
        let parts = || {
            Ok::<_, crate::Error>(Signals {
                metrics: metrics::Part::start(&config, &base)?,
                logs: logs::Part::to(Output::memory(&lines), &config, &base)?,
                traces: traces::Part::to(Some(spans.clone()), traces::Way::Direct, &config, &base)?,
                health: health::Part::start(&config, &base)?,
            })
        };
        let watcher = Some(Box::new(requests.clone()) as _);
        let obs = parts().and_then(|signals| {
            Obs::of(config.clone(), Arc::clone(&base), signals, (None, Reach::Apart), watcher)
        });
        match obs {
            Ok(obs) => Testing { obs, lines, spans, requests },
            Err(error) => panic!("no installation for this test: {error:?}"),
        }
    }
}
