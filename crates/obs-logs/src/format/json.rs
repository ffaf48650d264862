//! The JSON line, written once from front to back.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use obs_core::Timestamp;
use obs_core::context::Context;
use obs_core::fields::{Fields, Value, guarded};
use obs_core::keys::field;

use super::escape::{self, Style};
use super::fragment::{JSON, Merge, SpanFragments};
use super::ids::push_ids;
use super::key::{JsonKey, Label};
use super::number::{self, Float};
use super::secrets::take_out;
use super::site::{Key, Site};
use super::text::Text;
use super::{Buffer, IdCache, Line, MAX_LINE_BYTES, Service, TAIL_ROOM, TimeCache, micros};

/// One line being written.
#[derive(Debug)]
pub(crate) struct JsonLine<'a> {
    out: &'a mut Buffer,
    /// How long the line may become before its tail.
    limit: usize,
    cut: bool,
    merge: Merge<'a>,
}

impl<'a> JsonLine<'a> {
    /// Begins with time, level and target.
    #[inline]
    pub(crate) fn open(
        (out, hashes): (&'a mut Buffer, &'a mut Vec<u64>),
        time: &mut TimeCache,
        now: Timestamp,
        site: &'a Site,
        service: &Service,
    ) -> Self {
        out.clear();
        time.open_json(now, out);
        out.extend(&site.json_head);
        let limit = MAX_LINE_BYTES - TAIL_ROOM - service.json.len() - site.json_caller.len();
        Self { out, limit, cut: false, merge: Merge::new(site, hashes) }
    }

    /// Whether the line has room for one more key and a number.
    #[inline(always)]
    fn has_room(&mut self, key: &JsonKey) -> bool {
        // A number has at most 32 bytes.
        let fits = self.out.len() + key.len() + 32 <= self.limit;
        if !fits {
            self.fill();
        }
        fits
    }

    /// Lets nothing more onto the line but its tail.
    #[cold]
    fn fill(&mut self) {
        (self.cut, self.limit) = (true, 0);
    }

    /// Writes a text behind its key.
    #[inline]
    fn quoted(&mut self, key: &JsonKey, text: &str) {
        let fits = self.out.len() + key.len() + text.len() < self.limit;
        if !fits || !key.push_with_clean(self.out, text) {
            self.quoted_careful(key, text);
        }
    }

    #[inline(never)]
    fn quoted_careful(&mut self, key: &JsonKey, text: &str) {
        if self.has_room(key) {
            key.push_for_text(self.out);
            self.write(|out| out.push(text));
            self.out.push(b'"');
        }
    }

