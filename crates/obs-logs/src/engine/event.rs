//! One event becomes one line in each format that is in use.

use std::error::Error;
use std::fmt::{self, Debug};

use obs_core::context;
use obs_core::fields::{Bounded, Chain, Fields, Value, guarded};
use obs_core::redact::REDACTED;
use tracing_core::field::Visit;
use tracing_core::{Event, Field, Metadata};

use super::mixed::Mixed;
use super::{Forms, Logs, Made, Scratch};
use crate::format::{CUT, JsonLine, Key, Kind, Message, Site, SpanFragments, is_written};
use crate::plan::Plan;

impl Logs {
    /// Writes one event. `spans` adds the open spans, from the innermost outwards; it must run no code of a user's.
    ///
    /// Asks neither the filter, which the caller has done once for the call site, nor the outputs whether they are
    /// ready: a line that finds its queue full is counted there. Trace, span and request ids are those of the
    /// context that is open on this thread.
    #[inline]
    pub fn event(&self, event: &Event<'_>, spans: impl FnOnce(&mut Spans<'_>)) {
        if context::is_silenced() {
            return;
        }
        Scratch::lend(|scratch| self.event_in(scratch, event, spans));
    }

    fn event_in(&self, scratch: &mut Scratch, event: &Event<'_>, spans: impl FnOnce(&mut Spans<'_>)) {
        let site = &*scratch.sites.get(event.metadata(), &self.0.base.redaction);
        let plan = self.plan_of(event.metadata(), site);
        if plan.is_special() {
            return self.event_special(scratch, event, site, plan, spans);
        }
        let now = self.0.base.clock.now();
        let caller = self.caller(site);
        match self.needed(plan.outputs()) {
            Forms::JSON => {
                let Scratch { json, time, ids, .. } = scratch;
                let service = &self.0.service;
                let mut line = JsonLine::open((&mut json.0, &mut json.1), time, now, site, service);
                let written = record(event, site, &mut line, None);
                let has_fields = line.identity(service, ids);
                spans(&mut Spans { line: &mut line, written });
                if has_fields {
                    of_request(&mut line, written);
                }
                line.close(caller);
            }
            needed => {
                let mut line = Mixed::open(&self.0.forms, needed, scratch, now, site, &self.0.service);
                let written = record(event, site, &mut line, None);
                let has_fields = line.identity();
                spans(&mut Spans { line: &mut line, written });
                if has_fields {
                    of_request(&mut line, written);
                }
                line.close(caller);
            }
        }
        self.deliver(scratch, Made { at: now, site, context: None }, plan.outputs());
    }

    /// What is done with events of a call site; kept with it until the plans are others.
    #[inline]
    fn plan_of(&self, metadata: &Metadata<'_>, site: &Site) -> Plan {
        // Read before the plans are: what was planned by those that have just gone is planned again.
        let stamp = self.0.live.stamp();
        site.planned.by(stamp).unwrap_or_else(|| self.plan_anew(metadata, site, stamp))
    }

    #[cold]
    fn plan_anew(&self, metadata: &Metadata<'_>, site: &Site, stamp: u64) -> Plan {
        let plans = self.0.live.plans();
        let plan = plans.plan(&plans.known(metadata));
        site.planned.keep(stamp, plan);
        plan
    }
}

/// Takes the open spans of one event.
pub struct Spans<'a> {
    line: &'a mut dyn TakesSpans,
    written: u64,
}

/// Takes the fields of one span after another: a line, or what records one.
pub(crate) trait TakesSpans {
    fn take_span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments);

    /// A span that only the flight recorder looks at.
    fn take_recorded(&mut self, _fields: &Fields, _fragments: &mut SpanFragments) {}
}

impl<L: EventLine> TakesSpans for L {
    #[inline]
    fn take_span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        self.span(written, fields, fragments);
    }
}

impl<'a> Spans<'a> {
    /// Those of a line that is recorded, not written.
    pub(crate) fn recorded(line: &'a mut dyn TakesSpans) -> Self {
        Self { line, written: 0 }
    }

    /// Those of a line on which the fields of `written` are.
    pub(super) fn of(line: &'a mut dyn TakesSpans, written: u64) -> Self {
        Self { line, written }
    }

