//! The line of a shape, written once from front to back, each key looked at by its final name.

use std::net::IpAddr;
use std::time::Duration;

use obs_core::Timestamp;
use obs_core::context::{Context, Ids};
use obs_core::fields::{Fields, Value};

use super::ecs::{Paths, push_label};
use super::naming::Turn;
use super::own::Own;
use super::shapes::Name;
use super::site::{Field, ShapedSite};
use super::value::{Bounds, Fit, Said};
use super::{Look, Shape, otlp, record};
use crate::format::{Buffer, Key, Kind, Label, Line, TimeCache, hash, nanos, number, pretty};

/// The most bytes of a number with all that stands around it.
const NUMBER: usize = 64;

/// What a thread keeps for the lines of one shape.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) out: Buffer,
    /// The hashes of the names on the line, and their bits.
    hashes: Vec<u64>,
    mask: u128,
    paths: Paths,
    /// Names that are being made.
    name: String,
    label: String,
    /// How long the line may become before its tail, and a text on it.
    limit: usize,
    field: Option<usize>,
    cut: bool,
    in_attributes: bool,
    ids: Option<Ids>,
}

impl Slot {
    /// The line that was made last.
    pub(crate) fn line(&self) -> &[u8] {
        self.out.as_slice()
    }

    fn knows(&self, hash: u64) -> bool {
        self.mask & hash::bit(hash) != 0 && self.hashes.contains(&hash)
    }

    fn take(&mut self, hash: u64) {
        self.mask |= hash::bit(hash);
        self.hashes.push(hash);
    }

    /// Writes a field of a record's event by the short way, where that is possible; none of a span or of the request may
    /// be in front of it.
    #[inline]
    pub(super) fn value_at_sight(&mut self, site: &ShapedSite, key: &Key, value: Value<'_>) -> bool {
        let Some(Field { name: Some(name), is_free: true, .. }) = site.fields.get(key.index as usize) else {
            return false;
        };
        let Some(known) = &name.known else { return false };
        let bounds = Bounds { limit: self.limit, field: self.field };
        if self.out.len() + name.text.len() + NUMBER > bounds.limit
            || !known.push(&mut self.out, Said::Value(value), bounds)
        {
            return false;
        }
        self.mask |= name.bit;
        self.hashes.push(name.hash);
        true
    }
}

/// One line being written, for as long as one call takes.
#[derive(Debug)]
pub(crate) struct ShapedLine<'a> {
    pub(super) slot: &'a mut Slot,
    pub(super) shape: &'a Shape,
    pub(super) site: &'a ShapedSite,
}

