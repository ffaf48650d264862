//! OTLP protobuf (`opentelemetry/proto/trace/v1/trace.proto`, 1.x) written straight from a span record.
//!
//! A span is written once, at its end, as one entry of `ScopeSpans.spans`. Entries that follow one another are the
//! tail of a `ScopeSpans` message, so that a batch of them needs only an [`Envelope`] in front. Fields that have
//! their default value are left out, as proto3 does.

mod buffer;

#[cfg(test)]
mod tests;

pub(crate) use buffer::with_span;
pub use obs_export::otlp::Envelope;

use std::io::Write;

use obs_core::fields::Value;
use obs_export::proto;

use crate::record::{Attributes, Event, Link, List, SpanRecord, Status};

/// Field numbers of the messages written here.
pub(crate) mod field {
    pub(crate) const SCOPE_SPANS_SPANS: u32 = 2;

    pub(crate) const SPAN_TRACE_ID: u32 = 1;
    pub(crate) const SPAN_SPAN_ID: u32 = 2;
    pub(crate) const SPAN_TRACE_STATE: u32 = 3;
    pub(crate) const SPAN_PARENT_SPAN_ID: u32 = 4;
    pub(crate) const SPAN_NAME: u32 = 5;
    pub(crate) const SPAN_KIND: u32 = 6;
    pub(crate) const SPAN_START: u32 = 7;
    pub(crate) const SPAN_END: u32 = 8;
    pub(crate) const SPAN_ATTRIBUTES: u32 = 9;
    pub(crate) const SPAN_DROPPED_ATTRIBUTES: u32 = 10;
    pub(crate) const SPAN_EVENTS: u32 = 11;
    pub(crate) const SPAN_DROPPED_EVENTS: u32 = 12;
    pub(crate) const SPAN_LINKS: u32 = 13;
    pub(crate) const SPAN_DROPPED_LINKS: u32 = 14;
    pub(crate) const SPAN_STATUS: u32 = 15;
    pub(crate) const SPAN_FLAGS: u32 = 16;

    pub(crate) const EVENT_TIME: u32 = 1;
    pub(crate) const EVENT_NAME: u32 = 2;
    pub(crate) const EVENT_ATTRIBUTES: u32 = 3;
    pub(crate) const EVENT_DROPPED_ATTRIBUTES: u32 = 4;

    pub(crate) const LINK_TRACE_ID: u32 = 1;
    pub(crate) const LINK_SPAN_ID: u32 = 2;
    pub(crate) const LINK_TRACE_STATE: u32 = 3;
    pub(crate) const LINK_ATTRIBUTES: u32 = 4;
    pub(crate) const LINK_DROPPED_ATTRIBUTES: u32 = 5;
    pub(crate) const LINK_FLAGS: u32 = 6;

    pub(crate) const STATUS_MESSAGE: u32 = 2;
    pub(crate) const STATUS_CODE: u32 = 3;

    pub(crate) const KEY_VALUE_KEY: u32 = 1;
    pub(crate) const KEY_VALUE_VALUE: u32 = 2;

    pub(crate) const ANY_STRING: u32 = 1;
    pub(crate) const ANY_BOOL: u32 = 2;
    pub(crate) const ANY_INT: u32 = 3;
    pub(crate) const ANY_DOUBLE: u32 = 4;
    pub(crate) const ANY_ARRAY: u32 = 5;

    pub(crate) const ARRAY_VALUES: u32 = 1;
}

pub(crate) const STATUS_OK: u64 = 1;
pub(crate) const STATUS_ERROR: u64 = 2;

/// `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`: the next bit means something.
const HAS_IS_REMOTE: u32 = 0x100;
/// `SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`.
pub(crate) const IS_REMOTE: u32 = 0x200;

/// Appends `span` as one entry of `ScopeSpans.spans`. Returns `false`, and leaves `out` as it was, for a span of more
/// than 256 MiB.
pub fn span(out: &mut Vec<u8>, span: &SpanRecord<'_>) -> bool {
    proto::message(out, field::SCOPE_SPANS_SPANS, |out| body(out, span))
}

