//! The settings of a recorder, checked as a whole.

use std::sync::Arc;

use metrics_exporter_prometheus::Matcher;
use metrics_exporter_prometheus::formatting::{
    sanitize_label_key, sanitize_label_value, sanitize_metric_name,
};
use obs_core::Base;
use obs_core::keys::label::{self, REFUSED};

use crate::registry::Rules;
use crate::{BuildError, Recorder};

/// The bounds of histograms that no override matches, in the unit of the observations: fit for seconds of a request.
pub const DEFAULT_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// How many series a family holds unless told otherwise.
pub const DEFAULT_SERIES_CAP: usize = 2_000;

/// Whether histograms keep exemplars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exemplars {
    /// Of observations made inside a sampled span.
    #[default]
    On,
    /// None; saves the look at the scope.
    Off,
}

/// Makes a [`Recorder`]; begun by [`Recorder::builder`].
#[derive(Debug)]
#[must_use = "a recorder is made by `build`"]
pub struct Builder {
    base: Arc<Base>,
    buckets: Vec<f64>,
    overrides: Vec<(Matcher, Vec<f64>)>,
    series_cap: usize,
    const_labels: Vec<(String, String)>,
    exemplars: Exemplars,
}

impl Builder {
    pub(crate) fn new(base: Arc<Base>) -> Self {
        Self {
            base,
            buckets: DEFAULT_BUCKETS.to_vec(),
            overrides: Vec::new(),
            series_cap: DEFAULT_SERIES_CAP,
            const_labels: Vec::new(),
            exemplars: Exemplars::On,
        }
    }

    /// The upper bounds of histograms that no override matches, ascending and without `+Inf`. Default:
    /// [`DEFAULT_BUCKETS`].
    pub fn default_buckets(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.buckets = bounds.into();
        self
    }

    /// The upper bounds of the histograms that `matcher` matches. A full name goes before a prefix, a prefix before
    /// a suffix. Default: none.
    pub fn buckets(mut self, matcher: Matcher, bounds: impl Into<Vec<f64>>) -> Self {
        self.overrides.push((matcher, bounds.into()));
        self
    }

    /// How many series a family holds, the overflow series included. Default: [`DEFAULT_SERIES_CAP`].
    pub fn series_cap(mut self, series: usize) -> Self {
        self.series_cap = series;
        self
    }

    /// A label that every sample carries. Default: none.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.const_labels.push((name.into(), value.into()));
        self
    }

    /// Whether histograms keep exemplars. Default: [`Exemplars::On`].
    pub fn exemplars(mut self, exemplars: Exemplars) -> Self {
        self.exemplars = exemplars;
        self
    }

    /// The recorder. Touches no global.
    ///
    /// # Errors
    ///
    /// Every mistake at once: bounds that are empty, infinite, no number or not ascending, a const label whose name
    /// is invalid, reserved, refused or there twice, a cap of zero.
    pub fn build(self) -> Result<Recorder, BuildError> {
        let mut mistakes = Vec::new();
        check_bounds("the default buckets", &self.buckets, &mut mistakes);
        for (matcher, bounds) in &self.overrides {
            check_bounds(&format!("the buckets of {matcher:?}"), bounds, &mut mistakes);
        }
        for (at, (name, _)) in self.const_labels.iter().enumerate() {
            let before = &self.const_labels[..at];
            if name.is_empty() || sanitize_label_key(name) != *name {
                mistakes.push(format!("const label `{name}`: the name must match [a-zA-Z_][a-zA-Z0-9_]*"));
            } else if REFUSED.contains(&name.as_str())
                || matches!(name.as_str(), "le" | "quantile")
                || name.starts_with("__")
            {
                mistakes.push(format!("const label `{name}`: the name is reserved"));
            } else if label::ALL.contains(&name.as_str()) {
                mistakes
                    .push(format!("const label `{name}`: metrics of obs itself have a label of that name"));
            } else if before.iter().any(|(other, _)| other == name) {
                mistakes.push(format!("const label `{name}`: it is there twice"));
            }
        }
        if self.series_cap == 0 {
            mistakes.push("the series cap is zero".to_owned());
        }
        if !mistakes.is_empty() {
            return Err(BuildError { mistakes });
        }
        let mut overrides: Vec<_> =
            self.overrides.into_iter().map(|(matcher, bounds)| (sanitized(matcher), bounds)).collect();
        // Stable: of two that match alike the first given is tried first.
        overrides.sort_by_key(|(matcher, _)| match matcher {
            Matcher::Full(_) => 0,
            Matcher::Prefix(_) => 1,
            Matcher::Suffix(_) => 2,
        });
        let const_names = self.const_labels.iter().map(|(name, _)| name.clone()).collect();
        let rules = Rules { series_cap: self.series_cap, bounds: self.buckets, overrides, const_names };
        let values: Vec<_> =
            self.const_labels.iter().map(|(name, value)| (name, sanitize_label_value(value))).collect();
        let const_text =
            crate::text::render(values.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Ok(Recorder::new(self.base, rules, const_text, self.exemplars == Exemplars::On))
    }
}

fn sanitized(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::Full(name) => Matcher::Full(sanitize_metric_name(&name)),
        Matcher::Prefix(name) => Matcher::Prefix(sanitize_metric_name(&name)),
        // A suffix does not begin a name and may begin with a digit.
        Matcher::Suffix(name) => Matcher::Suffix(sanitize_metric_name(&format!("_{name}"))[1..].to_owned()),
    }
}

fn check_bounds(whose: &str, bounds: &[f64], mistakes: &mut Vec<String>) {
    if bounds.is_empty() {
        mistakes.push(format!("{whose}: there are none"));
    } else if let Some(bad) = bounds.iter().find(|bound| !bound.is_finite()) {
        mistakes.push(format!("{whose}: {bad} is no finite number (`+Inf` is added by itself)"));
    } else if let Some(pair) = bounds.windows(2).find(|pair| pair[0] >= pair[1]) {
        mistakes.push(format!("{whose}: {} is followed by {}, they must ascend", pair[0], pair[1]));
    }
}
