//! Queries, looks into caches, messages and jobs by the OpenTelemetry semantic conventions: one call each, which makes the span,
//! the counts and the duration, and tells how it ended.
//!
//! | of | module | span | families |
//! |---|---|---|---|
//! | databases | [`db`] | `SELECT orders`, CLIENT | `db_client_operation…` |
//! | caches | [`cache`] | `GET prices`, CLIENT | `cache_request…` |
//! | messages | [`messaging`] | `publish orders`, PRODUCER; `process orders`, CONSUMER | `messaging_…` |
//! | jobs | [`job`] | the job's name, INTERNAL | `job_execution…` |
//!
//! Each ends exactly once: by what its future gives, as cancelled where that is dropped, as panicked where it panics. An error is
//! called by the path of its type unless the call says better; what it says is told redacted. Where nobody records the trace,
//! nothing is allocated, printed or parsed anew, but for the context of a local root, headers that are written, links of a batch,
//! and a query's text that is seen for the first time.

pub mod cache;
pub mod db;
pub mod job;
pub mod messaging;
pub mod sql;
mod text;

use std::sync::Arc;

use crate::Base;
use crate::context::{self, Around, Context};
use crate::observe::work::{Describe, Opened};
use crate::propagate::{Baggage, Caller, Extractor, Remote};
use text::Text;

/// Where work that others asked for goes on from.
#[derive(Clone, Debug, Default)]
struct Origin {
    caller: Option<Caller>,
    baggage: Option<Baggage>,
    around: Option<Arc<dyn Around>>,
}

impl Origin {
    fn read(&mut self, base: Option<&Arc<Base>>, carrier: &impl Extractor) {
        let Some(base) = base else { return };
        self.caller = base.propagation.read(carrier);
        self.baggage = base.propagation.read_baggage(carrier);
    }

    /// The caller's span.
    fn span(&self) -> Option<&Remote> {
        if let Some(Caller::Span(remote)) = &self.caller { Some(remote) } else { None }
    }

    /// Begins a local root.
    fn root<D: Describe>(&mut self, base: Option<&Arc<Base>>, describe: D) -> Opened<D> {
        let Some(base) = base else { return Opened::here(None, describe) };
        let parent = self.span().map(|remote| remote.span_id);
        let context = base.open_root(self.caller.as_ref(), self.baggage.take());
        if let Some(around) = self.around.take() {
            context.local().surround(around);
        }
        Opened::root(base, context, parent, describe)
    }
}

/// What is open here, as something to link to.
fn ambient() -> Option<Remote> {
    context::with_current(|open: &Context| Remote::new(open.ids()))
}