impl ShapedLine<'_> {
    /// Begins with what stands in front of the message.
    pub(super) fn open(&mut self, time: &mut TimeCache, now: Timestamp) {
        let (slot, shape, site) = (&mut *self.slot, self.shape, self.site);
        slot.out.clear();
        slot.hashes.clear();
        slot.hashes.extend_from_slice(&shape.hashes);
        slot.mask = shape.mask;
        if shape.look == Look::Ecs {
            slot.paths.copy_from(&site.paths);
        }
        slot.limit = shape.max_line_bytes() - shape.tail;
        slot.field = shape.naming.max_field_bytes();
        (slot.cut, slot.in_attributes, slot.ids) = (false, false, None);
        match shape.look {
            Look::Otlp => {
                let (front, behind) = site.head.as_slice().split_at(site.split);
                slot.out.extend(front);
                number::push_u64(&mut slot.out, now.unix_nanos());
                slot.out.extend(b"\",\"observedTimeUnixNano\":\"");
                number::push_u64(&mut slot.out, now.unix_nanos());
                slot.out.extend(behind);
            }
            Look::Pretty { coloured } => {
                let shown = [Own::Timestamp, Own::Level, Own::Target].map(|own| shape.own(own).is_some());
                let head =
                    pretty::Head { level: site.level, target: site.logger.as_slice(), coloured, shown };
                head.push(&mut slot.out, time, now);
            }
            Look::Record => self.join(site.head.as_slice()),
            Look::Json | Look::Ecs | Look::Logfmt => {
                if shape.look.is_json() {
                    slot.out.push(b'{');
                }
                if let Some(name) = shape.own(Own::Timestamp) {
                    self.join(&name.key);
                    let out = &mut self.slot.out;
                    let quote: &[u8] = if shape.look.is_json() { b"\"" } else { b"" };
                    out.extend(quote);
                    time.push_micros(now, out);
                    out.extend(quote);
                }
                self.join(site.head.as_slice());
            }
        }
    }

    /// Appends fields that bring what stands between them and the one before.
    fn join(&mut self, fields: &[u8]) {
        if fields.is_empty() {
            return;
        }
        self.open_attributes();
        let out = &mut self.slot.out;
        let first = match self.shape.look {
            Look::Json | Look::Ecs | Look::Otlp => matches!(out.as_slice().last(), Some(b'{' | b'[')),
            Look::Logfmt | Look::Pretty { .. } => out.len() == 0,
            Look::Record => false,
        };
        out.extend(&fields[usize::from(first)..]);
    }

    fn open_attributes(&mut self) {
        if self.shape.look == Look::Otlp && !self.slot.in_attributes {
            self.slot.in_attributes = true;
            self.slot.out.extend(b",\"attributes\":[");
        }
    }

    /// Lets nothing more onto the line but its tail.
    fn fill(&mut self) {
        (self.slot.cut, self.slot.limit) = (true, 0);
    }

    fn bounds(&self) -> Bounds {
        Bounds { limit: self.slot.limit, field: self.slot.field }
    }

    fn say(&mut self, said: Said<'_>) {
        let bounds = self.bounds();
        let fit = self.shape.look.push_said(&mut self.slot.out, said, bounds);
        self.note(fit);
    }

    fn say_attribute(&mut self, key: &str, said: Said<'_>) {
        let bounds = self.bounds();
        let fit = record::push_attribute(&mut self.slot.out, key, said, bounds);
        self.note(fit);
    }

    fn note(&mut self, fit: Fit) {
        match fit {
            Fit::Whole => {}
            Fit::Cut => self.slot.cut = true,
            Fit::Full => self.fill(),
        }
    }

    /// Writes a field, unless one of its name is there.
    fn put(&mut self, name: &Name, said: Said<'_>) {
        if self.slot.knows(name.hash) {
            return;
        }
        if let (Look::Ecs, Said::Value(Value::F64(value))) = (self.shape.look, said)
            && !value.is_finite()
        {
            self.slot.name.clear();
            self.slot.name.push_str(&name.text);
            return self.put_word(value);
        }
        if self.slot.out.len() + name.key.len() + NUMBER > self.slot.limit {
            return self.fill();
        }
        self.slot.take(name.hash);
        if self.shape.look == Look::Record {
            let bounds = self.bounds();
            if !name.known.as_ref().is_some_and(|known| known.push(&mut self.slot.out, said, bounds)) {
                self.say_attribute(&name.text, said);
            }
            return;
        }
        self.join(&name.key);
        self.say(said);
    }

    /// A float without a number, which an index takes for none: it goes where texts go.
    fn put_word(&mut self, value: f64) {
        let name = std::mem::take(&mut self.slot.name);
        let mut label = std::mem::take(&mut self.slot.label);
        label.clear();
        push_label(&mut label, &name);
        self.put_named(&label, Said::Value(Value::F64(value)));
        (self.slot.name, self.slot.label) = (name, label);
    }

    /// Writes a field whose name was not known ahead.
    fn put_named(&mut self, name: &str, said: Said<'_>) {
        let hash = hash::of([name, ""]);
        if self.slot.knows(hash) {
            return;
        }
        let before = self.slot.out.len();
        if self.shape.look == Look::Record {
            if before + name.len() + NUMBER > self.slot.limit {
                return self.fill();
            }
            self.slot.take(hash);
            return self.say_attribute(name, said);
        }
        self.open_attributes();
        let at = self.slot.out.len();
        self.shape.look.push_key(&mut self.slot.out, name);
        let out = &mut self.slot.out;
        let first = match self.shape.look {
            Look::Logfmt | Look::Pretty { .. } => at == 0,
            _ => matches!(out.as_slice()[..at].last(), Some(b'{' | b'[')),
        };
        if first {
            out.remove(at);
        }
        if out.len() + NUMBER > self.slot.limit {
            // Of the brackets that may have been opened too; they are again where they are needed.
            out.truncate(before);
            self.slot.in_attributes &= at == before;
            return self.fill();
        }
        self.slot.take(hash);
        self.say(said);
    }

    /// Writes a field of ours under the names it has here.
    fn put_label(&mut self, label: &Label, said: Said<'_>) {
        let site = self.site;
        let Some(Field { name, second, turn, .. }) = site.fields.get(label.index()) else { return };
        let [first, other] = match (turn, said) {
            (Turn::Outcome, Said::Value(Value::Str(text))) => {
                [Said::Value(Value::Str(outcome_of(text))), said]
            }
            (Turn::Place, Said::Value(Value::Str(text))) => return self.put_place(name, second, text),
            _ => [said, said],
        };
        if let Some(name) = name {
            self.put(name, first);
        }
        if let Some(name) = second {
            self.put(name, other);
        }
    }

    /// `file:line:column` as file and line.
    fn put_place(&mut self, file: &Option<Name>, line: &Option<Name>, text: &str) {
        let mut parts = text.rsplitn(3, ':');
        let number = parts.nth(1).and_then(|line| line.parse().ok());
        let (path, number) = match (parts.next(), number) {
            (Some(path), Some(number)) => (path, Some(number)),
            _ => (text, None),
        };
        // What an event would have there is not on this line.
        for (name, said) in [
            (file, Some(Said::Value(Value::Str(path)))),
            (line, number.map(|number| Said::Value(Value::U64(number)))),
        ] {
            if let (Some(name), Some(said)) = (name, said) {
                self.slot.hashes.retain(|hash| *hash != name.hash);
                self.put(name, said);
            }
        }
    }

    fn say_message(&mut self, text: &str) {
        let shape = self.shape;
        match (shape.look, shape.own(Own::Message)) {
            (Look::Otlp, _) => {
                self.slot.out.extend(b",\"body\":");
                self.say(Said::Value(Value::Str(text)));
                // A value of an attribute closes the attribute too.
                let end = self.slot.out.len() - 1;
                self.slot.out.truncate(end);
            }
            (Look::Record, _) => {
                let bounds = self.bounds();
                let fit = record::push_body(&mut self.slot.out, text, bounds);
                self.note(fit);
            }
            (Look::Pretty { .. }, Some(_)) => {
                self.join(b" ");
                self.say(Said::Printed(text));
            }
            (_, Some(name)) => {
                self.join(&name.key);
                self.say(Said::Value(Value::Str(text)));
            }
            (_, None) => {}
        }
    }

    /// A field of the event's that has a type of its own.
    pub(crate) fn value(&mut self, key: &Key, value: Value<'_>) {
        match (key.kind, value) {
            (Kind::Message, Value::Str(text)) => self.say_message(text),
            _ => self.put_field(key.index, Said::Value(value)),
        }
    }

    /// A field of the event's that a user's code has printed.
    pub(crate) fn printed(&mut self, key: &Key, text: &str) {
        match key.kind {
            Kind::Message => self.say_message(text),
            _ => self.put_field(key.index, Said::Printed(text)),
        }
    }

    /// Has the line say that it was held by the flight recorder.
    pub(crate) fn mark_recorded(&mut self) {
        self.put_mark(Own::Recorded);
    }

    /// Writes that one of the line's own marks is so.
    fn put_mark(&mut self, own: Own) {
        let shape = self.shape;
        if let Some(name) = shape.own(own) {
            let bounds = Bounds { limit: 0, field: None };
            if shape.look == Look::Record {
                let said = Said::Value(Value::Bool(true));
                record::push_attribute(&mut self.slot.out, &name.text, said, bounds);
                return;
            }
            self.join(&name.key);
            shape.look.push_said(&mut self.slot.out, Said::Value(Value::Bool(true)), bounds);
        }
    }

    /// Has the line say that it was cut, before it came here.
    pub(crate) fn mark_cut(&mut self) {
        self.slot.cut = true;
    }

    fn put_field(&mut self, index: u32, said: Said<'_>) {
        let site = self.site;
        if let Some(name) = site.fields.get(index as usize).and_then(|field| field.name.as_ref()) {
            self.put(name, said);
        }
    }

    /// Fields that nothing is known of ahead, of a span or the request, but those whose names are on the line.
    pub(crate) fn fields(&mut self, fields: &Fields) {
        let shape = self.shape;
        let mut name = std::mem::take(&mut self.slot.name);
        for (code, value) in fields.iter() {
            if shape.naming.of_user(code, &mut self.slot.paths, &mut name) {
                match value {
                    Value::F64(value) if shape.look == Look::Ecs && !value.is_finite() => {
                        std::mem::swap(&mut self.slot.name, &mut name);
                        self.put_word(value);
                        std::mem::swap(&mut self.slot.name, &mut name);
                    }
                    value => self.put_named(&name, Said::Value(value)),
                }
            }
        }
        self.slot.name = name;
    }

    /// Service, and the ids of `context`.
    pub(crate) fn identity(&mut self, context: Option<&Context>) {
        let (shape, site) = (self.shape, self.site);
        if !matches!(shape.look, Look::Otlp | Look::Record | Look::Pretty { .. }) {
            self.join(site.logger.as_slice());
            self.join(shape.service.as_slice());
        }
        let Some(context) = context else { return };
        self.slot.ids = Some(context.ids());
        if let Some(name) = shape.own(Own::TraceId) {
            self.say_id(name, &context.trace_id().to_hex(), Own::TraceId);
        }
        if let Some(name) = shape.own(Own::SpanId) {
            self.say_id(name, &context.span_id().to_hex(), Own::SpanId);
        }
        if let (Some(name), Some(id)) = (shape.own(Own::RequestId), context.request_id())
            && !id.as_bytes().is_empty()
        {
            self.say_id(name, id.as_bytes(), Own::RequestId);
        }
    }

    fn say_id(&mut self, name: &Name, id: &[u8], own: Own) {
        let look = self.shape.look;
        if look != Look::Record {
            self.join(&name.key);
        }
        let out = &mut self.slot.out;
        if let Look::Pretty { .. } = look {
            return pretty::push_short(out, id, own == Own::RequestId);
        }
        // Ids are printable ASCII.
        let text = str::from_utf8(id).unwrap_or_default();
        let (said, bounds) = (Said::Value(Value::Str(text)), Bounds { limit: usize::MAX / 8, field: None });
        match look {
            Look::Record => record::push_attribute(out, &name.text, said, bounds),
            look => look.push_said(out, said, bounds),
        };
    }

    /// Ends the line; what was cut is marked.
    pub(crate) fn close(&mut self, with_caller: bool) {
        let (shape, site) = (self.shape, self.site);
        if with_caller {
            self.join(site.caller.as_slice());
        }
        if self.slot.cut {
            self.put_mark(Own::Truncated);
        }
        let out = &mut self.slot.out;
        match shape.look {
            Look::Json | Look::Ecs => out.extend(b"}\n"),
            Look::Logfmt | Look::Pretty { .. } | Look::Record => out.push(b'\n'),
            Look::Otlp => {
                if self.slot.in_attributes {
                    out.push(b']');
                }
                if let Some(ids) = self.slot.ids {
                    out.extend(b",\"traceId\":\"");
                    out.extend(&ids.trace_id.to_hex());
                    out.extend(b"\",\"spanId\":\"");
                    out.extend(&ids.span_id.to_hex());
                    out.extend(b"\",\"flags\":");
                    number::push_u64(out, u64::from(ids.flags.to_byte()));
                }
                out.extend(otlp::END);
            }
        }
    }
}

