//! What a sampled span has gathered, in memory that is used again by later spans of the thread.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use obs_core::context::Context;
use obs_core::fields::{Fields, Value};
use obs_core::keys::attribute;
use obs_core::redact::Rules;
use obs_core::time::Monotonic;
use obs_core::{Base, Clock, Outcome, Timestamp};
use tracing_core::field::Visit;
use tracing_core::span::Attributes as TracingAttributes;
use tracing_core::{Field, Level, Metadata};

use super::special::{Code, Special, clean, cut};
use super::{Draft, Lists, StoredEvent, StoredLink};
use crate::limits::Limits;
use crate::record::{Attributes, Events, Kind, Links, Name, Parent, SpanRecord, Status};
use crate::tail::RootEnd;
use crate::tracer::Tracer;

pub(super) type Pair = (&'static str, Value<'static>);

const NO_PAIR: Pair = ("", Value::Bool(false));
pub(super) const MESSAGE: &str = "message";

/// Recordings each thread keeps for later spans.
const SPARES: usize = 32;
/// A recording is kept only if it holds at most this many events, links and bytes of memory.
const SPARE_EVENTS: usize = 8;
const SPARE_LINKS: usize = 8;
const SPARE_BYTES: usize = 16 * 1_024;

#[derive(Debug)]
pub(crate) struct Recording {
    pub(super) parent: Option<Parent>,
    name: Cow<'static, str>,
    kind: Kind,
    pub(super) start: Timestamp,
    begun: Monotonic,
    /// When it ended, where that is said instead of measured.
    pub(super) end: Option<Timestamp>,
    pub(super) limits: Limits,
    code: [Pair; 2],
    pub(super) code_len: usize,
    pub(super) fields: Fields,
    /// Keys of several values.
    pub(super) lists: Lists,
    pub(super) dropped_attributes: u32,
    /// The first `event_count` are in use; the rest keeps its memory.
    events: Vec<StoredEvent>,
    event_count: usize,
    dropped_events: u32,
    pub(super) links: Vec<StoredLink>,
    dropped_links: u32,
    pub(super) special: Special,
    /// From an event of level ERROR.
    error: Option<String>,
}

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes themselves are what is used again")]
    static POOL: RefCell<Vec<Box<Recording>>> = const { RefCell::new(Vec::new()) };
}

impl Recording {
    pub(crate) fn begin(
        parent: Option<Parent>,
        name: Cow<'static, str>,
        kind: Kind,
        limits: &Limits,
        base: &Base,
    ) -> Box<Self> {
        let Base { clock, redaction, .. } = base;
        let (start, begun) = clock.moment();
        let name = match name {
            // The program's own text.
            Cow::Borrowed(_) => name,
            Cow::Owned(name) => Cow::Owned(clean(&name, redaction)),
        };
        let spare = POOL.try_with(|pool| pool.try_borrow_mut().ok()?.pop());
        if let Some(mut spare) = spare.ok().flatten() {
            // Emptied when it was put there.
            (spare.parent, spare.name, spare.kind, spare.start, spare.begun) =
                (parent, name, kind, start, begun);
            spare.limits = *limits;
            spare.fields.judge_by(redaction);
            return spare;
        }
        let mut fields = Fields::new();
        fields.judge_by(redaction);
        Box::new(Self {
            parent,
            name,
            kind,
            start,
            begun,
            end: None,
            limits: *limits,
            code: [NO_PAIR; 2],
            code_len: 0,
            fields,
            lists: Lists::new(),
            dropped_attributes: 0,
            events: Vec::new(),
            event_count: 0,
            dropped_events: 0,
            links: Vec::new(),
            dropped_links: 0,
            special: Special::default(),
            error: None,
        })
    }

    /// Ends it: what waits under a local root is settled, and a span that is kept goes to the sink.
    pub(super) fn hand_on(mut self: Box<Self>, context: &Context, tracer: &Tracer) {
        let clock = &tracer.base().clock;
        if !self.is_local_root() {
            tracer.pass(context, &self.view(context, None, clock));
        } else if self.settle(context, tracer) {
            let shared = Draft::of_local(context.local());
            // It was judged just now.
            tracer.export(&self.view(context, shared.as_deref().map(Draft::fields), clock));
            if let Some(shared) = shared {
                shared.put_back();
            }
        }
        self.recycle();
    }

