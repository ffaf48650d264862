//! The settings of a recorder, checked as a whole.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::Matcher;
use obs_core::{Base, Declaration};

use crate::const_labels::{self, ConstLabels};
use crate::registry::Caps;
use crate::{Buckets, BuildError, Recorder, buckets, declare};

/// How many series a family holds unless told otherwise.
pub const DEFAULT_SERIES_CAP: usize = 2_000;

/// How many series all families together hold unless told otherwise.
pub const DEFAULT_TOTAL_SERIES_CAP: usize = 100_000;

/// Series would come and go with each scrape.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// Whether counters and histograms keep exemplars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exemplars {
    /// Of observations made inside a sampled span.
    #[default]
    On,
    /// None; saves the look at the scope.
    Off,
}

/// Whether OpenMetrics has a `_created` sample for each counter and histogram. Protobuf, where it is no sample of its own, always
/// says when a series began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreatedSamples {
    /// One for each: what tells a counter that began again from one that went on. A Prometheus that is not told to read
    /// them (`--enable-feature=created-timestamp-zero-ingestion`) stores each as a series of its own.
    On,
    /// None.
    #[default]
    Off,
}

/// What was given to the builder, found good.
pub(crate) struct Settings {
    pub(crate) caps: Caps,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) buckets: Buckets,
    pub(crate) const_labels: ConstLabels,
    pub(crate) exemplars: bool,
    pub(crate) created_samples: bool,
    pub(crate) native: Vec<Matcher>,
    pub(crate) declarations: Vec<Declaration>,
}

/// Makes a [`Recorder`]; begun by [`Recorder::builder`].
#[derive(Debug)]
#[must_use = "a recorder is made by `build`"]
pub struct Builder {
    base: Arc<Base>,
    buckets: Buckets,
    caps: Caps,
    idle_timeout: Option<Duration>,
    const_labels: Vec<(String, String)>,
    exemplars: Exemplars,
    created_samples: CreatedSamples,
    native: Vec<Matcher>,
    declarations: Vec<Declaration>,
}

impl Builder {
    pub(crate) fn new(base: Arc<Base>) -> Self {
        Self {
            base,
            buckets: Buckets::new(),
            caps: Caps { family: DEFAULT_SERIES_CAP, total: DEFAULT_TOTAL_SERIES_CAP },
            idle_timeout: None,
            const_labels: Vec::new(),
            exemplars: Exemplars::On,
            created_samples: CreatedSamples::Off,
            native: Vec::new(),
            declarations: Vec::new(),
        }
    }

    /// The upper bounds of histograms that no rule matches, ascending and without `+Inf`. Default:
    /// [`DEFAULT_BUCKETS`](crate::DEFAULT_BUCKETS).
    pub fn default_buckets(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets = self.buckets.default_bounds(bounds);
        self
    }

    /// The upper bounds of the histograms that `matcher` matches and no rule before it; see [`Buckets`]. Default:
    /// none.
    pub fn buckets(mut self, matcher: Matcher, bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets = self.buckets.rule(matcher, bounds);
        self
    }

    /// All bounds and rules at once, in the place of those given before.
    pub fn all_buckets(mut self, buckets: Buckets) -> Self {
        self.buckets = buckets;
        self
    }

    /// How many series a family holds, the overflow series included. Default: [`DEFAULT_SERIES_CAP`].
    pub fn series_cap(mut self, series: usize) -> Self {
        self.caps.family = series;
        self
    }

    /// How many series all families together hold; the overflow series, and those of families without labels, come on
    /// top. Default: [`DEFAULT_TOTAL_SERIES_CAP`].
    pub fn total_series_cap(mut self, series: usize) -> Self {
        self.caps.total = series;
        self
    }

    /// After how long a series is removed in which nothing was recorded: at a scrape, an eighth of the time later at most,
    /// and only if nobody holds a handle to it. Such a label comes back from zero. Series of families without labels, and
    /// of [declared](Builder::declare) ones whose values are all given, stay. Default: none, all series stay.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// A label that every sample carries, before its own and in the order given here, also those of the base's
    /// sources. A metric that has a label of that name keeps its own, and this one is left out of it. Default: none.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.const_labels.push((name.into(), value.into()));
        self
    }

    /// Whether OpenMetrics has `_created` samples. Default: [`CreatedSamples::Off`].
    pub fn created_samples(mut self, created: CreatedSamples) -> Self {
        self.created_samples = created;
        self
    }

    /// Histograms that `matcher` matches have native buckets too, beside their fixed ones: schema 3, eight to each
    /// power of two, between a billionth and 2^50. A scrape as [`Format::Protobuf`](crate::Format::Protobuf)
    /// has both. About 1.4 KiB a series, and 80 bytes for each power of two that values fall in. Default: none.
    pub fn native_histograms(mut self, matcher: Matcher) -> Self {
        self.native.push(matcher);
        self
    }

    /// Whether counters and histograms keep exemplars. Default: [`Exemplars::On`].
    pub fn exemplars(mut self, exemplars: Exemplars) -> Self {
        self.exemplars = exemplars;
        self
    }

    /// A family that is there from the beginning; see [`Declaration`]. Default: those of obs's own.
    pub fn declare(mut self, declaration: Declaration) -> Self {
        self.declarations.push(declaration);
        self
    }

    /// The recorder. Touches no global.
    ///
    /// # Errors
    ///
    /// Every mistake at once: bounds that are empty, infinite, no number or not ascending, a const label whose name
    /// is invalid, reserved, refused, a label of our own metrics or there twice, a cap of zero, an idle time-out below a
    /// second, and [what may be wrong](declare::mistakes) with a
    /// declaration.
    pub fn build(self) -> Result<Recorder, BuildError> {
        let mut mistakes = Vec::new();
        self.buckets.check(&mut mistakes);
        const_labels::check(&self.const_labels, &mut mistakes);
        if self.caps.family == 0 {
            mistakes.push("the series cap is zero".to_owned());
        }
        if self.caps.total == 0 {
            mistakes.push("the total series cap is zero".to_owned());
        }
        if self.idle_timeout.is_some_and(|timeout| timeout < SHORTEST_IDLE) {
            mistakes.push("the idle time-out is shorter than a second".to_owned());
        }
        let declared = declare::mistakes(&self.declarations, self.caps.family);
        mistakes.extend(declared.into_iter().map(|(_, mistake)| mistake));
        if !mistakes.is_empty() {
            return Err(BuildError { mistakes });
        }
        let settings = Settings {
            caps: self.caps,
            idle_timeout: self.idle_timeout,
            buckets: self.buckets.sanitized(),
            const_labels: ConstLabels::new(self.const_labels),
            exemplars: self.exemplars == Exemplars::On,
            created_samples: self.created_samples == CreatedSamples::On,
            native: self.native.into_iter().map(buckets::sanitized).collect(),
            declarations: self.declarations,
        };
        Ok(Recorder::new(self.base, settings))
    }
}
