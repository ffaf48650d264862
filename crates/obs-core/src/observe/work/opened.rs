//! The guard of one piece of work: opened with its context, closed exactly once.

use std::fmt::{self, Display};
use std::sync::Arc;

use super::{Attributes, Describe, Judged};
use crate::context::Context;
use crate::fields::{Bounded, guarded};
use crate::id::SpanId;
use crate::keys::attribute;
use crate::observe::{Operation, OperationEnd};
use crate::time::{Monotonic, Timestamp};
use crate::{Base, Outcome};

/// As much as is told of what an error says, in bytes.
pub(super) const MAX_ERROR: usize = 4 * 1_024;

/// Work that has begun. Dropped, it has ended as cancelled.
#[must_use = "what is opened and dropped was cancelled"]
pub struct Opened<D: Describe> {
    /// `None` where nobody is told.
    place: Option<Place>,
    describe: D,
}

struct Place {
    base: Arc<Base>,
    context: Context,
    parent: Option<SpanId>,
    is_parent_remote: bool,
    /// Read only where it is recorded.
    started: Timestamp,
    begun: Monotonic,
}

impl<D: Describe> Opened<D> {
    /// Begins as a child of what is open here, or as the root of a trace of its own; under a span of another process as a local
    /// root. Without a base nobody is told.
    pub fn here(base: Option<&Arc<Base>>, describe: D) -> Self {
        let place = base.map(|base| {
            let (context, parent) = base.open_operation();
            let is_parent_remote = context.is_called_by(parent);
            Place::new(base, context, parent, is_parent_remote)
        });
        Self { place, describe }
    }

    /// Begins under a context that was [opened as a root](Base::open_root), whose parent, where it has one, is a span of another
    /// process.
    pub fn root(base: &Arc<Base>, context: Context, parent: Option<SpanId>, describe: D) -> Self {
        Self { place: Some(Place::new(base, context, parent, true)), describe }
    }

    /// What it works in; `None` where nobody is told.
    pub fn context(&self) -> Option<&Context> {
        self.place.as_ref().map(|place| &place.context)
    }

    /// The base it tells.
    pub fn base(&self) -> Option<&Arc<Base>> {
        self.place.as_ref().map(|place| &place.base)
    }

    /// What it is.
    pub fn describe(&mut self) -> &mut D {
        &mut self.describe
    }

    /// Whether its details are recorded.
    pub fn is_recorded(&self) -> bool {
        self.context().is_some_and(Context::is_recording)
    }

    /// Ends it by what came of it.
    pub fn end(mut self, judged: Judged<'_>) {
        self.close(judged);
    }

    /// Ends it by what came of it, which is judged by whoever described it.
    pub(super) fn judge<'a, T>(&mut self, output: &'a T, judge: impl FnOnce(&'a T, &mut D) -> Judged<'a>) {
        let judged = judge(output, &mut self.describe);
        self.close(judged);
    }

    pub(super) fn panicked(&mut self, text: Option<&str>) {
        let text = text.as_ref().map(|text| text as &dyn Display);
        let kind = Outcome::Panicked.as_str();
        self.close(Judged::failed(kind, text).outcome(Outcome::Panicked));
    }

    /// The first call counts.
    fn close(&mut self, judged: Judged<'_>) {
        let Some(place) = self.place.take() else { return };
        let mut end = OperationEnd::new(judged.outcome, place.base.clock.monotonic().since(place.begun));
        (end.status, end.result, end.fault) = (judged.status, judged.result, judged.fault);
        let is_recorded = place.context.is_recording();
        if is_recorded {
            self.describe.prepare();
        }
        let labels = self.describe.labels();
        let name = if is_recorded { self.describe.name() } else { ("", None) };
        let mut operation = Operation::uncounted(self.describe.kind(), name.0);
        operation.name.1 = name.1;
        operation.measures = self.describe.measures();
        operation.labels = labels.as_ref();
        operation.parent = place.parent;
        operation.is_parent_remote = place.is_parent_remote;
        operation.started = place.started;
        if !is_recorded {
            return place.base.operations.finish(&place.context, &operation, &end);
        }
        // A user's code, which runs where nothing is lent. It may panic, refuse or never stop: none of that is the caller's.
        let mut text = String::new();
        if let Some(error) = judged.error {
            guarded(&mut Bounded::new(&mut text, MAX_ERROR), format_args!("{error}"));
            end.error = Some(&text);
        }
        let mut list = Attributes::new();
        self.describe.attributes(&mut list);
        list.text(attribute::OUTCOME, end.outcome.as_str());
        list.text(attribute::ERROR_TYPE, end.fault.unwrap_or_default());
        operation.attributes = list.as_slice();
        operation.links = self.describe.links();
        place.base.operations.finish(&place.context, &operation, &end);
    }
}

impl Place {
    fn new(base: &Arc<Base>, context: Context, parent: Option<SpanId>, is_parent_remote: bool) -> Self {
        // Spans of a trace that nobody sampled are described too, where they wait for its end.
        let started = if context.is_recording() { base.clock.now() } else { Timestamp::default() };
        let begun = base.clock.monotonic();
        Self { base: Arc::clone(base), context, parent, is_parent_remote, started, begun }
    }
}

impl<D: Describe> Drop for Opened<D> {
    fn drop(&mut self) {
        self.close(Judged::SUCCESS.outcome(Outcome::Cancelled));
    }
}

impl<D: Describe> fmt::Debug for Opened<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("context", &self.context()).finish_non_exhaustive()
    }
}