    pub(super) fn recycle(mut self: Box<Self>) {
        let events = self.events.iter().map(|event| event.fields.capacity_bytes());
        let bytes = self.fields.capacity_bytes() + events.sum::<usize>();
        if self.events.len() > SPARE_EVENTS || self.links.len() > SPARE_LINKS || bytes > SPARE_BYTES {
            return;
        }
        self.name = Cow::Borrowed("");
        self.end = None;
        self.code_len = 0;
        self.fields.clear();
        // Few spans have any.
        self.lists = Lists::new();
        self.dropped_attributes = 0;
        // Those behind were emptied before.
        self.events.iter_mut().take(self.event_count).for_each(StoredEvent::empty);
        self.event_count = 0;
        self.dropped_events = 0;
        self.links.clear();
        self.dropped_links = 0;
        self.special = Special::default();
        self.error = None;
        let _ = POOL.try_with(|pool| {
            if let Ok(mut spares) = pool.try_borrow_mut()
                && spares.len() < SPARES
            {
                spares.push(self);
            }
        });
    }

    pub(super) fn has_room(&self) -> bool {
        self.event_count < self.limits.events
    }

    pub(super) fn drop_event(&mut self) {
        self.dropped_events = self.dropped_events.saturating_add(1);
    }

    /// Whether nothing of this process is above it.
    pub(super) fn is_local_root(&self) -> bool {
        self.parent.is_none_or(|parent| parent.remote)
    }

    pub(super) fn set(&mut self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        let key = key.into();
        if self.has_place(&key) {
            if !self.lists.is_empty() {
                self.lists.retain(|(known, _)| *known != key);
            }
            self.fields.set(key, value);
        }
    }

    /// Whether `key` may be set: it is known, or there is room for it. Counts it where not.
    #[inline]
    pub(super) fn has_place(&mut self, key: &str) -> bool {
        let room = self.code_len + self.fields.len() + self.lists.len() < self.limits.attributes;
        room || self.is_known(key)
    }

    #[cold]
    fn is_known(&mut self, key: &str) -> bool {
        let known = self.fields.find(key).is_some() || self.lists.iter().any(|(known, _)| known == key);
        self.dropped_attributes = self.dropped_attributes.saturating_add(u32::from(!known));
        known
    }

    pub(super) fn link(&mut self, make: impl FnOnce(&Rules) -> StoredLink) {
        if self.links.len() < self.limits.links {
            self.links.push(make(self.fields.rules()));
        } else {
            self.dropped_links = self.dropped_links.saturating_add(1);
        }
    }

    pub(super) fn describe(&mut self, attributes: &TracingAttributes<'_>) {
        self.place(attributes.metadata());
        attributes.record(&mut FirstFields(self));
    }

    /// Where in the code the span comes from.
    pub(super) fn place(&mut self, metadata: &'static Metadata<'static>) {
        self.code = [
            (attribute::CODE_NAMESPACE, Value::Str(metadata.module_path().unwrap_or_default())),
            (attribute::LEVEL, Value::Str(metadata.level().as_str())),
        ];
        self.code_len = self.code.len();
    }

    pub(super) fn record(&mut self, draft: &mut Draft) {
        for (key, (_, value)) in draft.keys.iter().zip(draft.fields.iter()) {
            self.set(*key, value);
        }
        self.special.merge(std::mem::take(&mut draft.special));
    }

    pub(super) fn event(&mut self, metadata: &'static Metadata<'static>, draft: &mut Draft, clock: &Clock) {
        if *metadata.level() == Level::ERROR {
            // Also for an event there is no room for: the status must not depend on that.
            let text = ["error", "err", MESSAGE].into_iter().find_map(|key| match draft.fields.find(key) {
                Some(Value::Str(text)) => Some(cut(text)),
                _ => None,
            });
            self.error = Some(text.unwrap_or_default());
        }
        if let Some(slot) = self.slot(StoredEvent::new(metadata, clock.now())) {
            std::mem::swap(&mut slot.fields, &mut draft.fields);
        }
    }

    /// The place of a further event, or nothing, and it is counted, where there is no room.
    pub(super) fn slot(&mut self, event: StoredEvent) -> Option<&mut StoredEvent> {
        if !self.has_room() {
            self.drop_event();
            return None;
        }
        self.event_count += 1;
        match self.events.get_mut(self.event_count - 1) {
            Some(slot) => {
                let memory = std::mem::take(&mut slot.fields);
                *slot = event.reusing(memory);
            }
            None => self.events.push(event),
        }
        self.events.get_mut(self.event_count - 1)
    }

