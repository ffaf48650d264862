//! What every part of one installation shares: its identity, clock, ids, phase and number sources.

use std::sync::Arc;

use crate::observe::Operations;
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
}

impl Base {
    /// A base on the system's clock and randomness.
    pub fn new(resource: Resource) -> Arc<Self> {
        Self::with(resource, Clock::system(), IdSource::random())
    }

    /// A base on a clock and id source of the caller's, for tests.
    pub fn with(resource: Resource, clock: Clock, ids: IdSource) -> Arc<Self> {
        Self::redacting(resource, clock, ids, Rules::new())
    }

    /// As [`Base::with`], with rules of one's own for what is secret.
    pub fn redacting(mut resource: Resource, clock: Clock, ids: IdSource, redaction: Rules) -> Arc<Self> {
        resource.redact(&redaction);
        Arc::new(Self {
            resource,
            clock,
            ids,
            lifecycle: Lifecycle::new(),
            sources: Sources::default(),
            operations: Operations::default(),
            redaction,
        })
    }
}
