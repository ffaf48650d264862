//! The recorder: what services and the facade register with, and what a scrape reads.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use metrics::Unit;
use metrics_exporter_prometheus::formatting::sanitize_metric_name;
use obs_core::Base;
use obs_core::keys::{Kind, metric};

use crate::builder::Settings;
use crate::const_labels::ConstLabels;
use crate::declare::{self, Values};
use crate::expire::Expiry;
use crate::expose::{Format, Scrapes};
use crate::family::{Family, Shared};
use crate::pools::Pools;
use crate::problems::Problems;
use crate::registry::{Found, State};
use crate::series::Stored;
use crate::text::{Canonical, family_name};
use crate::{Buckets, BuildError, Builder, Counter, Histogram, RegisterError};

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
    pub(crate) created_samples: bool,
    pub(crate) scrapes: Scrapes,
    pub(crate) expiry: Expiry,
    pub(crate) pools: Arc<Pools>,
    state: RwLock<State>,
}

impl Inner {
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of series that nobody uses any more.
    pub(crate) fn sweep(&self) {
        self.expiry.sweep(self);
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
        let shared = Arc::new(Shared::new(settings.exemplars, base.clock.clone()));
        let mut buckets = settings.buckets;
        for (name, bounds) in settings.declarations.iter().filter_map(declare::bounds) {
            buckets.first(name, bounds);
        }
        buckets.of_families();
        let mut state = State::new(settings.caps, buckets, settings.native, Arc::clone(&shared));
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
            created_samples: settings.created_samples,
            scrapes: Scrapes::default(),
            expiry: Expiry::new(settings.idle_timeout),
            pools: Arc::default(),
            state: RwLock::new(state),
        }))
    }

    /// A counter; the name may be given with or without `_total`. The handle is to be kept where it is used often.
    ///
    /// # Errors
    ///
    /// When the name, its type or its labels do not go with what was registered first; see [`RegisterError`].
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> Result<Counter, RegisterError> {
        Ok(Counter(Some(self.register(Kind::Counter, name, labels.iter().copied())?)))
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

    /// The whole exposition: all series, and the numbers of the base's sources. Calls that overlap share one.
    pub fn render(&self, format: Format) -> Vec<u8> {
        self.0.scrapes.rendered(&self.0, format).into()
    }

    pub(crate) fn register<'a>(
        &self,
        kind: Kind,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Arc<dyn Stored>, RegisterError> {
        Ok(self.found(kind, name, labels)?.series)
    }

    /// The family of this name and these labels, made if need be, and for each of its labels the place of it among `names`.
    pub(crate) fn family<const N: usize>(
        &self,
        kind: Kind,
        name: &str,
        names: [&str; N],
    ) -> Result<(Arc<Family>, [usize; N]), RegisterError> {
        let canonical = Canonical::new(kind, name, names.into_iter().map(|name| (name, "")))?;
        let family = self.0.state_mut().family(&canonical)?;
        let mut order = [0; N];
        for (place, label) in order.iter_mut().zip(&family.labels) {
            *place = canonical.labels.iter().position(|(name, _)| **name == **label).unwrap_or_default();
        }
        Ok((family, order))
    }

    pub(crate) fn found<'a>(
        &self,
        kind: Kind,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Found, RegisterError> {
        let canonical = Canonical::new(kind, name, labels)?;
        if let Some(found) = self.0.state().look(&canonical)? {
            return Ok(found);
        }
        let (found, full) = {
            let mut state = self.0.state_mut();
            (state.register(&canonical), state.take_full())
        };
        // Out here, where nobody waits for the lock.
        for full in full {
            self.0.problems.tell_full(&full);
        }
        found
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
