//! A subscriber layer such as services have: it counts the spans that are open.

use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer};

/// Keeps the gauge `open_spans`, and the counter `open_spans_seen_total` of each name.
#[derive(Debug)]
pub(crate) struct OpenSpans;

impl<S: tracing::Subscriber> Layer<S> for OpenSpans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        metrics::gauge!("open_spans").increment(1.0);
        metrics::counter!("open_spans_seen", "span" => attributes.metadata().name()).increment(1);
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        metrics::gauge!("open_spans").decrement(1.0);
    }
}