    /// Adds a span further out than those before. Its fields are rendered on the first event inside it.
    #[inline]
    pub fn add(&mut self, fields: &Fields, fragments: &mut SpanFragments) {
        if !fields.is_empty() {
            self.line.take_span(self.written, fields, fragments);
        }
    }

    /// Adds one whose call site is [`Logs::enabled`] but not [`Logs::writes`]: lines that the flight recorder holds
    /// show its fields, those that are written at once do not.
    #[inline]
    pub fn add_recorded(&mut self, fields: &Fields, fragments: &mut SpanFragments) {
        if !fields.is_empty() {
            self.line.take_recorded(fields, fragments);
        }
    }
}

impl Debug for Spans<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").finish_non_exhaustive()
    }
}

/// Takes the fields of an event, of the spans around it and of its request.
pub(crate) trait EventLine {
    /// Writes a field by the short way; `false` where nothing was written.
    #[inline(always)]
    fn value_at_sight(&mut self, _key: &Key, _value: Value<'_>) -> bool {
        false
    }
    fn value(&mut self, key: &Key, value: Value<'_>);
    fn print(&mut self, key: &Key, value: fmt::Arguments<'_>);
    /// The message, which is text whatever it was made of.
    fn message_of(&mut self, key: &Key, value: Value<'_>) {
        match value {
            Value::Str(_) => self.value(key, value),
            // As text of its own, because what is printed is searched for card numbers, and whole numbers are none.
            Value::I64(value) => self.value(key, Value::Str(itoa::Buffer::new().format(value))),
            Value::U64(value) => self.value(key, Value::Str(itoa::Buffer::new().format(value))),
            Value::F64(value) => self.print(key, format_args!("{value}")),
            Value::Bool(value) => self.print(key, format_args!("{value}")),
        }
    }
    /// Fields of a span, where they are not on the line yet; `written` are those of the event that are.
    fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments);
    /// Fields of the request, where they are not on the line yet.
    fn request(&mut self, written: u64, fields: &Fields);
    /// Has the line say that it was cut before it came here; the last that is put on it.
    fn mark_cut(&mut self);
    /// Has the line say that it was held by the flight recorder; `mark` is how it says so where nothing is renamed.
    fn mark_recorded(&mut self, mark: &Key) {
        self.value(mark, Value::Bool(true));
    }
}

impl EventLine for JsonLine<'_> {
    #[inline(always)]
    fn value_at_sight(&mut self, key: &Key, value: Value<'_>) -> bool {
        JsonLine::value_at_sight(self, key, value)
    }

    fn value(&mut self, key: &Key, value: Value<'_>) {
        JsonLine::value(self, key, value);
    }

    #[inline]
    fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        JsonLine::print(self, key, value);
    }

    fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        JsonLine::span(self, written, fields, fragments);
    }

    fn request(&mut self, written: u64, fields: &Fields) {
        JsonLine::request(self, written, fields);
    }

    fn mark_cut(&mut self) {
        JsonLine::mark_cut(self);
    }
}

/// Adds the fields that were set on the request as a whole. They are values already, so no code of a user's runs.
#[cold]
pub(super) fn of_request(line: &mut dyn EventLine, written: u64) {
    context::with_current(|context| context.local().with_fields(|fields| line.request(written, fields)));
}

/// Writes message and fields; returns which fields the event had. `message` is its text where it is known already.
#[inline]
pub(super) fn record<L: EventLine>(
    event: &Event<'_>,
    site: &Site,
    line: &mut L,
    message: Option<&str>,
) -> u64 {
    let (turn, mut before) = match (message, site.message) {
        (None, Message::First) => (Turn::All, 0),
        (None, Message::Later) => {
            // Only written if it is there, and in front of all others.
            let mut visitor = Visitor { line: &mut *line, site, written: 0, turn: Turn::OnlyMessage };
            event.record(&mut visitor);
            (Turn::AllButMessage, visitor.written)
        }
        (Some(text), _) => (Turn::AllButMessage, known_message(site, line, text)),
    };
    let mut visitor = Visitor { line, site, written: 0, turn };
    event.record(&mut visitor);
    before |= visitor.written;
    before
}

/// Prints a user's value behind `text`, up to what any line holds; what is cut is marked, so that the beginning of a
/// secret is known for one.
pub(super) fn print_marked(text: &mut String, value: fmt::Arguments<'_>) {
    let mut bounded = Bounded::new(text, crate::MAX_LINE_BYTES);
    guarded(&mut bounded, value);
    if bounded.is_cut() {
        text.push_str(CUT);
    }
}

