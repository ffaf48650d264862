//! One scrape: families of the recorder and of the sources, merged in the order of their names and told one by one.

use std::borrow::Cow;
use std::sync::Arc;

use metrics::Unit;
use obs_core::keys::{Kind, Metric};

use super::gather::{Gathered, Number};
use crate::family::Family;
use crate::recorder::Inner;
use crate::registry::Description;
use crate::series::Value;
use crate::text;

/// How many series are copied out at a time. Registrations wait for that long and no longer.
const BATCH: usize = 64;

/// What is true of a whole family.
pub(crate) struct About<'a> {
    /// Without `_total`.
    pub(crate) name: &'a str,
    pub(crate) kind: Kind,
    /// Empty where nothing was said.
    pub(crate) help: &'a str,
    pub(crate) unit: Option<Unit>,
    /// Upper bounds without `+Inf`; empty but for histograms.
    pub(crate) bounds: &'a [f64],
    /// The labels that all its series have before their own, as they are written.
    pub(crate) const_labels: &'a str,
    /// Whether its series have labels of their own.
    pub(crate) labelled: bool,
}

/// One series at one time.
pub(crate) struct Point<'a> {
    /// Its own labels as they are written: `a="x",b="y"`; [`text::pairs`] takes them apart.
    pub(crate) labels: &'a [u8],
    pub(crate) value: Value<'a>,
    /// Since when it counts, in milliseconds since the Unix epoch; `None` where a source does not say.
    pub(crate) created: Option<u64>,
}

/// Learns of everything that is held; each point belongs to the family before it.
pub(crate) trait Visit {
    fn family(&mut self, about: &About<'_>);
    fn point(&mut self, point: &Point<'_>);
}

/// A family to be told: its own series by number, or what sources told.
enum Plan<'a> {
    Own(usize, Arc<Family>, Option<Arc<Description>>),
    Gathered(&'a Gathered),
}

impl Plan<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Own(_, family, _) => &family.name,
            Self::Gathered(gathered) => own_name(gathered.metric),
        }
    }
}

/// Tells `visitor` all families in the order of their names, and their series in the order of registration.
pub(crate) fn walk(recorder: &Inner, gathered: &[Gathered], visitor: &mut impl Visit) {
    let mut batch = Vec::with_capacity(BATCH);
    for plan in plans(recorder, gathered) {
        match &plan {
            Plan::Own(at, family, description) => {
                let (help, unit) = said(description.as_deref());
                let const_labels = recorder.const_labels.beside(&family.labels);
                visitor.family(&About {
                    name: &family.name,
                    kind: family.kind,
                    help,
                    unit,
                    bounds: &family.bounds,
                    const_labels: &const_labels,
                    labelled: !family.labels.is_empty(),
                });
                let mut done = 0;
                loop {
                    recorder.state().copy_series(*at, done, BATCH, &mut batch);
                    if batch.is_empty() {
                        break;
                    }
                    done += batch.len();
                    for series in batch.drain(..) {
                        let created = Some(recorder.shared.stamp_millis(series.created()));
                        visitor.point(&Point { labels: series.text(), value: series.value(), created });
                    }
                }
            }
            Plan::Gathered(Gathered { metric, samples }) => {
                let description = recorder.state().description(plan.name());
                let (help, unit) = description.as_deref().map_or((metric.help, None), |it| said(Some(it)));
                let const_labels: Cow<'_, str> = recorder.const_labels.beside(metric.labels);
                visitor.family(&About {
                    name: plan.name(),
                    kind: metric.kind,
                    help,
                    unit,
                    bounds: &[],
                    const_labels: &const_labels,
                    labelled: !metric.labels.is_empty(),
                });
                for (labels, number) in samples {
                    let value = match *number {
                        Number::Counter(count) => Value::Counter(count, None),
                        Number::Total(total) => Value::Total(total),
                        Number::Gauge(value) => Value::Gauge(value),
                    };
                    visitor.point(&Point { labels: labels.as_bytes(), value, created: None });
                }
            }
        }
    }
}

fn plans<'a>(recorder: &Inner, gathered: &'a [Gathered]) -> Vec<Plan<'a>> {
    let mut plans: Vec<Plan<'a>> = gathered.iter().map(Plan::Gathered).collect();
    let state = recorder.state();
    for (at, family) in state.families() {
        // A user may have registered it since the sources were asked.
        let told = gathered.iter().any(|other| *own_name(other.metric) == *family.name);
        if !told {
            plans.push(Plan::Own(at, Arc::clone(family), state.description(&family.name)));
        }
    }
    drop(state);
    plans.sort_by(|a, b| a.name().cmp(b.name()));
    plans
}

fn said(description: Option<&Description>) -> (&str, Option<Unit>) {
    description.map_or(("", None), |description| (&description.help, description.unit))
}

/// The name of one of our own families.
fn own_name(metric: &'static Metric) -> &'static str {
    text::family_name(metric.kind, metric.name)
}
