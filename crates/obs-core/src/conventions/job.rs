//! Jobs: work that no request asked for.
//!
//! ```
//! use obs_core::conventions::job::Job;
//! use obs_core::{Base, Resource};
//!
//! # async fn reindex() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let base = Base::new(Resource::new("shop"));
//! Job::new(Some(base), "reindex").run(reindex()).await
//! # }
//! ```
//!
//! A job is the root of a trace of its own, linked to what it is started in, if anything; or it goes on from what a carrier holds,
//! such as the environment that a parent process has written.

use std::fmt::Display;
use std::sync::Arc;

use super::{Origin, ambient};
use crate::Base;
use crate::context::Around;
use crate::keys::{attribute, metric};
use crate::observe::work::{Answer, Attributes, Describe, Failure, Judged, Opened};
use crate::observe::{Measures, OperationKind, Target};
use crate::propagate::{Extractor, Remote};

/// One run of a job, before it is run.
#[derive(Debug)]
#[must_use = "it is told of when it is run"]
pub struct Job {
    base: Option<Arc<Base>>,
    name: Target,
    origin: Origin,
}

/// What is told of a job.
#[derive(Debug)]
pub struct Told {
    name: Target,
    links: Option<Remote>,
}

impl Job {
    /// A run of the job `name`, which is the label `job_name`. Without a base it is only run.
    pub fn new(base: Option<Arc<Base>>, name: impl Into<Target>) -> Self {
        Self { base, name: name.into(), origin: Origin::default() }
    }

    /// Goes on from what `carrier` holds, where it holds something that is well written.
    pub fn from(mut self, carrier: &impl Extractor) -> Self {
        self.origin.read(self.base.as_ref(), carrier);
        self
    }

    /// What is entered with each poll, such as a subscriber that is not the process's own.
    pub fn surrounded(mut self, around: Option<Arc<dyn Around>>) -> Self {
        self.origin.around = around;
        self
    }

    /// Runs it: what `future` does is part of the job. It gives a `Result`, or nothing at all.
    ///
    /// # Cancel safety
    /// As `future` itself; a drop is told as cancelled.
    pub async fn run<A: Answer>(self, future: impl Future<Output = A>) -> A {
        self.open().run(future, |answer, _| Judged::of(answer)).await
    }

    /// As [`Job::run`], with errors called as `kind` says: one of few different names.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    pub async fn run_as<T, E: Display, F: Into<Failure>>(
        self,
        future: impl Future<Output = Result<T, E>>,
        kind: impl FnOnce(&E) -> F,
    ) -> Result<T, E> {
        self.open().run(future, |answer, _| Judged::by(answer, kind)).await
    }

    /// Runs a job that is no future.
    pub fn call<A: Answer>(self, work: impl FnOnce() -> A) -> A {
        self.open().call(work, |answer, _| Judged::of(answer))
    }

    /// Begins it, for whoever runs and judges it in a way of their own.
    pub fn open(mut self) -> Opened<Told> {
        let told = Told { name: self.name, links: ambient() };
        self.origin.root(self.base.as_ref(), told)
    }
}

impl Describe for Told {
    fn kind(&self) -> OperationKind {
        OperationKind::Internal
    }

    fn name(&self) -> (&str, Option<&str>) {
        (self.name.as_str(), None)
    }

    fn measures(&self) -> Option<&'static Measures> {
        Some(&metric::JOB)
    }

    fn labels(&self) -> impl AsRef<[&'static str]> {
        [self.name.as_str()]
    }

    fn attributes<'a>(&'a self, list: &mut Attributes<'a>) {
        list.text(attribute::JOB_NAME, self.name.as_str());
    }

    fn links(&self) -> &[Remote] {
        self.links.as_slice()
    }
}