/// Writes a message that is known already, where the call site has one.
#[cold]
fn known_message<L: EventLine>(site: &Site, line: &mut L, text: &str) -> u64 {
    let Some(key) = site.message_key() else { return 0 };
    line.value(key, Value::Str(&site.rules.redact(text)));
    key.bits
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    All,
    OnlyMessage,
    AllButMessage,
}

struct Visitor<'a, L> {
    line: &'a mut L,
    site: &'a Site,
    written: u64,
    turn: Turn,
}

impl<'a, L: EventLine> Visitor<'a, L> {
    /// Writes most fields, without a call; all else is looked at in [`Visitor::value_careful`].
    #[inline(always)]
    fn value_at_sight(&mut self, field: &Field, value: Value<'_>) -> bool {
        match self.site.key(field.index()) {
            Some(key) if key.plain && self.line.value_at_sight(key, value) => {
                self.written |= key.bits;
                true
            }
            _ => false,
        }
    }

    /// Whether the text holds no secret at first sight.
    #[inline(always)]
    fn is_clean(&self, field: &Field, value: &str) -> bool {
        let key = self.site.key(field.index());
        key.is_some_and(|key| key.seen.is_clean(value.as_bytes(), &self.site.rules))
    }

    fn value_careful(&mut self, field: &Field, value: Value<'_>) {
        if let Some(key) = self.key(field) {
            match key.kind {
                Kind::Plain => self.line.value(key, value),
                Kind::Secret => self.line.value(key, Value::Str(REDACTED)),
                Kind::Message => self.line.message_of(key, value),
            }
        }
    }

    /// The field's key, unless it is not its turn or a field of the same name was before it.
    #[inline]
    fn key(&mut self, field: &Field) -> Option<&'a Key> {
        let key = self.site.key(field.index())?;
        let turn = match self.turn {
            Turn::All => true,
            Turn::OnlyMessage => key.kind == Kind::Message,
            Turn::AllButMessage => key.kind != Kind::Message,
        };
        if !turn || key.same_as.is_some_and(|first| is_written(self.written, first)) {
            return None;
        }
        self.written |= key.bits;
        Some(key)
    }

    #[inline(always)]
    fn print(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if let Some(key) = self.key(field) {
            match key.kind {
                Kind::Secret => self.line.value(key, Value::Str(REDACTED)),
                Kind::Plain | Kind::Message => self.line.print(key, value),
            }
        }
    }
}

/// One for each type, so that the value is handed on in registers and nothing is saved before.
impl<L: EventLine> Visitor<'_, L> {
    #[inline(never)]
    fn f64_careful(&mut self, field: &Field, value: f64) {
        self.value_careful(field, Value::F64(value));
    }

    #[inline(never)]
    fn i64_careful(&mut self, field: &Field, value: i64) {
        self.value_careful(field, Value::I64(value));
    }

    #[inline(never)]
    fn u64_careful(&mut self, field: &Field, value: u64) {
        self.value_careful(field, Value::U64(value));
    }

    #[inline(never)]
    fn bool_careful(&mut self, field: &Field, value: bool) {
        self.value_careful(field, Value::Bool(value));
    }

    #[inline(never)]
    fn str_careful(&mut self, field: &Field, value: &str) {
        self.value_careful(field, Value::Str(&self.site.rules.redact(value)));
    }
}

impl<L: EventLine> Visit for Visitor<'_, L> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if !self.value_at_sight(field, Value::F64(value)) {
            self.f64_careful(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if !self.value_at_sight(field, Value::I64(value)) {
            self.i64_careful(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !self.value_at_sight(field, Value::U64(value)) {
            self.u64_careful(field, value);
        }
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.value_careful(field, Value::Str(itoa::Buffer::new().format(value)));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.value_careful(field, Value::Str(itoa::Buffer::new().format(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if !self.value_at_sight(field, Value::Bool(value)) {
            self.bool_careful(field, value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if !self.is_clean(field, value) || !self.value_at_sight(field, Value::Str(value)) {
            self.str_careful(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.print(field, format_args!("{}", Chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.print(field, format_args!("{value:?}"));
    }
}
