//! A Layer that makes spans of `tracing` spans on any `Registry`: the engine of [`span`](crate::span), and nothing
//! kept but one [`Span`] in each span's extensions.
//!
//! - The parent is the one named at the call, else the innermost open context, whatever opened it; without one a new
//!   trace begins and the sampler decides. Children keep the decision of their trace.
//! - A span that is not sampled is ids only: fields and events are not looked at.
//! - Fields become attributes; those recorded later replace earlier ones. `otel.name`, `otel.kind`,
//!   `otel.status_code` and `otel.status_description` (or `otel.status_message`) set the span itself, at any time before it
//!   closes.
//! - An event inside of a span is kept with it, named by its message. One of level ERROR makes the span an error,
//!   described by its field `error` or `err` or else by its message, unless `otel.status_code` says `ok`, which is
//!   final; `unset` changes nothing.
//! - Fields set on the whole request or job ([`Local::set_field`](obs_core::context::Local::set_field)) become
//!   attributes of a local root made here; a key the span has itself stays the span's.
//! - What is beyond the tracer's [`Limits`](crate::Limits) is left out and counted.
//! - A span ends when it closes, that is when its last handle is gone.
//! - A span with the target [`target::REQUEST`] stands for the request it is opened in, which has a span already.
//! - Work of telemetry itself (see [`context::is_silenced`]) is ignored.

use obs_core::context::{self, Context};
use obs_core::keys::target;
use obs_core::redact::Rules;
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context as Ctx, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::record::Kind;
use crate::span::{Draft, Span};
use crate::tracer::Tracer;

/// Makes spans by a [`Tracer`].
#[derive(Clone, Debug)]
pub struct TraceLayer {
    tracer: Tracer,
}

impl TraceLayer {
    /// A layer that samples and exports by `tracer`.
    pub fn new(tracer: &Tracer) -> Self {
        Self { tracer: tracer.clone() }
    }

    /// What it makes spans by.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    fn rules(&self) -> &Rules {
        &self.tracer.base().redaction
    }
}

/// Reads from this layer's part of a span, while its extensions are locked: `read` runs no code of a user's.
fn read<'a, S: LookupSpan<'a>, R>(span: &SpanRef<'a, S>, read: impl FnOnce(&Span) -> R) -> Option<R> {
    span.extensions().get::<Span>().map(read)
}

fn write<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>, write: impl FnOnce(&mut Span)) {
    if let Some(span) = span.extensions_mut().get_mut::<Span>() {
        write(span);
    }
}

/// For a child, or for those who run inside of it.
fn context_of<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<Context> {
    read(span, |span| span.used().clone())
}

impl<S> Layer<S> for TraceLayer
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Ctx<'_, S>) {
        if context::is_silenced() {
            return;
        }
        let Some(handle) = ctx.span(id) else { return };
        if let (target::REQUEST, Some(request)) = (attributes.metadata().target(), context::current()) {
            return handle.extensions_mut().insert(Span::bound(request));
        }
        let parent = match attributes.parent() {
            Some(parent) => ctx.span(parent).and_then(|parent| context_of(&parent)),
            None if attributes.is_contextual() => context::current(),
            None => None,
        };
        let mut span = self.tracer.start(parent.as_ref(), attributes.metadata().name(), Kind::Internal);
        // Users' `Debug` runs here, before the span is where anybody could see or lock it.
        span.describe(attributes);
        handle.extensions_mut().insert(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Ctx<'_, S>) {
        let Some(handle) = ctx.span(id) else { return };
        if read(&handle, Span::is_recording) == Some(true) {
            Draft::values(values, self.rules(), |draft| write(&handle, |span| span.record(draft)));
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, ctx: Ctx<'_, S>) {
        let (Some(handle), Some(followed)) = (ctx.span(id), ctx.span(follows)) else { return };
        if let Some(ids) = read(&followed, |span| span.used().ids()) {
            write(&handle, |span| span.link(ids));
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Ctx<'_, S>) {
        if context::is_silenced() {
            return;
        }
        let Some(handle) = ctx.event_span(event) else { return };
        // A guard held across an await leaves its span current for the registry, but not in our scope: an event of
        // whatever runs next on this thread is not that span's.
        let elsewhere = |span: &Span| {
            event.is_contextual()
                && context::current_ids().is_none_or(|ids| ids.span_id != span.context().span_id())
        };
        if read(&handle, |span| span.is_recording() && !elsewhere(span)) != Some(true) {
            return;
        }
        // The status must not depend on room, so an error is read in any case.
        let level = *event.metadata().level();
        if level != Level::ERROR && read(&handle, Span::has_room_for_event) == Some(false) {
            return write(&handle, Span::drop_event);
        }
        let clock = &self.tracer.base().clock;
        Draft::event(event, self.rules(), |draft| {
            write(&handle, |span| span.event(event.metadata(), draft, clock));
        });
    }

    fn on_enter(&self, id: &Id, ctx: Ctx<'_, S>) {
        if let Some(context) = ctx.span(id).and_then(|handle| context_of(&handle)) {
            context::push(context);
        }
    }

    fn on_exit(&self, id: &Id, ctx: Ctx<'_, S>) {
        if let Some(span_id) = ctx.span(id).and_then(|handle| read(&handle, |span| span.context().span_id()))
        {
            context::leave(span_id);
        }
    }

    fn on_close(&self, id: Id, ctx: Ctx<'_, S>) {
        let span = ctx.span(&id).and_then(|handle| handle.extensions_mut().remove::<Span>());
        if let Some(span) = span {
            self.tracer.end(span);
        }
    }
}
