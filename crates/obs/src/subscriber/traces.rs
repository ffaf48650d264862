//! What the subscriber asks of traces.

use obs_core::context::{self, Context};
use obs_core::fields::Fields;
use obs_core::propagate::Remote;
use obs_core::redact::Rules;
use obs_trace::layer::TraceLayer;
use obs_trace::span::{Draft, Span};
use obs_trace::{Kind, Tracer};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Id, Level, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use super::Fused;
use super::compose::SignalLayer;
use super::key::Key;
use super::slab::Data;
use super::target_filter::TargetFilter;
use crate::signals::traces::Part;

/// The engine of traces and which call sites it looks at.
#[derive(Debug, Default)]
pub(super) struct Traces(Option<Engine>);

#[derive(Debug)]
struct Engine {
    tracer: Tracer,
    filter: TargetFilter,
}

/// A span as it is traced; nothing where the call site is not looked at.
#[derive(Debug, Default)]
pub(super) struct Traced(Option<Span>);

impl Traced {
    /// Its own context.
    #[inline]
    pub(super) fn context(&self) -> Option<&Context> {
        self.0.as_ref().map(Span::context)
    }

    /// The same for whoever goes by it from here on.
    #[inline]
    pub(super) fn used(&self) -> Option<&Context> {
        self.0.as_ref().map(Span::used)
    }

    #[inline]
    pub(super) fn is_recording(&self) -> bool {
        self.0.as_ref().is_some_and(Span::is_recording)
    }

    pub(super) fn describe(&mut self, metadata: &'static Metadata<'static>, fields: &Fields) {
        if let Some(span) = &mut self.0 {
            span.describe_by(metadata, fields);
        }
    }

    pub(super) fn record(&mut self, fields: &Fields) {
        if let Some(span) = &mut self.0 {
            span.record_by(fields);
        }
    }

    pub(super) fn follow(&mut self, followed: &Context) {
        if let Some(span) = &mut self.0 {
            span.link(followed.ids());
        }
    }
}

/// What becomes of an event at a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The span is not traced: the one above it is asked.
    Above,
    /// It is not this span's, or the span does not record.
    Nowhere,
    /// It is read and kept.
    Kept,
}

impl Traces {
    pub(super) fn of(part: &Part) -> Self {
        Self(Some(Engine { tracer: part.tracer().clone(), filter: part.filter().clone() }))
    }

    pub(super) fn rules(&self) -> Option<&Rules> {
        self.0.as_ref().map(|engine| &engine.tracer.base().redaction)
    }

    pub(super) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.0.as_ref().is_some_and(|engine| engine.filter.wants(metadata))
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        self.0.as_ref().map_or(LevelFilter::OFF, |engine| engine.filter.max_level())
    }

    /// Begins a span under `parent`.
    #[inline]
    pub(super) fn start(&self, parent: Option<&Context>, metadata: &'static Metadata<'static>) -> Traced {
        Traced(self.0.as_ref().map(|engine| engine.tracer.start(parent, metadata.name(), Kind::Internal)))
    }

    /// Ends a span and hands it on.
    #[inline]
    pub(super) fn end(&self, traced: Traced) {
        if let (Some(engine), Some(span)) = (&self.0, traced.0) {
            engine.tracer.end(span);
        }
    }

    /// Decides about an event at a span of the chain it stands in; counts it where there is no room.
    pub(super) fn fate(event: &Event<'_>, data: &mut Data) -> Fate {
        let Some(span) = &mut data.traced.0 else { return Fate::Above };
        // A guard held across an await may have left its span open for what runs next on this thread; and within a
        // native span it is that one's.
        let elsewhere = event.is_contextual()
            && context::current_ids().is_none_or(|ids| ids.span_id != span.context().span_id());
        if !span.is_recording() || elsewhere {
            return Fate::Nowhere;
        }
        // The status must not depend on room, so an error is read in any case.
        if *event.metadata().level() != Level::ERROR && !span.has_room_for_event() {
            span.drop_event();
            return Fate::Nowhere;
        }
        Fate::Kept
    }

    /// Reads an event and hands `keep` what puts it into its span.
    pub(super) fn read(&self, event: &Event<'_>, keep: impl FnOnce(&mut dyn FnMut(&mut Data))) {
        let Some(engine) = &self.0 else { return };
        let base = engine.tracer.base();
        Draft::event(event, &base.redaction, |draft| {
            keep(&mut |data| {
                if let Some(span) = &mut data.traced.0 {
                    span.event(event.metadata(), draft, &base.clock);
                }
            });
        });
    }
}

/// The same engine as a layer beside others.
pub(super) fn layer(part: &Part) -> Option<SignalLayer> {
    Some(TraceLayer::new(part.tracer()).with_filter(part.filter().clone()).boxed())
}

impl Fused {
    /// Lends a span as it is traced, which runs no code of a user's. `None` where it is not, as where it is a request's own.
    pub(crate) fn traced<R>(&self, span: &Id, with: impl FnOnce(&mut Span) -> R) -> Option<R> {
        let key = Key::of(self.instance, span)?;
        self.slab.with(key, |data| data.traced.0.as_mut().map(with)).flatten()
    }

    /// The request that a span stands for, where it does.
    pub(crate) fn request(&self, span: &Id) -> Option<Context> {
        let key = Key::of(self.instance, span).filter(|key| key.is_proxy())?;
        self.context_of(key).flatten()
    }

    /// What a span opens.
    pub(crate) fn opened(&self, span: &Id) -> Option<Context> {
        self.context_of(Key::of(self.instance, span)?).flatten()
    }

    /// Puts a span that nobody goes by under one of another process.
    pub(crate) fn adopt(&self, span: &Id, remote: &Remote) -> Option<bool> {
        let (key, engine) = (Key::of(self.instance, span)?, self.traces.0.as_ref()?);
        let adopt = |data: &mut Data| {
            let metadata = data.metadata?;
            let fields = data.on_lines.then_some(&data.fields);
            Some(engine.tracer.adopt(data.traced.0.as_mut()?, remote, metadata, fields))
        };
        self.slab.with(key, adopt).flatten()
    }

    /// Spans by this engine, of the call sites that `filter` lets through; default none.
    pub fn traces(mut self, tracer: &Tracer, filter: Targets) -> Self {
        let filter = TargetFilter::new(filter);
        self.rules = tracer.base().redaction.clone();
        self.traces = Traces(Some(Engine { tracer: tracer.clone(), filter }));
        self
    }
}