    /// Has what waits under this local root handed on or let go, and notes why it is kept; whether it is.
    pub(super) fn settle(&mut self, context: &Context, tracer: &Tracer) -> bool {
        let marks = tracer.settle_alone(context, || {
            let outcome = if std::thread::panicking() { Outcome::Panicked } else { Outcome::Success };
            let has_failed = matches!(self.status(), Status::Error(_));
            RootEnd::new(outcome, has_failed, self.duration(&tracer.base().clock))
        });
        let is_kept = context.is_sampled() || marks.is_kept();
        marks.each(|key, value| self.set(key, value));
        is_kept
    }

    fn status(&self) -> Status<'_> {
        let description = self.special.description.as_deref().or(self.error.as_deref());
        match self.special.code {
            Some(Code::Ok) => Status::Ok,
            Some(Code::Error) => Status::Error(description.unwrap_or_default()),
            Some(Code::Unset) | None => description.map_or(Status::Unset, Status::Error),
        }
    }

    /// By what is said of its times, or else as it was measured.
    fn duration(&self, clock: &Clock) -> Duration {
        self.end.map_or_else(
            || clock.monotonic().since(self.begun),
            |end| Duration::from_nanos(end.unix_nanos().saturating_sub(self.start.unix_nanos())),
        )
    }

    /// As sinks see it; `request` are the fields of the whole request or job, which only its local root shows.
    pub(super) fn view<'a>(
        &'a self,
        context: &'a Context,
        request: Option<&'a Fields>,
        clock: &Clock,
    ) -> SpanRecord<'a> {
        let Self { special, limits, .. } = self;
        let code = self.code.get(..self.code_len).unwrap_or_default();
        let (attributes, dropped) = Attributes::new(code)
            .and(&self.fields)
            .and_lists(&self.lists)
            .and_request(request)
            .within(limits.attributes, limits.attribute_length);
        SpanRecord {
            ids: context.ids(),
            parent: self.parent,
            trace_state: context.local().trace_state().map(obs_core::propagate::TraceState::as_str),
            name: Name::from(special.name.as_deref().unwrap_or(&self.name)),
            kind: special.kind.unwrap_or(self.kind),
            start: self.start,
            duration: self.duration(clock),
            attributes,
            dropped_attributes: self.dropped_attributes.saturating_add(dropped),
            events: Events::stored(self.events.get(..self.event_count).unwrap_or_default(), limits),
            dropped_events: self.dropped_events,
            links: Links::stored(&self.links, limits),
            dropped_links: self.dropped_links,
            status: self.status(),
        }
    }
}

/// Reads a new span's fields straight into its recording, which nobody else can see yet.
struct FirstFields<'a>(&'a mut Recording);

impl FirstFields<'_> {
    fn add(&mut self, field: &Field, value: Value<'_>) {
        self.0.set(field.name(), value);
    }
}

impl Visit for FirstFields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::F64(value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::I64(value));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::U64(value));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bool(value));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        if Special::is_key(field.name()) {
            self.0.special.set(field.name(), value, self.0.fields.rules());
        } else {
            self.add(field, Value::Str(value));
        }
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        if self.0.has_place(field.name()) {
            self.0.fields.record_error(field, value);
        }
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if Special::is_key(field.name()) {
            self.0.special.set_debug(field.name(), value, self.0.fields.rules());
        } else if self.0.has_place(field.name()) {
            self.0.fields.record_debug(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin() -> Box<Recording> {
        Recording::begin(
            None,
            Cow::Borrowed("a"),
            Kind::Internal,
            &Limits::default(),
            &Base::new(obs_core::Resource::new("a")),
        )
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

    #[test]
    fn a_recording_that_is_used_again_holds_nothing_of_its_last_span() {
        use super::super::given::Given;
        use crate::record::List;
        let large = || "x".repeat(60_000);
        let list = || (Cow::Owned(large()), Given::Several(List::Str(vec![large()])));
        let context = Base::new(obs_core::Resource::new("a")).open_root(None, None);
        let mut recording = begin();
        recording.name = Cow::Owned(large());
        let mut span = super::super::Span::recording(context, recording);
        for _ in 0..SPARE_EVENTS {
            span.add_event(&large(), Timestamp::default(), [list()]);
        }
        let (key, given) = list();
        span.give(key, given);
        span.recording.unwrap().recycle();
        let spares = POOL.take();
        let [spare] = &spares[..] else { panic!("{}", spares.len()) };
        assert_eq!((spare.name.len(), spare.lists.capacity()), (0, 0));
        assert_eq!(spare.events.len(), SPARE_EVENTS);
        for event in &spare.events {
            assert!(event.is_empty(), "{event:?}");
        }
    }
}
