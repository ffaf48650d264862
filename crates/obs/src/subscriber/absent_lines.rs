//! Logs are not enabled: nothing wants lines.

use obs_core::fields::Fields;
use obs_core::redact::Rules;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata};

use super::compose::SignalLayer;
use crate::signals::logs::Part;

/// Nothing.
#[derive(Debug, Default)]
pub(super) struct Fragments(());

impl Fragments {
    pub(super) fn clear(&mut self) {}
}

/// Never made.
#[derive(Debug)]
pub(super) enum LineSpans {}

/// Nothing.
#[derive(Debug, Default)]
pub(super) struct Lines(());

impl Lines {
    pub(super) fn of(_: &Part) -> Self {
        Self(())
    }

    pub(super) fn rules(&self) -> Option<&Rules> {
        None
    }

    pub(super) fn wants(&self, _: &Metadata<'_>) -> bool {
        false
    }

    pub(super) fn writes(&self, _: &Metadata<'_>) -> bool {
        false
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        LevelFilter::OFF
    }

    pub(super) fn write(&self, _: &Event<'_>, _: impl FnOnce(&mut LineSpans)) {}
}

/// No layer.
pub(super) fn layer(_: &Part) -> Option<SignalLayer> {
    None
}

/// Never called.
pub(super) fn add_recorded(spans: &mut LineSpans, _: &Fields, _: &mut Fragments) {
    match *spans {}
}

/// Never called.
pub(super) fn add(spans: &mut LineSpans, _: &Fields, _: &mut Fragments) {
    match *spans {}
}