/// An outcome in the words of the Elastic Common Schema: as the service sees it, a client's fault is none.
fn outcome_of(outcome: &str) -> &'static str {
    use obs_core::Outcome;
    let is = |known: Outcome| known.as_str() == outcome;
    if is(Outcome::Success) || is(Outcome::ClientError) {
        "success"
    } else if is(Outcome::Cancelled) {
        "unknown"
    } else {
        "failure"
    }
}

impl Line for ShapedLine<'_> {
    fn message(&mut self, text: &str) {
        self.say_message(text);
        if let Some([message, kind]) = &self.site.panic {
            for (name, text) in [(message, text), (kind, "panic")] {
                if let Some(name) = name {
                    self.put(name, Said::Value(Value::Str(text)));
                }
            }
        }
    }

    fn text(&mut self, label: &Label, value: &str) {
        self.put_label(label, Said::Value(Value::Str(value)));
    }

    fn address(&mut self, label: &Label, value: IpAddr) {
        self.put_label(label, Said::Address(value));
    }

    fn number(&mut self, label: &Label, value: u64) {
        self.put_label(label, Said::Value(Value::U64(value)));
    }

    fn millis(&mut self, label: &Label, value: Duration) {
        let in_nanos = self.site.fields.get(label.index()).is_some_and(|field| field.turn == Turn::Nanos);
        let said = if in_nanos {
            Said::Value(Value::U64(nanos(value)))
        } else {
            Said::Thousandths(crate::format::micros(value))
        };
        self.put_label(label, said);
    }
}
