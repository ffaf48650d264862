//! The numbers of the base's sources, gathered for one scrape.

use std::sync::atomic::Ordering;

use metrics_exporter_prometheus::formatting::sanitize_label_value;
use obs_core::keys::{Metric, metric};
use obs_core::meter::Meter;

use crate::error::Rejection;
use crate::recorder::Inner;
use crate::text;

/// One family of one or several sources.
pub(super) struct Gathered {
    pub(super) metric: &'static Metric,
    /// Rendered labels and value; labels that come again are added up.
    pub(super) samples: Vec<(String, Number)>,
}

#[derive(Clone, Copy)]
pub(super) enum Number {
    Counter(u64),
    Gauge(f64),
}

/// Asks all sources, and the recorder for its own numbers. The families come in the order of their names.
pub(super) fn gather(recorder: &Inner) -> Vec<Gathered> {
    let mut gathering = Gathering { recorder, families: Vec::new() };
    recorder.base.sources.collect(&mut gathering);
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
        let (series, overflowed) = {
            let state = recorder.state();
            let overflowed = state
                .families()
                .map(|(_, family)| (family.sample_name(), family.overflowed.load(Ordering::Relaxed)));
            (state.len(), overflowed.filter(|&(_, count)| count > 0).collect::<Vec<_>>())
        };
        self.gauge(&metric::METRIC_SERIES, &[], series as f64);
        for (name, count) in overflowed {
            self.counter(&metric::METRIC_OVERFLOW, &[&name], count);
        }
        // Last, so that what the sources above did wrong is told in the same scrape.
        for (reason, count) in recorder.shared.rejected() {
            self.counter(&metric::METRIC_REJECTED, &[reason], count);
        }
    }

    fn add(&mut self, metric: &'static Metric, labels: &[&str], number: Number) {
        let recorder = self.recorder;
        let at = self.families.iter().position(|family| family.metric.name == metric.name);
        let fits = at.is_none_or(|at| self.families[at].metric == metric)
            && labels.len() == metric.labels.len()
            && !metric.labels.iter().any(|label| recorder.rules.const_names.iter().any(|name| name == label))
            && !recorder.state().in_the_way(metric);
        if !fits {
            return recorder.shared.reject(Rejection::Source);
        }
        let at = at.unwrap_or_else(|| {
            self.families.push(Gathered { metric, samples: Vec::new() });
            self.families.len() - 1
        });
        let values: Vec<_> = labels.iter().map(|value| sanitize_label_value(value)).collect();
        let labels = text::render(metric.labels.iter().copied().zip(values.iter().map(String::as_str)));
        let samples = &mut self.families[at].samples;
        match samples.iter_mut().find(|(known, _)| *known == labels) {
            Some((_, known)) => known.add(number),
            None => samples.push((labels, number)),
        }
    }
}

impl Number {
    fn add(&mut self, more: Self) {
        match (self, more) {
            (Self::Counter(count), Self::Counter(more)) => *count = count.wrapping_add(more),
            (Self::Gauge(value), Self::Gauge(more)) => *value += more,
            // One metric has one kind, and `Meter` a method for each.
            _ => {}
        }
    }
}

impl Meter for Gathering<'_> {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.add(metric, labels, Number::Counter(value));
    }

    fn gauge(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.add(metric, labels, Number::Gauge(value));
    }
}
