//! The engine as a layer of `tracing-subscriber`, for whoever stays on its registry.

use obs_core::context;
use obs_core::fields::Fields;
use obs_core::keys::target;
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Event, Metadata, Subscriber, metadata::LevelFilter};
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Filter, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::{Logs, SpanFragments};

impl Logs {
    /// This engine as a layer with its filter. Other layers see what it leaves out.
    pub fn layer<S>(&self) -> Filtered<LogLayer, LogLayer, S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        LogLayer(self.clone()).with_filter(LogLayer(self.clone()))
    }
}

/// Keeps the fields of spans and writes events. As a [`Filter`] it lets through what the engine looks at.
///
/// Made by [`Logs::layer`].
#[derive(Clone, Debug)]
pub struct LogLayer(Logs);

/// What is kept of a span.
struct Kept {
    /// The request or job it was opened in, if any: a guard that is held across an await must not put its fields onto
    /// another's lines.
    opened_in: Option<context::Context>,
    fields: Fields,
    fragments: SpanFragments,
    /// Whether its fields stand on lines that are written at once, or only on those that are recorded.
    is_written: bool,
}

impl Kept {
    /// Whether the request or job that is open now is the one it was opened in. A span that was opened outside of any
    /// belongs wherever it is entered, and a task outside of any may be one that was spawned from where it was opened.
    fn belongs_here(&self) -> bool {
        let Some(opened_in) = &self.opened_in else { return true };
        context::with_current(|current| current.is_beside(opened_in)).unwrap_or(true)
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if context::is_silenced() {
            return;
        }
        // Collected before anything of the registry is borrowed: printing a value is a user's code.
        let mut fields = Fields::new();
        fields.judge_by(&self.0.base().redaction);
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            // Under a span of another process it is a root of its own.
            let opened_in = context::current().filter(|open| !open.is_caller());
            let (fragments, is_written) = (SpanFragments::new(), self.0.writes(attributes.metadata()));
            span.extensions_mut().replace(Kept { opened_in, fields, fragments, is_written });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if context::is_silenced() {
            return;
        }
        let mut later = Fields::new();
        later.judge_by(&self.0.base().redaction);
        values.record(&mut later);
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        if let Some(kept) = extensions.get_mut::<Kept>() {
            kept.fields.merge(&later);
            kept.fragments.clear();
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        self.0.event(event, |spans| {
            for span in context.event_scope(event).into_iter().flatten() {
                if let Some(kept) = span.extensions_mut().get_mut::<Kept>()
                    && kept.belongs_here()
                {
                    if kept.is_written {
                        spans.add(&kept.fields, &mut kept.fragments);
                    } else {
                        spans.add_recorded(&kept.fields, &mut kept.fragments);
                    }
                }
            }
        });
    }
}

impl LogLayer {
    /// A request's span is there for other layers: what it says, lines say already.
    fn is_wanted(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata) && !(metadata.is_span() && metadata.target() == target::REQUEST)
    }
}

impl<S> Filter<S> for LogLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.is_wanted(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_wanted(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.max_level_hint())
    }
}
