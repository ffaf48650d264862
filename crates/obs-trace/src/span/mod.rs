//! A span that is open: ids alone, or ids and what has been recorded. The engine behind every maker of user spans.
//!
//! A subscriber that has a span table of its own keeps a [`Span`] in each slot and calls, in the order of `tracing`:
//! [`Tracer::start`](crate::Tracer::start) and [`Span::describe`] at a new span; [`Draft::values`] without any lock,
//! then [`Span::record`] at a record; [`Draft::event`] without any lock, then [`Span::event`] at an event; and
//! [`Tracer::end`](crate::Tracer::end) when the span closes. Text is made by users' `Debug` only inside of a
//! [`Draft`], while nothing is borrowed or locked.

mod draft;
mod recording;
mod special;

pub use draft::Draft;
pub(crate) use recording::StoredEvent;

use std::borrow::Cow;

use obs_core::context::{Context, Ids};
use obs_core::fields::Value;
use obs_core::{Clock, SpanId};
use tracing_core::Metadata;
use tracing_core::span::Attributes;

use crate::record::{Kind, Link};
use crate::sink::SpanSink;
use recording::Recording;

/// The most events one span keeps; further ones are counted in `dropped_events_count`.
pub const MAX_EVENTS: usize = 128;
/// The most links one span keeps; further ones are ignored.
pub const MAX_LINKS: usize = 32;

/// An open span. Ends by [`Tracer::end`](crate::Tracer::end).
#[derive(Debug)]
#[must_use = "a span that is dropped is lost"]
pub struct Span {
    context: Context,
    recording: Option<Box<Recording>>,
}

impl Span {
    pub(crate) fn unsampled(context: Context) -> Self {
        Self { context, recording: None }
    }

    pub(crate) fn recording(
        context: Context,
        parent: Option<SpanId>,
        name: Cow<'static, str>,
        kind: Kind,
        clock: &Clock,
    ) -> Self {
        Self { context, recording: Some(Recording::begin(parent, name, kind, clock)) }
    }

    /// What to push onto the scope while its code runs.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether what is set here goes anywhere.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Whether another event will be kept. `false` for a span that does not record.
    pub fn has_room_for_event(&self) -> bool {
        self.recording.as_ref().is_some_and(|recording| recording.has_room())
    }

    /// Sets an attribute.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        if let Some(recording) = &mut self.recording {
            recording.fields.set(key, value);
        }
    }

    /// Takes where a `tracing` span comes from, and its first fields. Runs users' `Debug`: call it before the span
    /// is in a table.
    pub fn describe(&mut self, attributes: &Attributes<'_>) {
        if let Some(recording) = &mut self.recording {
            recording.describe(attributes);
        }
    }

    /// Takes fields over from a draft.
    pub fn record(&mut self, draft: &mut Draft) {
        if let Some(recording) = &mut self.recording {
            recording.record(draft);
        }
    }

    /// Takes an event over from a draft, or counts it when there is no room for it.
    pub fn event(&mut self, metadata: &'static Metadata<'static>, draft: &mut Draft, clock: &Clock) {
        if let Some(recording) = &mut self.recording {
            recording.event(metadata, draft, clock);
        }
    }

    /// Counts an event there is no room for.
    pub fn drop_event(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.drop_event();
        }
    }

    /// Points at another span.
    pub fn link(&mut self, ids: Ids) {
        if let Some(recording) = &mut self.recording
            && recording.links.len() < MAX_LINKS
        {
            recording.links.push(Link { ids, trace_state: None, remote: false });
        }
    }

    pub(crate) fn finish(self, clock: &Clock, sink: &dyn SpanSink) {
        if let Some(recording) = self.recording {
            sink.export(&recording.view(&self.context, clock));
            recording.recycle();
        }
    }
}
