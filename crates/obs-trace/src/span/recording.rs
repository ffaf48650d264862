//! What a sampled span has gathered, in memory that is used again by later spans of the thread.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use obs_core::context::Context;
use obs_core::fields::{Fields, Value};
use obs_core::keys::attribute;
use obs_core::time::Monotonic;
use obs_core::{Clock, SpanId, Timestamp};
use tracing_core::field::Visit;
use tracing_core::span::Attributes as TracingAttributes;
use tracing_core::{Field, Level, Metadata};

use super::special::{Code, Special, cut};
use super::{Draft, MAX_EVENTS};
use crate::record::{Attributes, Event, Events, Kind, Link, Name, Parent, SpanRecord, Status};

type Pair = (&'static str, Value<'static>);

const NO_PAIR: Pair = ("", Value::Bool(false));
const MESSAGE: &str = "message";

/// Recordings each thread keeps for later spans.
const SPARES: usize = 32;
/// A recording is kept only if it holds at most this many events and bytes of memory.
const SPARE_EVENTS: usize = 8;
const SPARE_BYTES: usize = 16 * 1_024;

#[derive(Debug)]
pub(crate) struct Recording {
    parent: Option<SpanId>,
    name: Cow<'static, str>,
    kind: Kind,
    start: Timestamp,
    begun: Monotonic,
    code: [Pair; 2],
    code_len: usize,
    pub(super) fields: Fields,
    /// The first `event_count` are in use; the rest keeps its memory.
    events: Vec<StoredEvent>,
    event_count: usize,
    dropped_events: u32,
    pub(super) links: Vec<Link<'static>>,
    special: Special,
    /// From an event of level ERROR.
    error: Option<String>,
}

/// One event of a `tracing` span.
#[derive(Debug)]
pub(crate) struct StoredEvent {
    time: Timestamp,
    name: &'static str,
    code: [Pair; 2],
    fields: Fields,
}

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes themselves are what is used again")]
    static POOL: Cell<Vec<Box<Recording>>> = const { Cell::new(Vec::new()) };
}

impl Recording {
    pub(super) fn begin(
        parent: Option<SpanId>,
        name: Cow<'static, str>,
        kind: Kind,
        clock: &Clock,
    ) -> Box<Self> {
        let (start, begun) = (clock.now(), clock.monotonic());
        let spare = POOL.try_with(|pool| {
            let mut spares = pool.take();
            let spare = spares.pop();
            pool.set(spares);
            spare
        });
        if let Some(mut spare) = spare.ok().flatten() {
            // Emptied when it was put there.
            (spare.parent, spare.name, spare.kind, spare.start, spare.begun) =
                (parent, name, kind, start, begun);
            return spare;
        }
        Box::new(Self {
            parent,
            name,
            kind,
            start,
            begun,
            code: [NO_PAIR; 2],
            code_len: 0,
            fields: Fields::new(),
            events: Vec::new(),
            event_count: 0,
            dropped_events: 0,
            links: Vec::new(),
            special: Special::default(),
            error: None,
        })
    }

    pub(super) fn recycle(mut self: Box<Self>) {
        let events = self.events.iter().map(|event| event.fields.capacity_bytes());
        let bytes = self.fields.capacity_bytes() + events.sum::<usize>();
        if self.events.len() > SPARE_EVENTS || bytes > SPARE_BYTES {
            return;
        }
        self.code_len = 0;
        self.fields.clear();
        self.event_count = 0;
        self.dropped_events = 0;
        self.links.clear();
        self.special = Special::default();
        self.error = None;
        let _ = POOL.try_with(|pool| {
            let mut spares = pool.take();
            if spares.len() < SPARES {
                spares.push(self);
            }
            pool.set(spares);
        });
    }

    pub(super) fn has_room(&self) -> bool {
        self.event_count < MAX_EVENTS
    }

    pub(super) fn drop_event(&mut self) {
        self.dropped_events = self.dropped_events.saturating_add(1);
    }

    pub(super) fn describe(&mut self, attributes: &TracingAttributes<'_>) {
        let metadata = attributes.metadata();
        self.code = [
            (attribute::CODE_NAMESPACE, Value::Str(metadata.module_path().unwrap_or_default())),
            (attribute::LEVEL, Value::Str(metadata.level().as_str())),
        ];
        self.code_len = 2;
        attributes.record(&mut FirstFields { fields: &mut self.fields, special: &mut self.special });
    }