fn body(out: &mut Vec<u8>, span: &SpanRecord<'_>) {
    proto::bytes(out, field::SPAN_TRACE_ID, &span.ids.trace_id.to_bytes());
    proto::bytes(out, field::SPAN_SPAN_ID, &span.ids.span_id.to_bytes());
    if let Some(trace_state) = span.trace_state {
        proto::bytes(out, field::SPAN_TRACE_STATE, trace_state.as_bytes());
    }
    if let Some(parent) = span.parent {
        proto::bytes(out, field::SPAN_PARENT_SPAN_ID, &parent.span_id.to_bytes());
    }
    let (first, second) = span.name.parts();
    proto::message_head(out, field::SPAN_NAME, span.name.len());
    out.extend_from_slice(first.as_bytes());
    if let Some(second) = second {
        out.push(b' ');
        out.extend_from_slice(second.as_bytes());
    }
    proto::uint(out, field::SPAN_KIND, span.kind as u64);
    proto::fixed64(out, field::SPAN_START, span.start.unix_nanos());
    proto::fixed64(out, field::SPAN_END, span.start.after(span.duration).unix_nanos());
    attributes(out, field::SPAN_ATTRIBUTES, span.attributes);
    dropped(out, field::SPAN_DROPPED_ATTRIBUTES, span.dropped_attributes);
    // Most spans have neither; where they do, inner iteration makes a plain loop of each source.
    if !span.events.is_empty() {
        span.events.iter().for_each(|event| {
            proto::message(out, field::SPAN_EVENTS, |out| event_body(out, &event));
        });
    }
    dropped(out, field::SPAN_DROPPED_EVENTS, span.dropped_events);
    if !span.links.is_empty() {
        span.links.iter().for_each(|link| {
            proto::message(out, field::SPAN_LINKS, |out| link_body(out, &link));
        });
    }
    dropped(out, field::SPAN_DROPPED_LINKS, span.dropped_links);
    status(out, span.status);
    let remote = span.parent.is_some_and(|parent| parent.remote);
    proto::fixed32(out, field::SPAN_FLAGS, flags(span.ids.flags.to_byte(), remote));
}

fn event_body(out: &mut Vec<u8>, event: &Event<'_>) {
    proto::fixed64(out, field::EVENT_TIME, event.time.unix_nanos());
    proto::bytes(out, field::EVENT_NAME, event.name.as_bytes());
    attributes(out, field::EVENT_ATTRIBUTES, event.attributes);
    dropped(out, field::EVENT_DROPPED_ATTRIBUTES, event.dropped_attributes);
}

fn link_body(out: &mut Vec<u8>, link: &Link<'_>) {
    proto::bytes(out, field::LINK_TRACE_ID, &link.ids.trace_id.to_bytes());
    proto::bytes(out, field::LINK_SPAN_ID, &link.ids.span_id.to_bytes());
    if let Some(trace_state) = link.trace_state {
        proto::bytes(out, field::LINK_TRACE_STATE, trace_state.as_bytes());
    }
    attributes(out, field::LINK_ATTRIBUTES, link.attributes);
    dropped(out, field::LINK_DROPPED_ATTRIBUTES, link.dropped_attributes);
    proto::fixed32(out, field::LINK_FLAGS, flags(link.ids.flags.to_byte(), link.remote));
}

/// How many of a kind are left out; mostly none, which is not written.
#[inline]
fn dropped(out: &mut Vec<u8>, field: u32, count: u32) {
    if count > 0 {
        proto::uint(out, field, u64::from(count));
    }
}

fn flags(byte: u8, remote: bool) -> u32 {
    u32::from(byte) | HAS_IS_REMOTE | if remote { IS_REMOTE } else { 0 }
}

fn status(out: &mut Vec<u8>, status: Status<'_>) {
    match status {
        Status::Unset => {}
        Status::Ok => {
            proto::message_head(out, field::SPAN_STATUS, 2);
            proto::uint(out, field::STATUS_CODE, STATUS_OK);
        }
        Status::Error("") => {
            proto::message_head(out, field::SPAN_STATUS, 2);
            proto::uint(out, field::STATUS_CODE, STATUS_ERROR);
        }
        Status::Error(description) => {
            let len = proto::bytes_len(field::STATUS_MESSAGE, description.len()) + 2;
            proto::message_head(out, field::SPAN_STATUS, len);
            proto::bytes(out, field::STATUS_MESSAGE, description.as_bytes());
            proto::uint(out, field::STATUS_CODE, STATUS_ERROR);
        }
    }
}

fn attributes(out: &mut Vec<u8>, field: u32, attributes: Attributes<'_>) {
    if let Some(pairs) = attributes.as_list() {
        for (key, value) in pairs {
            if !short_attribute(out, field, key, value) {
                attribute(out, field, key, *value);
            }
        }
        return;
    }
    attributes.for_each(|key, value| attribute(out, field, key, value));
    attributes.lists().for_each(|(key, list)| several(out, field, key, list));
}

/// A key and a value that are shorter together fit into a message of at most 127 bytes with their four bytes of frame.
const SHORT: usize = 124;

#[inline(always)]
fn is_short(field: u32, key: &str, value_len: usize) -> bool {
    key.len() + value_len < SHORT && field < 16
}

