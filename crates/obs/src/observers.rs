//! The observers of all enabled signals as one.

use std::fmt;
use std::sync::Arc;

use obs_core::observe::{Candidate, End, Keep, Request, UpgradeEnd, Verdict};
use obs_core::{Context, Observer};

use crate::entry::{AroundRequest, Entry};
use crate::subscriber::RequestSpans;

/// Whatever signals are enabled, behind one type. Cheap to clone.
#[derive(Clone)]
pub struct Observers(Arc<[Box<dyn Observer>]>);

impl Observers {
    pub(crate) fn new(all: Vec<Box<dyn Observer>>) -> Self {
        Self(all.into())
    }
}

/// What is put around the polls of each request, where anything is.
pub(crate) struct Surroundings {
    /// Where others are to see requests as `tracing` spans.
    spans: Option<RequestSpans>,
    /// Where the installation is not the process's own.
    apart: Option<Arc<Entry>>,
}

impl Surroundings {
    /// `None` where nothing is around requests, so that they pay nothing for it.
    pub(crate) fn of(spans: Option<RequestSpans>, apart: Option<Arc<Entry>>) -> Option<Box<dyn Observer>> {
        (spans.is_some() || apart.is_some()).then(|| Box::new(Self { spans, apart }) as _)
    }
}

impl Observer for Surroundings {
    fn start(&self, context: &Context, request: &Request<'_>) {
        if let Some(spans) = &self.spans {
            spans.open(context, request, self.apart.as_ref());
        } else if let Some(entry) = &self.apart {
            context.local().surround(Arc::new(AroundRequest(Arc::clone(entry))));
        }
    }

    fn finish(&self, context: &Context, _: &Request<'_>, end: &End<'_>, _: Verdict) {
        if let Some(spans) = &self.spans {
            spans.close(context, end);
        }
    }
}

impl Observer for Observers {
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        self.0.iter().find_map(|observer| observer.sample(candidate))
    }

    fn forces(&self, value: &[u8]) -> bool {
        self.0.iter().any(|observer| observer.forces(value))
    }

    fn start(&self, context: &Context, request: &Request<'_>) {
        self.0.iter().for_each(|observer| observer.start(context, request));
    }

    fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
        // All are asked: judging is also how an observer learns what is normal.
        let wanted = self.0.iter().filter(|observer| observer.judge(context, end) == Keep::Keep).count();
        if wanted > 0 { Keep::Keep } else { Keep::Abstain }
    }

    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
        self.0.iter().for_each(|observer| observer.finish(context, request, end, verdict));
    }

    fn upgraded(&self, context: &Context, request: &Request<'_>) {
        self.0.iter().for_each(|observer| observer.upgraded(context, request));
    }

    fn closed(&self, context: &Context, request: &Request<'_>, end: &UpgradeEnd<'_>) {
        self.0.iter().for_each(|observer| observer.closed(context, request, end));
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").field("len", &self.0.len()).finish()
    }
}
