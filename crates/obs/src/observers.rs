//! The observers of all enabled signals as one.

use std::fmt;
use std::sync::Arc;

use obs_core::observe::{Candidate, End, Keep, Request, Verdict};
use obs_core::{Context, Observer};

/// Whatever signals are enabled, behind one type. Cheap to clone.
#[derive(Clone)]
pub struct Observers(Arc<[Box<dyn Observer>]>);

impl Observers {
    pub(crate) fn new(all: Vec<Box<dyn Observer>>) -> Self {
        Self(all.into())
    }
}

impl Observer for Observers {
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        self.0.iter().find_map(|observer| observer.sample(candidate))
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
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").field("len", &self.0.len()).finish()
    }
}