    pub(super) fn record(&mut self, draft: &mut Draft) {
        for (key, (_, value)) in draft.keys.iter().zip(draft.fields.iter()) {
            self.fields.set(*key, value);
        }
        self.special.merge(std::mem::take(&mut draft.special));
    }

    pub(super) fn event(&mut self, metadata: &'static Metadata<'static>, draft: &mut Draft, clock: &Clock) {
        if *metadata.level() == Level::ERROR {
            // Also for an event there is no room for: the status must not depend on that.
            let text = ["error", "err", MESSAGE].into_iter().find_map(|key| draft.fields.find(key));
            let text = if let Some(Value::Str(text)) = text { cut(text) } else { "" };
            self.error = Some(text.to_owned());
        }
        if !self.has_room() {
            return self.drop_event();
        }
        let event = StoredEvent {
            time: clock.now(),
            name: metadata.name(),
            code: [
                (attribute::LEVEL, Value::Str(metadata.level().as_str())),
                (attribute::TARGET, Value::Str(metadata.target())),
            ],
            fields: Fields::new(),
        };
        let slot = match self.events.get_mut(self.event_count) {
            Some(slot) => {
                let mut fields = std::mem::take(&mut slot.fields);
                fields.clear();
                *slot = StoredEvent { fields, ..event };
                slot
            }
            None => {
                self.events.push(event);
                let Some(slot) = self.events.last_mut() else { return };
                slot
            }
        };
        std::mem::swap(&mut slot.fields, &mut draft.fields);
        self.event_count += 1;
    }

    pub(super) fn view<'a>(&'a self, context: &'a Context, clock: &Clock) -> SpanRecord<'a> {
        let Self { special, error, .. } = self;
        let description = special.description.as_deref();
        let status = match special.code {
            Some(Code::Ok) => Status::Ok,
            Some(Code::Unset) => Status::Unset,
            Some(Code::Error) => Status::Error(description.or(error.as_deref()).unwrap_or_default()),
            None => description.or(error.as_deref()).map_or(Status::Unset, Status::Error),
        };
        SpanRecord {
            ids: context.ids(),
            parent: self.parent.map(|span_id| Parent { span_id, remote: false }),
            trace_state: context.local().trace_state().map(obs_core::propagate::TraceState::as_str),
            name: Name::from(special.name.as_deref().unwrap_or(&self.name)),
            kind: special.kind.unwrap_or(self.kind),
            start: self.start,
            duration: clock.monotonic().since(self.begun),
            attributes: Attributes::new(self.code.get(..self.code_len).unwrap_or_default()).and(&self.fields),
            events: Events::stored(self.events.get(..self.event_count).unwrap_or_default()),
            dropped_events: self.dropped_events,
            links: &self.links,
            status,
        }
    }
}

impl StoredEvent {
    pub(crate) fn view(&self) -> Event<'_> {
        let attributes = Attributes::new(&self.code).and(&self.fields);
        match self.fields.find(MESSAGE) {
            Some(Value::Str(message)) => {
                Event { name: message, time: self.time, attributes: attributes.without(MESSAGE) }
            }
            _ => Event { name: self.name, time: self.time, attributes },
        }
    }
}

/// Reads a new span's fields straight into its recording, which nobody else can see yet.
struct FirstFields<'a> {
    fields: &'a mut Fields,
    special: &'a mut Special,
}

impl Visit for FirstFields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.record_f64(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.record_i64(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.record_u64(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.record_bool(field, value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        if Special::is_key(field.name()) {
            self.special.set(field.name(), value);
        } else {
            self.fields.record_str(field, value);
        }
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.fields.record_error(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if Special::is_key(field.name()) {
            self.special.set_debug(field.name(), value);
        } else {
            self.fields.record_debug(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin() -> Box<Recording> {
        Recording::begin(None, Cow::Borrowed("a"), Kind::Internal, &Clock::system())
    }

    fn spares() -> usize {
        let spares = POOL.take();
        let count = spares.len();
        POOL.set(spares);
        count
    }

    #[test]
    fn a_recording_is_used_again_unless_it_holds_much_memory() {
        let mut small = begin();
        small.fields.set("a", Value::Str("short"));
        small.recycle();
        assert_eq!(spares(), 1);
        let mut large = begin();
        assert_eq!((spares(), large.fields.len()), (0, 0));
        // What was refused or replaced has left its memory behind.
        large.fields.set("a", Value::Str(&"x".repeat(SPARE_BYTES + 1)));
        large.fields.clear();
        large.recycle();
        assert_eq!(spares(), 0);
    }
}
