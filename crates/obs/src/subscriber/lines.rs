//! What the subscriber asks of logs.

use obs_core::fields::Fields;
use obs_core::redact::Rules;
use obs_logs::Logs;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata};
use tracing_subscriber::Layer;

use super::Fused;
use super::compose::SignalLayer;
use crate::signals::logs::Part;

/// What lines keep of a span besides its fields.
pub(super) type Fragments = obs_logs::SpanFragments;
/// What takes the open spans of one line.
pub(super) type LineSpans<'a> = obs_logs::Spans<'a>;

/// The engine of logs, where lines go anywhere.
#[derive(Debug, Default)]
pub(super) struct Lines(Option<Logs>);

impl Lines {
    pub(super) fn of(part: &Part) -> Self {
        Self(part.engine().cloned())
    }

    pub(super) fn rules(&self) -> Option<&Rules> {
        self.0.as_ref().map(|logs| &logs.base().redaction)
    }

    pub(super) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.0.as_ref().is_some_and(|logs| logs.enabled(metadata))
    }

    /// Whether lines of this call site are written at once.
    pub(super) fn writes(&self, metadata: &Metadata<'_>) -> bool {
        self.0.as_ref().is_some_and(|logs| logs.writes(metadata))
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        self.0.as_ref().map_or(LevelFilter::OFF, Logs::max_level_hint)
    }

    /// Writes the line of an event; `spans` adds those it stands in.
    #[inline]
    pub(super) fn write(&self, event: &Event<'_>, spans: impl FnOnce(&mut LineSpans<'_>)) {
        if let Some(logs) = &self.0 {
            logs.event(event, spans);
        }
    }
}

impl Fused {
    /// Lines of events by this engine; default none.
    pub fn logs(mut self, logs: &Logs) -> Self {
        self.rules = logs.base().redaction.clone();
        self.lines = Lines(Some(logs.clone()));
        self
    }
}

/// The same engine as a layer beside others.
pub(super) fn layer(part: &Part) -> Option<SignalLayer> {
    part.engine().map(|logs| logs.layer().boxed())
}

/// Adds one span to a line.
#[inline]
pub(super) fn add(spans: &mut LineSpans<'_>, fields: &Fields, fragments: &mut Fragments) {
    spans.add(fields, fragments);
}

/// Adds one that only the flight recorder looks at.
#[cold]
pub(super) fn add_recorded(spans: &mut LineSpans<'_>, fields: &Fields, fragments: &mut Fragments) {
    spans.add_recorded(fields, fragments);
}
