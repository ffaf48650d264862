//! The recorder: what services and the facade register with, and what a scrape reads.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use metrics::Unit;
use metrics_exporter_prometheus::formatting::sanitize_metric_name;
use obs_core::Base;
use obs_core::context::Ids;
use obs_core::keys::{Kind, metric};

use crate::builder::Settings;
use crate::const_labels::ConstLabels;
use crate::declare::{self, Values};
use crate::expose::{self, Format};
use crate::family::Shared;
use crate::pools::Pools;
use crate::problems::Problems;
use crate::registry::State;
use crate::series::Stored;
use crate::text::{Canonical, family_name};
use crate::{Buckets, BuildError, Builder, RegisterError, WAIT_BUCKETS};

/// Holds all metrics of one installation. Clones are cheap and share everything.
#[derive(Clone)]
pub struct Recorder(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) base: Arc<Base>,
    /// Tells recorders apart in thread-local caches; never used twice in a process.
    pub(crate) id: u64,
    pub(crate) const_labels: ConstLabels,
    pub(crate) shared: Arc<Shared>,
    pub(crate) problems: Problems,
    pub(crate) pools: Arc<Pools>,
    /// How long the last exposition was, so that the next one allocates once.
    pub(crate) last_len: AtomicUsize,
    state: RwLock<State>,
}

impl Inner {
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Recorder {
    /// Begins a recorder for one base, whose sources are asked at each scrape.
    pub fn builder(base: Arc<Base>) -> Builder {
        Builder::new(base)
    }

    pub(crate) fn new(base: Arc<Base>, settings: Settings) -> Self {
        let shared = Arc::new(Shared::new(settings.exemplars));
        let mut buckets = settings.buckets;
        for (name, bounds) in settings.declarations.iter().filter_map(declare::bounds) {
            buckets.first(name, bounds);
        }
        buckets.last(metric::DB_POOL_WAIT_DURATION.name, WAIT_BUCKETS);
        let mut state = State::new(settings.series_cap, buckets, Arc::clone(&shared));
        // Before our own descriptions: the first one stays.
        for (family, unit, help) in settings.declarations.iter().filter_map(declare::description) {
            state.describe(family, unit, help);
        }
        for metric in metric::ALL {
            let labels = metric.labels.iter().map(|&name| (name, ""));
            if let Ok(canonical) = Canonical::new(metric.kind, metric.name, labels) {
                let _ = state.create(&canonical, Values::default());
            }
            let family = family_name(metric.kind, metric.name);
            state.describe(family, unit_of(family), metric.help);
        }
        // Checked by the builder, so that none of them is refused.
        for declaration in &settings.declarations {
            if let Some((canonical, values)) = declare::family_to_be(declaration) {
                let _ = state.declare(&canonical, values);
            }
            for canonical in declare::every_series(declaration) {
                let _ = state.register(&canonical);
            }
        }
        Self(Arc::new(Inner {
            base,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            const_labels: settings.const_labels,
            shared,
            problems: Problems::default(),
            pools: Arc::default(),
            last_len: AtomicUsize::new(0),
            state: RwLock::new(state),
        }))
    }

    /// A counter; the name may be given with or without `_total`. The handle is to be kept where it is used often.
    ///
    /// # Errors
    ///
    /// When the name, its type or its labels do not go with what was registered first; see [`RegisterError`].
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> Result<metrics::Counter, RegisterError> {
        Ok(self.register(Kind::Counter, name, labels.iter().copied())?.counter())
    }

    /// A gauge.
    ///
    /// # Errors
    ///
    /// As [`Recorder::counter`].
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Result<metrics::Gauge, RegisterError> {
        Ok(self.register(Kind::Gauge, name, labels.iter().copied())?.gauge())
    }

    /// A histogram with the bounds that the builder has for its name.
    ///
    /// # Errors
    ///
    /// As [`Recorder::counter`].
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Result<Histogram, RegisterError> {
        Ok(Histogram(Some(self.register(Kind::Histogram, name, labels.iter().copied())?)))
    }

    /// Sets help and unit of a family; the first description of a name stays. The unit does not change the name.
    pub fn describe(&self, kind: Kind, name: &str, unit: Option<Unit>, help: &str) {
        let name = sanitize_metric_name(name);
        self.0.state_mut().describe(family_name(kind, &name), unit, help);
    }

    /// The bounds of families that are registered from now on; those that are keep theirs, as do the request metrics,
    /// which every recorder has from its beginning. Recording does not wait for it.
    ///
    /// # Errors
    ///
    /// Every mistake at once: bounds that are empty, infinite, no number or not ascending. The rules then stay as they
    /// were.
    pub fn set_buckets(&self, buckets: Buckets) -> Result<(), BuildError> {
        let buckets = buckets.checked()?;
        let old = self.0.state_mut().set_buckets(buckets);
        // Out here, where nobody waits for the lock.
        drop(old);
        Ok(())
    }

    /// The refusals that were met through the facade, the first for each family and reason, at most 64.
    pub fn problems(&self) -> Vec<RegisterError> {
        self.0.problems.list()
    }

    /// The whole exposition: all series, and the numbers of the base's sources.
    pub fn render(&self, format: Format) -> Vec<u8> {
        expose::render(self, format)
    }

    pub(crate) fn register<'a>(
        &self,
        kind: Kind,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Arc<dyn Stored>, RegisterError> {
        let id = self.register_id(kind, name, labels)?;
        Ok(Arc::clone(self.0.state().get(id)))
    }

    pub(crate) fn register_id<'a>(
        &self,
        kind: Kind,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<u32, RegisterError> {
        let canonical = Canonical::new(kind, name, labels)?;
        if let Some(id) = self.0.state().look(&canonical)? {
            return Ok(id);
        }
        self.0.state_mut().register(&canonical)
    }
}

/// The unit that the ending of one of our own names says.
fn unit_of(family: &str) -> Option<Unit> {
    match family.rsplit('_').next()? {
        "seconds" => Some(Unit::Seconds),
        "bytes" => Some(Unit::Bytes),
        _ => None,
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("series", &self.0.state().len()).finish_non_exhaustive()
    }
}

/// A histogram whose caller may say which span an observation belongs to.
#[derive(Clone)]
#[must_use = "a histogram does nothing unless it is used"]
pub struct Histogram(Option<Arc<dyn Stored>>);

impl Histogram {
    /// Counts nothing.
    pub const fn noop() -> Self {
        Self(None)
    }

    /// Counts `value`; with `ids` it may become its bucket's exemplar, without them it does not, whatever span is
    /// open. What is no number is refused and counted in `obs_metric_rejected_total{reason="nan"}`.
    #[inline]
    pub fn observe(&self, value: f64, ids: Option<Ids>) {
        if let Some(series) = &self.0 {
            series.observe(value, ids);
        }
    }
}

/// The facade's handle, which takes exemplars from the open span.
impl From<Histogram> for metrics::Histogram {
    fn from(histogram: Histogram) -> Self {
        histogram.0.map_or_else(Self::noop, |series| series.histogram())
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram").finish_non_exhaustive()
    }
}
