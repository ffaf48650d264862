//! Families whose label values are known only when they are counted: found by borrowed values, without an allocation.

use std::fmt;
use std::sync::Arc;

use obs_core::context;
use obs_core::keys::Kind;

use crate::family::Family;
use crate::series::Stored;
use crate::{Recorder, RegisterError, near};

/// A family, and how its labels are called by whoever counts.
struct Vector<const N: usize> {
    recorder: Recorder,
    family: Arc<Family>,
    /// In the caller's order.
    names: [String; N],
    /// For each label of the family, the place of its value among the caller's.
    order: [usize; N],
    /// The family's number among what threads remember: values are all that is left to hash and compare.
    owner: u64,
}

impl<const N: usize> Vector<N> {
    fn new(recorder: &Recorder, kind: Kind, name: &str, names: [&str; N]) -> Result<Self, RegisterError> {
        let (family, order) = recorder.family(kind, name, names)?;
        let owner = near::of_family(&family);
        Ok(Self { recorder: recorder.clone(), family, names: names.map(str::to_owned), order, owner })
    }

    /// Lends the series of these values to `using`; what is refused is counted, and lends nothing.
    #[inline]
    fn with(&self, values: [&str; N], using: impl Fn(&dyn Stored)) {
        let hash = values.iter().fold(self.owner, |seed, value| near::mix(seed, value.as_bytes()));
        let is = |series: &Arc<dyn Stored>| self.is(values, series);
        if !near::with(self.owner, hash, is, |series| using(&**series)) {
            self.far(hash, values, using);
        }
    }

    /// Whether these, which must be plain, are the values of a series of this family.
    #[inline]
    fn is(&self, values: [&str; N], series: &Arc<dyn Stored>) -> bool {
        self.family.has(self.order.iter().map(|&at| values[at].as_bytes()), series.text())
    }

    #[cold]
    fn far(&self, hash: u64, values: [&str; N], using: impl Fn(&dyn Stored)) {
        let labels = self.names.iter().map(String::as_str).zip(values);
        match self.recorder.register(self.family.kind, &self.family.name, labels) {
            Ok(series) => {
                // What is escaped is not found by what is not, nor is the overflow series by what it stands for; neither is
                // to push out others.
                if !series.text().contains(&b'\\') && self.is(values, &series) {
                    near::keep(self.owner, hash, &series);
                }
                using(&*series);
            }
            Err(error) => self.recorder.refuse(error),
        }
    }
}

macro_rules! vector {
    ($(#[$doc:meta])* $name:ident, $kind:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// Values come in the order in which the label names were given. Where they are known beforehand,
        /// [`typed`](crate::typed) needs no lookup at all.
        pub struct $name<const N: usize>(Vector<N>);

        impl<const N: usize> $name<N> {
            #[doc = concat!("The ", $what, " of this name that are told apart by these labels. Makes no series yet.")]
            ///
            /// # Errors
            ///
            /// When the name, its type or its labels do not go with what was registered first; see
            /// [`RegisterError`].
            pub fn new(recorder: &Recorder, name: &str, labels: [&str; N]) -> Result<Self, RegisterError> {
                Vector::new(recorder, Kind::$kind, name, labels).map(Self)
            }
        }

        impl<const N: usize> fmt::Debug for $name<N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("name", &self.0.family.name).finish_non_exhaustive()
            }
        }
    };
}

vector! {
    /// Counters found by the values of their labels.
    ///
    /// ```
    /// use obs_core::{Base, Resource};
    /// use obs_metrics::{CounterVec, Recorder};
    ///
    /// let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build()?;
    /// let placed = CounterVec::new(&recorder, "orders_placed_total", ["tenant", "kind"])?;
    /// placed.increment(["acme", "book"], 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    CounterVec, Counter, "counters"
}

impl<const N: usize> CounterVec<N> {
    /// Adds `by`; inside a sampled span it may become the exemplar.
    #[inline]
    pub fn increment(&self, values: [&str; N], by: u64) {
        let ids = context::sampled();
        self.0.with(values, |series| series.add(by, ids.as_ref()));
    }
}

vector! {
    /// Gauges found by the values of their labels.
    GaugeVec, Gauge, "gauges"
}

impl<const N: usize> GaugeVec<N> {
    /// Sets it.
    #[inline]
    pub fn set(&self, values: [&str; N], value: f64) {
        self.0.with(values, |series| series.set(value));
    }

    /// Adds `by`, which may be below zero.
    #[inline]
    pub fn add(&self, values: [&str; N], by: f64) {
        self.0.with(values, |series| series.shift(by));
    }
}

vector! {
    /// Histograms found by the values of their labels.
    HistogramVec, Histogram, "histograms"
}

impl<const N: usize> HistogramVec<N> {
    /// Counts `value`; inside a sampled span it may become its bucket's exemplar.
    #[inline]
    pub fn record(&self, values: [&str; N], value: f64) {
        let ids = context::sampled();
        self.0.with(values, |series| series.observe(value, ids.as_ref()));
    }
}
