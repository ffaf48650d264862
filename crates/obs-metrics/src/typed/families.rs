//! Families with a handle for each combination of their labels, made once.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, Label, Metadata};

use super::Labels;
use crate::{Recorder, RegisterError};

/// What the facade is told of where a metric is registered.
const METADATA: Metadata<'static> = Metadata::new(module_path!(), metrics::Level::INFO, None);

/// One handle for each combination; the place of a combination is its [`Labels::index`].
struct Handles<L, H> {
    all: Arc<[H]>,
    labels: PhantomData<fn(L)>,
}

impl<L, H> Clone for Handles<L, H> {
    fn clone(&self) -> Self {
        Self { all: Arc::clone(&self.all), labels: PhantomData }
    }
}

impl<L: Labels, H: Clone> Handles<L, H> {
    fn try_new<E>(mut make: impl FnMut(&[(&'static str, &'static str)]) -> Result<H, E>) -> Result<Self, E> {
        let combinations = L::VALUES.iter().map(|values| values.len()).product();
        let mut labels: Vec<_> = L::NAMES.iter().map(|&name| (name, "")).collect();
        let mut all = Vec::with_capacity(combinations);
        for index in 0..combinations {
            // The last label runs fastest.
            let mut rest = index;
            for (label, values) in labels.iter_mut().zip(L::VALUES).rev() {
                label.1 = values[rest % values.len()];
                rest /= values.len();
            }
            all.push(make(&labels)?);
        }
        Ok(Self { all: all.into(), labels: PhantomData })
    }

    fn of_facade(name: &'static str, register: fn(&dyn metrics::Recorder, &Key) -> H) -> Self {
        let made = Self::try_new::<std::convert::Infallible>(|labels| {
            let labels: Vec<_> = labels.iter().map(|&(name, value)| Label::new(name, value)).collect();
            let key = Key::from_parts(name, labels);
            Ok(metrics::with_recorder(|recorder| register(recorder, &key)))
        });
        match made {
            Ok(handles) => handles,
            Err(never) => match never {},
        }
    }

    #[inline]
    fn of(&self, labels: L) -> &H {
        &self.all[labels.index()]
    }
}

macro_rules! family {
    ($(#[$doc:meta])* $name:ident of $handle:ident by $facade:ident, $own:ident) => {
        $(#[$doc])*
        ///
        /// All series are there, at zero, as soon as it is made, and their handles as long as it lives. Clones share them.
        pub struct $name<L>(Handles<L, $handle>);

        impl<L> Clone for $name<L> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<L: Labels> $name<L> {
            /// In the recorder that the `metrics` facade has now: to be made after the installation, or in a
            /// `LazyLock` that is first looked at then. What the recorder refuses counts nothing, and is counted and
            /// told as by the macros.
            pub fn new(name: &'static str) -> Self {
                Self(Handles::of_facade(name, |recorder, key| recorder.$facade(key, &METADATA)))
            }

            /// In this recorder.
            ///
            /// # Errors
            ///
            /// When the name, its type or its labels do not go with what was registered first; see [`RegisterError`].
            pub fn register(recorder: &Recorder, name: &str) -> Result<Self, RegisterError> {
                let make = |labels: &[(&str, &str)]| Ok(recorder.$own(name, labels)?.into());
                Handles::try_new(make).map(Self)
            }

            /// The handle of these labels, without a lookup.
            #[inline]
            pub fn of(&self, labels: L) -> &$handle {
                self.0.of(labels)
            }
        }

        impl<L> fmt::Debug for $name<L> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("series", &self.0.all.len()).finish()
            }
        }
    };
}

family! {
    /// Counters told apart by the labels `L`.
    Counters of Counter by register_counter, counter
}

family! {
    /// Gauges told apart by the labels `L`.
    Gauges of Gauge by register_gauge, gauge
}

family! {
    /// Histograms told apart by the labels `L`.
    Histograms of Histogram by register_histogram, histogram
}
