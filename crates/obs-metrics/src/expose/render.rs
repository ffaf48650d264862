//! One scrape: families of the recorder and of the sources, merged in the order of their names.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use obs_core::keys::Metric;

use super::Format;
use super::encoder::Encoder;
use super::gather::{self, Gathered};
use crate::family::Family;
use crate::registry::Description;
use crate::{Recorder, text};

/// How many series are copied out at a time. Registrations wait for that long and no longer.
const BATCH: usize = 64;

/// A family to be written: its own series by number, or what sources told.
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

pub(crate) fn render(recorder: &Recorder, format: Format) -> Vec<u8> {
    let recorder = &*recorder.0;
    let gathered = gather::gather(recorder);
    let mut plans: Vec<Plan<'_>> = gathered.iter().map(Plan::Gathered).collect();
    {
        let state = recorder.state();
        for (at, family) in state.families() {
            // A user may have registered it since the sources were asked.
            let told = gathered.iter().any(|other| *own_name(other.metric) == *family.name);
            if !told {
                plans.push(Plan::Own(at, Arc::clone(family), state.description(&family.name)));
            }
        }
    }
    plans.sort_by(|a, b| a.name().cmp(b.name()));

    // A little more than last time; most of a service's series are there after the first scrape.
    let last = recorder.last_len.load(Ordering::Relaxed);
    let mut encoder = Encoder::new(format, &recorder.const_labels, last + last / 8 + 1_024);
    let mut batch = Vec::with_capacity(BATCH);
    for plan in &plans {
        match plan {
            Plan::Own(at, family, description) => {
                let Family { name, kind, labels, bounds, .. } = &**family;
                encoder.family(name, *kind, labels, bounds, description.as_deref());
                let mut done = 0;
                loop {
                    recorder.state().copy_series(*at, done, BATCH, &mut batch);
                    if batch.is_empty() {
                        break;
                    }
                    done += batch.len();
                    for series in batch.drain(..) {
                        encoder.series(&*series);
                    }
                }
            }
            Plan::Gathered(Gathered { metric, samples }) => {
                let described = recorder.state().description(plan.name());
                let description = described
                    .unwrap_or_else(|| Arc::new(Description { help: metric.help.to_owned(), unit: None }));
                encoder.family(plan.name(), metric.kind, metric.labels, &[], Some(&*description));
                for (labels, number) in samples {
                    encoder.number(labels, *number);
                }
            }
        }
    }
    let out = encoder.finish();
    recorder.last_len.store(out.len(), Ordering::Relaxed);
    out
}

/// The name of one of our own families.
fn own_name(metric: &'static Metric) -> &'static str {
    text::family_name(metric.kind, metric.name)
}