    /// Lends the line to what escapes and cuts.
    fn write(&mut self, write: impl FnOnce(&mut Text<'_>)) {
        let mut text = Text { out: self.out, limit: self.limit, style: Style::Quoted, cut: false };
        write(&mut text);
        if text.cut {
            self.fill();
        }
    }

    /// Writes a field of the event's by the short way, if that is possible.
    #[inline(always)]
    pub(crate) fn value_at_sight(&mut self, key: &Key, value: Value<'_>) -> bool {
        let key = &key.names.json;
        let more = if let Value::Str(text) = value { text.len() } else { 0 };
        // A number has at most 32 bytes.
        if self.out.len() + key.len() + more + 32 > self.limit {
            return false;
        }
        match value {
            Value::Str(text) => key.push_with_clean(self.out, text),
            Value::Bool(true) => key.push_with_value(self.out, *b"true    ", 4),
            Value::Bool(false) => key.push_with_value(self.out, *b"false   ", 5),
            Value::U64(value) => self.small_at_sight(key, value),
            Value::I64(value) => value >= 0 && self.small_at_sight(key, value.unsigned_abs()),
            Value::F64(value) => {
                number::small_float(value).is_some_and(|(text, len)| key.push_with_value(self.out, text, len))
            }
        }
    }

    #[inline(always)]
    fn small_at_sight(&mut self, key: &JsonKey, value: u64) -> bool {
        number::small(value).is_some_and(|(digits, len)| key.push_with_value(self.out, digits, len))
    }

    /// A field of the event's that has a type of its own.
    pub(crate) fn value(&mut self, key: &Key, value: Value<'_>) {
        match value {
            Value::Str(text) => self.quoted(&key.names.json, text),
            value => {
                if self.has_room(&key.names.json) {
                    key.names.json.push_for_number(self.out);
                    push_json_number(self.out, value);
                }
            }
        }
    }

    /// A field of the event's that is printed by a user's code.
    #[inline]
    pub(crate) fn print(&mut self, key: &Key, value: fmt::Arguments<'_>) {
        if self.has_room(&key.names.json) {
            key.names.json.push_for_text(self.out);
            let (start, limit) = (self.out.len(), self.limit);
            self.write(|out| guarded(out, value));
            if take_out(self.out, start, Style::Quoted, (self.merge.rules(), &key.seen), limit) {
                self.fill();
            }
            self.out.push(b'"');
        }
    }

    /// Service and ids; the fields of spans follow. Returns whether the request has fields of its own.
    #[inline]
    pub(crate) fn identity(&mut self, service: &Service, ids: &mut IdCache) -> bool {
        self.out.extend(service.json.as_slice());
        ids.push_current(self.out)
    }

    /// Service and the ids of `context`.
    pub(crate) fn identity_of(&mut self, service: &Service, context: &Context) {
        self.out.extend(service.json.as_slice());
        push_ids(context, self.out);
    }

    /// The fields of one span, but those whose keys are on the line already; `written` are those of the event.
    #[inline]
    pub(crate) fn span(&mut self, written: u64, fields: &Fields, fragments: &mut SpanFragments) {
        if !self.merge.copy(fragments.json(fields), written, self.out, self.limit) {
            self.cut = true;
        }
    }

    /// The fields of the request, but those whose keys are on the line already; `written` are those of the line's own.
    pub(crate) fn request(&mut self, written: u64, fields: &Fields) {
        self.cut |= !self.merge.write(fields, JSON, written, self.out, self.limit);
    }

    /// Has the line say that it was cut, before it came here.
    pub(crate) fn mark_cut(&mut self) {
        self.cut = true;
    }

    /// Ends the line; what was cut is marked.
    #[inline]
    pub(crate) fn close(self, caller: Option<&Site>) {
        if let Some(site) = caller {
            self.out.extend(&site.json_caller);
        }
        if self.cut {
            for part in [",\"", field::TRUNCATED, "\":true"] {
                self.out.extend(part.as_bytes());
            }
        }
        self.out.extend_short(b"}\n", 2);
    }
}

impl Line for JsonLine<'_> {
    fn message(&mut self, text: &str) {
        self.out.extend_short(b",\"message\":\"", 12);
        // Most are short and of plain letters.
        if self.out.len() + text.len() > self.limit || !self.out.extend_clean(text.as_bytes()) {
            self.write(|out| out.push(text));
        }
        self.out.push(b'"');
    }

    fn text(&mut self, label: &Label, value: &str) {
        self.quoted(&label.names.json, value);
    }

    fn address(&mut self, label: &Label, value: IpAddr) {
        if self.has_room(&label.names.json) {
            label.names.json.push_for_text(self.out);
            self.write(|out| number::push_address(out, value));
            self.out.push(b'"');
        }
    }

    fn number(&mut self, label: &Label, value: u64) {
        let key = &label.names.json;
        // A number has at most 32 bytes.
        let fits = self.out.len() + key.len() + 32 <= self.limit;
        if !(fits && self.small_at_sight(key, value)) && self.has_room(key) {
            key.push_for_number(self.out);
            number::push_u64(self.out, value);
        }
    }

    fn millis(&mut self, label: &Label, value: Duration) {
        if self.has_room(&label.names.json) {
            label.names.json.push_for_number(self.out);
            number::push_thousandths(self.out, micros(value));
        }
    }
}

/// Appends a value that has no quotes, floats without a number apart, which bring their own.
pub(super) fn push_json_number(out: &mut Buffer, value: Value<'_>) {
    match value {
        Value::I64(value) => number::push_i64(out, value),
        Value::U64(value) => number::push_u64(out, value),
        Value::Bool(value) => out.extend(if value { b"true" } else { b"false" }),
        Value::F64(value) => number::float(value, |float| match float {
            Float::Finite(text) => out.extend(text.as_bytes()),
            Float::Word(word) => {
                out.push(b'"');
                out.extend(word.as_bytes());
                out.push(b'"');
            }
        }),
        Value::Str(text) => escape::push(out, text, Style::Quoted),
    }
}

/// Appends a value, in quotes where it is text.
pub(super) fn push_json_value(out: &mut Buffer, value: Value<'_>) {
    if let Value::Str(text) = value {
        out.push(b'"');
        escape::push(out, text, Style::Quoted);
        out.push(b'"');
    } else {
        push_json_number(out, value);
    }
}

/// A text as a value of JSON.
#[cfg(any(feature = "admin", feature = "ship"))]
pub(crate) fn json_text(text: &str) -> String {
    let mut out = Buffer::new();
    push_json_value(&mut out, Value::Str(text));
    String::from_utf8_lossy(out.as_slice()).into_owned()
}
