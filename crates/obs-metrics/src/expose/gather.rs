//! The numbers of the base's sources, gathered for one scrape.

use std::sync::atomic::Ordering;

use obs_core::keys::{Kind, Metric, metric};
use obs_core::meter::Meter;

use crate::error::Rejection;
use crate::recorder::Inner;
use crate::text::{self, Canonical};

/// One family of one or several sources.
pub(super) struct Gathered {
    pub(super) metric: &'static Metric,
    /// Rendered labels and value; labels that come again are added up.
    pub(super) samples: Vec<(String, Number)>,
}

#[derive(Clone, Copy)]
pub(super) enum Number {
    Counter(u64),
    /// A counter's too, but no whole number.
    Total(f64),
    Gauge(f64),
}

/// Asks all sources, and the recorder for its own numbers. The families come in the order of their names.
pub(super) fn gather(recorder: &Inner) -> Vec<Gathered> {
    let mut gathering = Gathering { recorder, families: Vec::new() };
    for _ in 0..recorder.base.sources.collect(&mut gathering) {
        recorder.shared.reject(Rejection::Source);
    }
    gathering.own();
    let mut families = gathering.families;
    let name = |family: &Gathered| text::family_name(family.metric.kind, family.metric.name);
    families.sort_by(|a, b| name(a).cmp(name(b)));
    families
}

struct Gathering<'a> {
    recorder: &'a Inner,
    families: Vec<Gathered>,
}

impl Gathering<'_> {
    fn own(&mut self) {
        let recorder = self.recorder;
        let (series, cap, overflowed) = {
            let state = recorder.state();
            let overflowed = state
                .families()
                .map(|(_, family)| (family.sample_name(), family.overflowed.load(Ordering::Relaxed)));
            (state.len(), state.total_cap(), overflowed.filter(|&(_, count)| count > 0).collect::<Vec<_>>())
        };
        self.gauge(&metric::METRIC_SERIES, &[], series as f64);
        self.gauge(&metric::METRIC_SERIES_CAP, &[], cap as f64);
        if let Some(expired) = recorder.expiry.expired() {
            self.counter(&metric::METRIC_EXPIRED, &[], expired);
        }
        for (name, count) in overflowed {
            self.counter(&metric::METRIC_OVERFLOW, &[&name], count);
        }
        for (format, scrapes, seconds, bytes) in recorder.scrapes.costs() {
            let labels = [format.as_str()];
            self.counter(&metric::METRIC_SCRAPES, &labels, scrapes);
            self.counter_f64(&metric::METRIC_SCRAPE_SECONDS, &labels, seconds);
            self.gauge(&metric::METRIC_SCRAPE_BYTES, &labels, bytes as f64);
        }
        // Last, so that what the sources above did wrong is told in the same scrape.
        for (reason, count) in recorder.shared.rejected() {
            self.counter(&metric::METRIC_REJECTED, &[reason], count);
        }
    }

    fn add(&mut self, metric: &'static Metric, labels: &[&str], number: Number) {
        let known = self.families.iter().position(|family| family.metric.name == metric.name);
        let fits = number.fits(metric.kind)
            && labels.len() == metric.labels.len()
            && known.map_or_else(|| !self.is_taken(metric), |at| self.families[at].metric == metric)
            && !self.recorder.state().in_the_way(metric);
        let Some(labels) = fits.then(|| written(metric, labels)).flatten() else {
            return self.recorder.shared.reject(Rejection::Source);
        };
        let at = known.unwrap_or_else(|| {
            self.families.push(Gathered { metric, samples: Vec::new() });
            self.families.len() - 1
        });
        let samples = &mut self.families[at].samples;
        match samples.iter_mut().find(|(known, _)| *known == labels) {
            Some((_, known)) => known.add(number),
            None => samples.push((labels, number)),
        }
    }

    /// Whether a source told of a family before that would write a sample of the same name.
    fn is_taken(&self, metric: &Metric) -> bool {
        let occupied = |metric: &Metric| {
            text::occupied(metric.kind, text::family_name(metric.kind, metric.name)).collect::<Vec<_>>()
        };
        let wanted = occupied(metric);
        self.families.iter().any(|family| occupied(family.metric).iter().any(|name| wanted.contains(name)))
    }
}

/// The labels as a sample has them; `None` for names that a registration would not be let through with, or not
/// unchanged.
fn written(metric: &Metric, values: &[&str]) -> Option<String> {
    let labels = metric.labels.iter().copied().zip(values.iter().copied());
    let canonical = Canonical::new(metric.kind, metric.name, labels).ok()?;
    let labels = || canonical.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let unchanged =
        canonical.spelling == metric.name && labels().map(|(name, _)| name).eq(metric.labels.iter().copied());
    unchanged.then(|| text::render(labels()))
}

impl Number {
    /// Whether a family of this kind may have it: a counter is never below zero or no number (OpenMetrics 1.0,
    /// section "Counter").
    fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Counter(_) => kind == Kind::Counter,
            Self::Total(value) => kind == Kind::Counter && value >= 0.0,
            Self::Gauge(_) => kind == Kind::Gauge,
        }
    }

    fn add(&mut self, more: Self) {
        *self = match (*self, more) {
            (Self::Counter(count), Self::Counter(more)) => Self::Counter(count.wrapping_add(more)),
            (Self::Counter(count), Self::Total(more)) | (Self::Total(more), Self::Counter(count)) => {
                Self::Total(count as f64 + more)
            }
            (Self::Total(value), Self::Total(more)) => Self::Total(value + more),
            (Self::Gauge(value), Self::Gauge(more)) => Self::Gauge(value + more),
            // A family has one kind, and only what fits it gets here.
            (known, _) => known,
        };
    }
}

impl Meter for Gathering<'_> {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.add(metric, labels, Number::Counter(value));
    }

    fn gauge(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.add(metric, labels, Number::Gauge(value));
    }

    fn counter_f64(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.add(metric, labels, Number::Total(value));
    }
}
