//! A span that is open: ids alone, or ids and what has been recorded. The engine behind every maker of user spans.
//!
//! A subscriber that has a span table of its own keeps a [`Span`] in each slot and calls, in the order of `tracing`:
//! [`Tracer::start`](crate::Tracer::start) and [`Span::describe`] at a new span; [`Draft::values`] without any lock,
//! then [`Span::record`] at a record; [`Draft::event`] without any lock, then [`Span::event`] at an event; and
//! [`Tracer::end`](crate::Tracer::end) when the span closes. Text is made by users' `Debug` only inside of a
//! [`Draft`], while nothing is borrowed or locked.

mod collected;
mod draft;
mod entered;
mod given;
mod recording;
mod special;
mod stored;

pub use draft::Draft;
pub use entered::Entered;
pub(crate) use given::Lists;
pub use given::{Given, Pointed};
pub(crate) use recording::Recording;
pub(crate) use stored::{StoredEvent, StoredLink};

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use obs_core::Clock;
use obs_core::context::{Context, Ids};
use obs_core::fields::Value;
use tracing_core::Metadata;
use tracing_core::span::Attributes;

use crate::tracer::Tracer;

/// An open span. Ends by [`Tracer::end`](crate::Tracer::end).
#[derive(Debug)]
#[must_use = "a span that is dropped is lost"]
pub struct Span {
    context: Context,
    recording: Option<Box<Recording>>,
    /// Whether anybody has gone by its ids.
    is_used: AtomicBool,
    /// Whether it stands for one that is recorded elsewhere.
    is_bound: bool,
}

impl Span {
    #[inline]
    pub(crate) fn unsampled(context: Context) -> Self {
        Self { context, recording: None, is_used: AtomicBool::new(false), is_bound: false }
    }

    pub(crate) fn recording(context: Context, recording: Box<Recording>) -> Self {
        Self { context, recording: Some(recording), is_used: AtomicBool::new(false), is_bound: false }
    }

    /// What to push onto the scope while its code runs.
    #[inline]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// As [`Span::context`], for whoever goes by its ids from here on: it can be put into no other trace any more.
    pub fn used(&self) -> &Context {
        self.is_used.store(true, Ordering::Relaxed);
        &self.context
    }

    /// Whether it stands for a span that is recorded elsewhere: [`Span::bound`].
    pub fn is_bound(&self) -> bool {
        self.is_bound
    }

    /// Whether what is set here goes anywhere.
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Whether another event will be kept. `false` for a span that does not record.
    pub fn has_room_for_event(&self) -> bool {
        self.recording.as_ref().is_some_and(|recording| recording.has_room())
    }

    /// Sets an attribute, or counts it when there is no room for it.
    #[inline]
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        if let Some(recording) = &mut self.recording {
            recording.set(key, value);
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

    /// Counts an attribute that is not taken.
    pub fn drop_attribute(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.dropped_attributes = recording.dropped_attributes.saturating_add(1);
        }
    }

    /// Points at another span, or counts the link when there is no room for it.
    pub fn link(&mut self, ids: Ids) {
        self.link_with(ids, &[]);
    }

    /// As [`Span::link`], with what is to be said about it.
    pub fn link_with(&mut self, ids: Ids, attributes: &[(&'static str, Value<'_>)]) {
        if let Some(recording) = &mut self.recording {
            recording.link(|rules| StoredLink::new(ids, attributes, rules));
        }
    }

    #[inline]
    pub(crate) fn finish(self, tracer: &Tracer) {
        let Self { context, recording, .. } = self;
        if let Some(recording) = recording {
            recording.hand_on(&context, tracer);
        }
    }
}
