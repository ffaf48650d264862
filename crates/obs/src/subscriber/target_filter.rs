//! Which call sites become spans, swapped while running.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Filter, Layer};

/// Levels per target. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct TargetFilter(Arc<RwLock<Targets>>);

impl TargetFilter {
    pub(crate) fn new(targets: Targets) -> Self {
        Self(Arc::new(RwLock::new(targets)))
    }

    /// In force once the interest in call sites is rebuilt.
    pub(crate) fn set(&self, targets: Targets) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = targets;
    }

    fn read(&self) -> RwLockReadGuard<'_, Targets> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.read().would_enable(metadata.target(), metadata.level())
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        Layer::<Registry>::max_level_hint(&*self.read()).unwrap_or(LevelFilter::TRACE)
    }
}

impl<S> Filter<S> for TargetFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.max_level())
    }
}
