//! What every part of one installation shares: its identity, clock, ids, phase and number sources.

use std::sync::Arc;

use crate::observe::Operations;
use crate::propagate::Propagation;
use crate::redact::Rules;
use crate::{Clock, IdSource, Lifecycle, Resource, meter::Sources};

/// One base per service; leaves take it as `Arc<Base>` when they are built. It knows no signal.
#[derive(Debug)]
#[non_exhaustive]
pub struct Base {
    /// Who is speaking.
    pub resource: Resource,
    /// What time it is.
    pub clock: Clock,
    /// Where new ids come from.
    pub ids: IdSource,
    /// Which phase the service is in.
    pub lifecycle: Lifecycle,
    /// Who has numbers to tell at a scrape.
    pub sources: Sources,
    /// Who learns of calls, queries and the like.
    pub operations: Operations,
    /// What no sink may see.
    pub redaction: Rules,
    /// How traces travel from and to other services.
    pub propagation: Propagation,
}

impl Base {
    /// A base on the system's clock and randomness.
    pub fn new(resource: Resource) -> Arc<Self> {
        Self::builder(resource).build()
    }

    /// A base on a clock and id source of the caller's, for tests.
    pub fn with(resource: Resource, clock: Clock, ids: IdSource) -> Arc<Self> {
        Self::builder(resource).clock(clock).ids(ids).build()
    }

    /// A base of which more is chosen.
    pub fn builder(resource: Resource) -> BaseBuilder {
        BaseBuilder {
            resource,
            clock: Clock::system(),
            ids: IdSource::random(),
            redaction: Rules::new(),
            propagation: Propagation::new(),
        }
    }
}

/// What a [`Base`] is made of; made by [`Base::builder`].
#[derive(Debug)]
#[must_use]
pub struct BaseBuilder {
    resource: Resource,
    clock: Clock,
    ids: IdSource,
    redaction: Rules,
    propagation: Propagation,
}

impl BaseBuilder {
    /// What time it is; default the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Where new ids come from; default random.
    pub fn ids(mut self, ids: IdSource) -> Self {
        self.ids = ids;
        self
    }

    /// What is secret; default [`Rules::new`]. The resource is judged by it too.
    pub fn redaction(mut self, redaction: Rules) -> Self {
        self.redaction = redaction;
        self
    }

    /// How traces travel from and to other services; default W3C Trace Context.
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.propagation = propagation;
        self
    }

    /// The base.
    pub fn build(self) -> Arc<Base> {
        let Self { mut resource, clock, ids, redaction, propagation } = self;
        resource.redact(&redaction);
        Arc::new(Base {
            resource,
            clock,
            ids,
            lifecycle: Lifecycle::new(),
            sources: Sources::default(),
            operations: Operations::default(),
            redaction,
            propagation,
        })
    }
}
