//! The recorder behind the `metrics` facade: a refusal becomes a handle that counts nothing, and is itself counted.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use obs_core::keys::Kind;

use crate::registry::Found;
use crate::series::Stored;
use crate::{Recorder, RegisterError, near};

impl Recorder {
    #[inline]
    fn of_key(&self, kind: Kind, key: &Key) -> Option<Arc<dyn Stored>> {
        near::find(self.0.id, kind, key).or_else(|| self.of_far_key(kind, key))
    }

    #[inline(never)]
    fn of_far_key(&self, kind: Kind, key: &Key) -> Option<Arc<dyn Stored>> {
        let found = self.0.state().find(kind, key).cloned();
        if let Some(series) = &found {
            near::keep(self.0.id, key.get_hash(), series);
            return found;
        }
        self.of_new_key(kind, key)
    }

    #[cold]
    fn of_new_key(&self, kind: Kind, key: &Key) -> Option<Arc<dyn Stored>> {
        let labels = key.labels().map(|label| (label.key(), label.value()));
        let Found { id, series } = match self.found(kind, key.name(), labels) {
            Ok(found) => found,
            Err(error) => {
                self.refuse(error);
                return None;
            }
        };
        if self.0.state().wants_alias(kind, key, id) {
            self.0.state_mut().alias(kind, key, id);
        }
        Some(series)
    }

    /// Counts and tells a refusal that nobody is there to be told of.
    pub(crate) fn refuse(&self, error: RegisterError) {
        self.0.shared.reject(error.rejection());
        self.0.problems.tell(error);
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(Kind::Counter, key.as_str(), unit, &description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(Kind::Gauge, key.as_str(), unit, &description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe(Kind::Histogram, key.as_str(), unit, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.of_key(Kind::Counter, key).map_or_else(Counter::noop, |series| series.counter())
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.of_key(Kind::Gauge, key).map_or_else(Gauge::noop, |series| series.gauge())
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.of_key(Kind::Histogram, key).map_or_else(Histogram::noop, |series| series.histogram())
    }
}
