//! Puts an engine together; nothing global is touched.

use std::collections::HashSet;
use std::sync::Arc;

use obs_core::Base;

use super::{Forms, Inner, Logs, LogsGuard};
use crate::counts::Counts;
use crate::filter::Live;
use crate::format::Service;
use crate::recorder::Recorder;
use crate::{BuildError, Filter, FlightRecorder, Output};

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
    recorder: Option<FlightRecorder>,
}

impl Builder {
    pub(super) fn new(base: Arc<Base>) -> Self {
        let (filter, caller) = (Filter::default(), Caller::default());
        Self { base, filter, caller, outputs: Vec::new(), recorder: None }
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
    /// [`BuildError`] for the first output that cannot be used; those before it are closed again.
    pub fn build(mut self) -> Result<(Logs, LogsGuard), BuildError> {
        if self.outputs.is_empty() {
            self.outputs.push(Output::stdout());
        }
        let (mut ways, mut workers) = (Vec::new(), Vec::new());
        let mut taken = HashSet::new();
        for output in self.outputs {
            let (way, worker) = output.open(&self.base, &mut taken)?;
            ways.push(way);
            workers.extend(worker);
        }
        for way in &ways {
            self.base.sources.register(way.source());
        }
        let counts = Arc::new(Counts::new());
        self.base.sources.register(Arc::clone(&counts) as _);
        let recorder = self.recorder.map(Recorder::new).map(Arc::new);
        if let Some(recorder) = &recorder {
            self.base.sources.register(Arc::clone(recorder) as _);
        }
        let forms = Forms::of(&ways);
        let service = Service::new(&self.base.resource);
        let inner = Inner {
            base: self.base,
            filter: Live::new(self.filter),
            caller: self.caller,
            service,
            ways,
            forms,
            counts,
            recorder,
        };
        Ok((Logs(Arc::new(inner)), LogsGuard::new(workers)))
    }
}
