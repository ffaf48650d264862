//! Puts an engine together; nothing global is touched.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use obs_core::Base;

use super::upkeep::Upkeep;
use super::{Forms, Inner, Logs, LogsGuard};
use crate::counts::Counts;
use crate::format::{Service, Shapes};
use crate::plan::{Control, Live, Plans};
use crate::recorder::Recorder;
use crate::sample::{Sampler, SuppressedCounts};
use crate::{BuildError, Filter, FlightRecorder, Output, Route, Sampling};

/// Whether lines say where in the code they come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caller {
    /// They do not.
    #[default]
    Hidden,
    /// As `caller`, the file and line.
    Shown,
}

/// Builds [`Logs`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    base: Arc<Base>,
    filter: Filter,
    caller: Caller,
    outputs: Vec<Output>,
    routes: Vec<Route>,
    sampling: Option<Sampling>,
    recorder: Option<FlightRecorder>,
}

/// How many outputs there may be.
const MOST_OUTPUTS: usize = 32;

impl Builder {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self {
            base,
            filter: Filter::default(),
            caller: Caller::default(),
            outputs: Vec::new(),
            routes: Vec::new(),
            sampling: None,
            recorder: None,
        }
    }

    /// Which events and spans are looked at; default `info`.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Whether lines say where in the code they come from; default hidden.
    pub fn caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// Adds an output; default, where none is added, JSON on standard output.
    pub fn output(mut self, output: impl Into<Output>) -> Self {
        self.outputs.push(output.into());
        self
    }

    /// Which lines go to which outputs; the first route that a line matches counts, and one that matches none goes
    /// nowhere. Default, without any: every line to every output.
    pub fn routes(mut self, routes: impl IntoIterator<Item = Route>) -> Self {
        self.routes.extend(routes);
        self
    }

    /// Which of many equal lines are written; default all.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = Some(sampling);
        self
    }

    /// Holds lines below what is written until their request has ended, and writes those of requests that failed or
    /// were slow; default none. [`AccessLog`](crate::AccessLog) is who tells it of the end: without it in the place of
    /// an observer nothing is ever written.
    pub fn recorder(mut self, recorder: FlightRecorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Opens the outputs, starts their threads and registers their books, and the count of lines, with the base.
    ///
    /// # Errors
    /// [`BuildError`] for the first output or route that cannot be used; the outputs before it are closed again.
    pub fn build(mut self) -> Result<(Logs, LogsGuard), BuildError> {
        if self.outputs.is_empty() {
            self.outputs.push(Output::stdout());
        }
        if self.outputs.len() > MOST_OUTPUTS {
            return Err(BuildError::TooMany(MOST_OUTPUTS));
        }
        let (mut ways, mut workers) = (Vec::new(), Vec::new());
        let (mut taken, mut shapes) = (HashSet::new(), Shapes::default());
        for output in self.outputs {
            let (way, worker) = output.open(&self.base, &mut taken, &mut shapes)?;
            ways.push(way);
            workers.extend(worker);
        }
        for way in &ways {
            self.base.sources.register(way.source());
            #[cfg(feature = "framed")]
            way.remote().into_iter().for_each(|remote| self.base.sources.register(Arc::clone(remote) as _));
        }
        let routing =
            super::routing(&self.routes, &ways).map_err(|mut errors| BuildError::Route(errors.remove(0)))?;
        let counts = Arc::new(Counts::new());
        self.base.sources.register(Arc::clone(&counts) as _);
        let suppressed = Arc::new(SuppressedCounts::default());
        self.base.sources.register(Arc::clone(&suppressed) as _);
        let recorder = self.recorder.map(Recorder::new).map(Arc::new);
        if let Some(recorder) = &recorder {
            self.base.sources.register(Arc::clone(recorder) as _);
        }
        let forms = Forms::of(&ways, shapes);
        let service = Service::new(&self.base.resource);
        let plans = Plans {
            filter: self.filter,
            control: Control::default(),
            routing,
            sampler: self.sampling.map(|sampling| Arc::new(Sampler::new(sampling, &suppressed))),
            env: self.base.resource.env.clone(),
            held: recorder.as_ref().map(|recorder| recorder.filter().clone()),
        };
        let inner = Inner {
            base: self.base,
            live: Live::new(plans),
            caller: self.caller,
            service,
            ways,
            forms,
            counts,
            suppressed,
            upkeep: Upkeep::default(),
            recorder,
            told: OnceLock::new(),
        };
        let logs = Logs(Arc::new(inner));
        logs.0.upkeep.wake(&logs);
        Ok((logs.clone(), LogsGuard::new(workers, logs)))
    }
}
