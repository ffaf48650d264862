//! Keeps spans for tests, bounded so that a forgotten one does not eat the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use obs_core::context::Ids;
use obs_core::fields::Value;
use obs_core::{SpanId, Timestamp};

use super::SpanSink;
use crate::record::{Attributes, Kind, List, Parent, SpanRecord, Status};

/// The first spans that finished, in the order they did. Clones share them.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    spans: Vec<FinishedSpan>,
    capacity: usize,
    dropped: u64,
}

/// A finished span that owns its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedSpan {
    /// Trace, span, flags.
    pub ids: Ids,
    /// The span above it.
    pub parent: Option<Parent>,
    /// What came from other vendors.
    pub trace_state: Option<String>,
    /// Its name.
    pub name: String,
    /// Its side of a call.
    pub kind: Kind,
    /// When it began.
    pub start: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// Its attributes in order.
    pub attributes: Vec<(String, Scalar)>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
    /// What happened in it.
    pub events: Vec<FinishedEvent>,
    /// Events beyond the limit.
    pub dropped_events: u32,
    /// Spans it points at.
    pub links: Vec<FinishedLink>,
    /// Links beyond the limit.
    pub dropped_links: u32,
    /// How it ended.
    pub status: FinishedStatus,
}

/// An event that owns its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedEvent {
    /// What.
    pub name: String,
    /// When.
    pub time: Timestamp,
    /// The rest.
    pub attributes: Vec<(String, Scalar)>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
}

/// A link that owns its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedLink {
    /// Trace, span, flags.
    pub ids: Ids,
    /// The trace state that came with it.
    pub trace_state: Option<String>,
    /// Whether it belongs to another process.
    pub remote: bool,
    /// What was said about it.
    pub attributes: Vec<(String, Scalar)>,
    /// Attributes beyond the limit.
    pub dropped_attributes: u32,
}

/// A status that owns its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishedStatus {
    /// Nobody said.
    Unset,
    /// Declared a success.
    Ok,
    /// An error and its description.
    Error(String),
}

/// A value that owns its text.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Text.
    Str(String),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A float.
    F64(f64),
    /// True or false.
    Bool(bool),
    /// Several of one kind.
    List(Vec<Self>),
}

impl Memory {
    /// Keeps the first 10,000 spans.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(10_000)
    }

    /// Keeps the first `spans`; later ones are counted only.
    #[must_use]
    pub fn with_capacity(spans: usize) -> Self {
        Self(Arc::new(Mutex::new(Kept { spans: Vec::new(), capacity: spans, dropped: 0 })))
    }

    /// A copy of all that is kept.
    pub fn spans(&self) -> Vec<FinishedSpan> {
        self.lock().spans.clone()
    }

    /// All that is kept; there is room again afterwards.
    pub fn take(&self) -> Vec<FinishedSpan> {
        std::mem::take(&mut self.lock().spans)
    }

    /// The kept span of this name, if there is exactly one.
    pub fn find(&self, name: &str) -> Option<FinishedSpan> {
        let kept = self.lock();
        let mut named = kept.spans.iter().filter(|span| span.name == name);
        let first = named.next()?;
        if named.next().is_none() { Some(first.clone()) } else { None }
    }

    /// Spans that found no room.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl SpanSink for Memory {
    fn export(&self, span: &SpanRecord<'_>) {
        let mut kept = self.lock();
        if kept.spans.len() < kept.capacity {
            kept.spans.push(FinishedSpan::from(span));
        } else {
            kept.dropped += 1;
        }
    }
}

impl FinishedSpan {
    /// The id of the span above.
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent.map(|parent| parent.span_id)
    }

    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Scalar> {
        self.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

impl From<&SpanRecord<'_>> for FinishedSpan {
    fn from(span: &SpanRecord<'_>) -> Self {
        Self {
            ids: span.ids,
            parent: span.parent,
            trace_state: span.trace_state.map(str::to_owned),
            name: span.name.to_string(),
            kind: span.kind,
            start: span.start,
            duration: span.duration,
            attributes: owned(span.attributes),
            dropped_attributes: span.dropped_attributes,
            events: span
                .events
                .iter()
                .map(|event| FinishedEvent {
                    name: event.name.to_owned(),
                    time: event.time,
                    attributes: owned(event.attributes),
                    dropped_attributes: event.dropped_attributes,
                })
                .collect(),
            dropped_events: span.dropped_events,
            links: span
                .links
                .iter()
                .map(|link| FinishedLink {
                    ids: link.ids,
                    trace_state: link.trace_state.map(str::to_owned),
                    remote: link.remote,
                    attributes: owned(link.attributes),
                    dropped_attributes: link.dropped_attributes,
                })
                .collect(),
            dropped_links: span.dropped_links,
            status: match span.status {
                Status::Unset => FinishedStatus::Unset,
                Status::Ok => FinishedStatus::Ok,
                Status::Error(description) => FinishedStatus::Error(description.to_owned()),
            },
        }
    }
}

fn owned(attributes: Attributes<'_>) -> Vec<(String, Scalar)> {
    let several = |list: &List| Scalar::List(list.iter().map(Scalar::from).collect());
    let lists = attributes.lists().map(|(key, list)| (key.to_owned(), several(list)));
    attributes.iter().map(|(key, value)| (key.to_owned(), value.into())).chain(lists).collect()
}

impl From<Value<'_>> for Scalar {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Str(text) => Self::Str(text.to_owned()),
            Value::I64(value) => Self::I64(value),
            Value::U64(value) => Self::U64(value),
            Value::F64(value) => Self::F64(value),
            Value::Bool(value) => Self::Bool(value),
        }
    }
}
