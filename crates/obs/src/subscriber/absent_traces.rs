//! Traces are not enabled: nothing is traced.

use obs_core::context::Context;
use obs_core::fields::Fields;
use obs_core::redact::Rules;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata};

use super::compose::SignalLayer;
use super::slab::Data;
use crate::signals::traces::Part;

/// Nothing.
#[derive(Debug, Default)]
pub(super) struct Traces(());

/// Nothing.
#[derive(Debug, Default)]
pub(super) struct Traced(());

impl Traced {
    pub(super) fn context(&self) -> Option<&Context> {
        None
    }

    pub(super) fn used(&self) -> Option<&Context> {
        None
    }

    pub(super) fn is_recording(&self) -> bool {
        false
    }

    pub(super) fn describe(&mut self, _: &'static Metadata<'static>, _: &Fields) {}

    pub(super) fn record(&mut self, _: &Fields) {}

    pub(super) fn follow(&mut self, _: &Context) {}
}

/// What becomes of an event at a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "as where traces are enabled")]
pub(super) enum Fate {
    /// The one above it is asked.
    Above,
    /// It is not kept.
    Nowhere,
    /// Never.
    Kept,
}

impl Traces {
    pub(super) fn of(_: &Part) -> Self {
        Self(())
    }

    pub(super) fn rules(&self) -> Option<&Rules> {
        None
    }

    pub(super) fn wants(&self, _: &Metadata<'_>) -> bool {
        false
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        LevelFilter::OFF
    }

    pub(super) fn start(&self, _: Option<&Context>, _: &'static Metadata<'static>) -> Traced {
        Traced(())
    }

    pub(super) fn end(&self, _: Traced) {}

    pub(super) fn fate(_: &Event<'_>, _: &mut Data) -> Fate {
        Fate::Nowhere
    }

    pub(super) fn read(&self, _: &Event<'_>, _: impl FnOnce(&mut dyn FnMut(&mut Data))) {}
}

/// No layer.
pub(super) fn layer(_: &Part) -> Option<SignalLayer> {
    None
}