/// A short `KeyValue` up to its value.
#[inline(always)]
fn short_head(out: &mut Vec<u8>, field: u32, key: &str, value_len: u8) {
    let key_len = key.len() as u8;
    out.extend_from_slice(&[(field << 3) as u8 | 2, key_len + value_len + 4, 0x0a, key_len]);
    out.extend_from_slice(key.as_bytes());
}

/// One `KeyValue` whose lengths are one byte each, as nearly all are, so that its frame needs no varints; `false`, with
/// nothing written, for any other. Inlined, because a call for each attribute would cost as much as half of the rest.
#[inline(always)]
fn short_attribute(out: &mut Vec<u8>, field: u32, key: &str, value: &Value<'_>) -> bool {
    match *value {
        Value::Str(text) if is_short(field, key, text.len() + 2) => {
            let len = text.len() as u8;
            short_head(out, field, key, len + 2);
            out.extend_from_slice(&[0x12, len + 2, 0x0a, len]);
            out.extend_from_slice(text.as_bytes());
            true
        }
        Value::I64(number @ 0..0x4000) if is_short(field, key, 3) => {
            let is_one_byte = number < 0x80;
            let len = 3 - u8::from(is_one_byte);
            short_head(out, field, key, len);
            let last = (number >> 7) as u8;
            let first = number as u8 & 0x7f | if is_one_byte { 0 } else { 0x80 };
            let framed = [0x12, len, (field::ANY_INT << 3) as u8, first, last];
            out.extend_from_slice(&framed[..usize::from(len) + 2]);
            true
        }
        _ => false,
    }
}

/// One `KeyValue`. Every size follows from the parts, so all lengths are in their shortest form.
#[inline(never)]
pub(crate) fn attribute(out: &mut Vec<u8>, field: u32, key: &str, value: Value<'_>) {
    if short_attribute(out, field, key, &value) {
        return;
    }
    // OTLP has no unsigned integer; what does not fit is written as decimal text.
    let mut digits = [0; 20];
    let value = match value {
        Value::U64(number) => match i64::try_from(number) {
            Ok(number) => Value::I64(number),
            Err(_) => Value::Str(decimal(number, &mut digits)),
        },
        other => other,
    };
    let value_len = any_len(value);
    if is_short(field, key, value_len) {
        short_head(out, field, key, value_len as u8);
        out.extend_from_slice(&[0x12, value_len as u8]);
        return any_value(out, value);
    }
    let len = proto::bytes_len(field::KEY_VALUE_KEY, key.len())
        + proto::bytes_len(field::KEY_VALUE_VALUE, value_len);
    out.reserve(proto::bytes_len(field, len));
    proto::message_head(out, field, len);
    proto::bytes(out, field::KEY_VALUE_KEY, key.as_bytes());
    proto::message_head(out, field::KEY_VALUE_VALUE, value_len);
    any_value(out, value);
}

/// One `KeyValue` of an array. Few spans have any.
#[cold]
fn several(out: &mut Vec<u8>, field: u32, key: &str, list: &List) {
    let element = |value| proto::bytes_len(field::ARRAY_VALUES, any_len(value));
    let array = list.iter().map(element).sum();
    let any = proto::bytes_len(field::ANY_ARRAY, array);
    let len =
        proto::bytes_len(field::KEY_VALUE_KEY, key.len()) + proto::bytes_len(field::KEY_VALUE_VALUE, any);
    proto::message_head(out, field, len);
    proto::bytes(out, field::KEY_VALUE_KEY, key.as_bytes());
    proto::message_head(out, field::KEY_VALUE_VALUE, any);
    proto::message_head(out, field::ANY_ARRAY, array);
    for value in list.iter() {
        proto::message_head(out, field::ARRAY_VALUES, any_len(value));
        any_value(out, value);
    }
}

fn any_len(value: Value<'_>) -> usize {
    match value {
        Value::Str(text) => proto::bytes_len(field::ANY_STRING, text.len()),
        Value::I64(number) => 1 + proto::varint_len(number as u64),
        Value::U64(number) => 1 + proto::varint_len(number),
        Value::F64(_) => 9,
        Value::Bool(_) => 2,
    }
}

fn any_value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Str(text) => proto::bytes(out, field::ANY_STRING, text.as_bytes()),
        Value::I64(number) => proto::int(out, field::ANY_INT, number),
        Value::U64(number) => proto::uint(out, field::ANY_INT, number),
        Value::F64(number) => proto::double(out, field::ANY_DOUBLE, number),
        Value::Bool(value) => proto::uint(out, field::ANY_BOOL, u64::from(value)),
    }
}

fn decimal(number: u64, digits: &mut [u8; 20]) -> &str {
    let mut rest = &mut digits[..];
    // The largest number has exactly 20 digits.
    let _ = write!(rest, "{number}");
    let left = rest.len();
    str::from_utf8(&digits[..20 - left]).unwrap_or_default()
}
