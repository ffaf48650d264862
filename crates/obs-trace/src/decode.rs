//! Reads a span back from its OTLP bytes, which is how it waits.

use std::borrow::Cow;
use std::time::Duration;

use obs_core::context::{Ids, TraceFlags};
use obs_core::fields::Value;
use obs_core::{SpanId, Timestamp, TraceId};
use obs_export::proto::{Malformed, Reader, Wire};

use crate::encode::{IS_REMOTE, STATUS_ERROR, STATUS_OK, field};
use crate::record::{Attributes, Event, Events, Kind, Link, Links, List, Parent, SpanRecord, Status};
use crate::span::Lists;

/// What decides where a span belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    /// The span above it, of this process or another.
    pub(crate) parent: Option<SpanId>,
    /// Whether that belongs to another process.
    pub(crate) remote: bool,
}

/// One span, borrowed from its bytes.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen<'a> {
    pub(crate) trace_state: Option<&'a str>,
    pub(crate) flags: u32,
    pub(crate) name: &'a str,
    /// As OTLP numbers them.
    pub(crate) kind: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) attributes: SeenAttributes<'a>,
    pub(crate) events: Vec<SeenEvent<'a>>,
    pub(crate) links: Vec<SeenLink<'a>>,
    pub(crate) status: SeenStatus<'a>,
    pub(crate) dropped_attributes: u64,
    pub(crate) dropped_events: u64,
    pub(crate) dropped_links: u64,
}

/// Keys of one value each, and then those of several.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct SeenAttributes<'a> {
    pub(crate) pairs: Vec<(&'a str, Value<'a>)>,
    pub(crate) lists: Lists,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct SeenEvent<'a> {
    pub(crate) name: &'a str,
    pub(crate) time: u64,
    pub(crate) attributes: SeenAttributes<'a>,
    pub(crate) dropped_attributes: u64,
}

#[derive(Debug, PartialEq)]
pub(crate) struct SeenLink<'a> {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) trace_state: Option<&'a str>,
    pub(crate) flags: u32,
    pub(crate) attributes: SeenAttributes<'a>,
    pub(crate) dropped_attributes: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum SeenStatus<'a> {
    #[default]
    Unset,
    Ok,
    Error(&'a str),
}

impl Place {
    /// Whether nothing of this process is above it.
    pub(crate) fn is_local_root(&self) -> bool {
        self.parent.is_none() || self.remote
    }

    pub(crate) fn read(span: &[u8]) -> Result<Self, Malformed> {
        let (mut trace_id, mut span_id, mut parent, mut remote) = (None, None, None, false);
        for part in Reader::new(span) {
            match part? {
                (field::SPAN_TRACE_ID, Wire::Bytes(id)) => trace_id = Some(trace(id)?),
                (field::SPAN_SPAN_ID, Wire::Bytes(id)) => span_id = Some(self::span_id(id)?),
                (field::SPAN_PARENT_SPAN_ID, Wire::Bytes(id)) => parent = Some(self::span_id(id)?),
                (field::SPAN_FLAGS, Wire::Fixed32(flags)) => remote = flags & IS_REMOTE != 0,
                _ => {}
            }
        }
        match (trace_id, span_id) {
            (Some(trace_id), Some(span_id)) => Ok(Self { trace_id, span_id, parent, remote }),
            _ => Err(Malformed),
        }
    }
}

impl<'a> Seen<'a> {
    pub(crate) fn read(span: &'a [u8]) -> Result<Self, Malformed> {
        let mut seen = Self::default();
        for part in Reader::new(span) {
            match part? {
                (field::SPAN_TRACE_STATE, Wire::Bytes(state)) => seen.trace_state = Some(text(state)?),
                (field::SPAN_FLAGS, Wire::Fixed32(flags)) => seen.flags = flags,
                (field::SPAN_NAME, Wire::Bytes(name)) => seen.name = text(name)?,
                (field::SPAN_KIND, Wire::Varint(kind)) => seen.kind = kind,
                (field::SPAN_START, Wire::Fixed64(start)) => seen.start = start,
                (field::SPAN_END, Wire::Fixed64(end)) => seen.end = end,
                (field::SPAN_ATTRIBUTES, Wire::Bytes(pair)) => seen.attributes.read(pair)?,
                (field::SPAN_EVENTS, Wire::Bytes(event)) => seen.events.push(SeenEvent::read(event)?),
                (field::SPAN_LINKS, Wire::Bytes(link)) => seen.links.push(SeenLink::read(link)?),
                (field::SPAN_STATUS, Wire::Bytes(status)) => seen.status = SeenStatus::read(status)?,
                (field::SPAN_DROPPED_ATTRIBUTES, Wire::Varint(count)) => seen.dropped_attributes = count,
                (field::SPAN_DROPPED_EVENTS, Wire::Varint(count)) => seen.dropped_events = count,
                (field::SPAN_DROPPED_LINKS, Wire::Varint(count)) => seen.dropped_links = count,
                _ => {}
            }
        }
        Ok(seen)
    }
}

impl<'a> SeenEvent<'a> {
    fn view(&'a self) -> Event<'a> {
        Event {
            name: self.name,
            time: Timestamp::from_unix_nanos(self.time),
            attributes: self.attributes.view(),
            dropped_attributes: count(self.dropped_attributes),
        }
    }

    fn read(event: &'a [u8]) -> Result<Self, Malformed> {
        let mut seen = Self::default();
        for part in Reader::new(event) {
            match part? {
                (field::EVENT_TIME, Wire::Fixed64(time)) => seen.time = time,
                (field::EVENT_NAME, Wire::Bytes(name)) => seen.name = text(name)?,
                (field::EVENT_ATTRIBUTES, Wire::Bytes(pair)) => seen.attributes.read(pair)?,
                (field::EVENT_DROPPED_ATTRIBUTES, Wire::Varint(count)) => seen.dropped_attributes = count,
                _ => {}
            }
        }
        Ok(seen)
    }
}

impl<'a> SeenLink<'a> {
    fn view(&'a self) -> Link<'a> {
        Link {
            ids: Ids { trace_id: self.trace_id, span_id: self.span_id, flags: own_flags(self.flags) },
            trace_state: self.trace_state,
            remote: self.flags & IS_REMOTE != 0,
            attributes: self.attributes.view(),
            dropped_attributes: count(self.dropped_attributes),
        }
    }

    fn read(link: &'a [u8]) -> Result<Self, Malformed> {
        let (mut trace_id, mut span_id, mut attributes) = (None, None, SeenAttributes::default());
        let (mut trace_state, mut flags, mut dropped_attributes) = (None, 0, 0);
        for part in Reader::new(link) {
            match part? {
                (field::LINK_TRACE_ID, Wire::Bytes(id)) => trace_id = Some(trace(id)?),
                (field::LINK_SPAN_ID, Wire::Bytes(id)) => span_id = Some(self::span_id(id)?),
                (field::LINK_ATTRIBUTES, Wire::Bytes(pair)) => attributes.read(pair)?,
                (field::LINK_TRACE_STATE, Wire::Bytes(state)) => trace_state = Some(text(state)?),
                (field::LINK_FLAGS, Wire::Fixed32(number)) => flags = number,
                (field::LINK_DROPPED_ATTRIBUTES, Wire::Varint(count)) => dropped_attributes = count,
                _ => {}
            }
        }
        match (trace_id, span_id) {
            (Some(trace_id), Some(span_id)) => {
                Ok(Self { trace_id, span_id, trace_state, flags, attributes, dropped_attributes })
            }
            _ => Err(Malformed),
        }
    }
}

impl<'a> SeenStatus<'a> {
    fn read(status: &'a [u8]) -> Result<Self, Malformed> {
        let (mut code, mut description) = (0, "");
        for part in Reader::new(status) {
            match part? {
                (field::STATUS_MESSAGE, Wire::Bytes(message)) => description = text(message)?,
                (field::STATUS_CODE, Wire::Varint(number)) => code = number,
                _ => {}
            }
        }
        Ok(match code {
            STATUS_OK => Self::Ok,
            STATUS_ERROR => Self::Error(description),
            _ => Self::Unset,
        })
    }
}

/// Lends the span that is encoded in `bytes`, one entry of `ScopeSpans.spans`; nothing where they are none.
///
/// All is as it was when it was encoded, but for numbers beyond 2^63, which OTLP has as text, and the name, which is whole.
pub(crate) fn lend(bytes: &[u8], then: impl FnOnce(&SpanRecord<'_>)) {
    let Some(Ok((field::SCOPE_SPANS_SPANS, Wire::Bytes(body)))) = Reader::new(bytes).next() else { return };
    let (Ok(place), Ok(seen)) = (Place::read(body), Seen::read(body)) else { return };
    let events: Vec<_> = seen.events.iter().map(SeenEvent::view).collect();
    let links: Vec<_> = seen.links.iter().map(SeenLink::view).collect();
    let ids = Ids { trace_id: place.trace_id, span_id: place.span_id, flags: own_flags(seen.flags) };
    then(&SpanRecord {
        parent: place.parent.map(|span_id| Parent { span_id, remote: place.remote }),
        trace_state: seen.trace_state,
        kind: Kind::of_number(seen.kind),
        start: Timestamp::from_unix_nanos(seen.start),
        duration: Duration::from_nanos(seen.end.saturating_sub(seen.start)),
        attributes: seen.attributes.view(),
        dropped_attributes: count(seen.dropped_attributes),
        events: Events::new(&events),
        dropped_events: count(seen.dropped_events),
        links: Links::new(&links),
        dropped_links: count(seen.dropped_links),
        status: match seen.status {
            SeenStatus::Unset => Status::Unset,
            SeenStatus::Ok => Status::Ok,
            SeenStatus::Error(description) => Status::Error(description),
        },
        ..SpanRecord::new(ids, seen.name)
    });
}

fn count(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The flags of W3C Trace Context in the lowest byte.
fn own_flags(flags: u32) -> TraceFlags {
    TraceFlags::from_byte(flags as u8)
}

impl<'a> SeenAttributes<'a> {
    fn view(&'a self) -> Attributes<'a> {
        Attributes::new(&self.pairs).and_lists(&self.lists)
    }

    /// Takes one `KeyValue`.
    fn read(&mut self, pair: &'a [u8]) -> Result<(), Malformed> {
        let (mut key, mut value, mut list) = ("", None, None);
        for part in Reader::new(pair) {
            match part? {
                (field::KEY_VALUE_KEY, Wire::Bytes(name)) => key = text(name)?,
                (field::KEY_VALUE_VALUE, Wire::Bytes(any)) => (value, list) = (one(any)?, several(any)?),
                _ => {}
            }
        }
        match list {
            Some(list) => self.lists.push((Cow::Owned(key.to_owned()), list)),
            None => self.pairs.push((key, value.unwrap_or(Value::Str("")))),
        }
        Ok(())
    }
}

/// The one value of an `AnyValue`, where it is of a kind that is written.
fn one(any: &[u8]) -> Result<Option<Value<'_>>, Malformed> {
    let mut value = None;
    for part in Reader::new(any) {
        value = match part? {
            (field::ANY_STRING, Wire::Bytes(string)) => Some(Value::Str(text(string)?)),
            (field::ANY_BOOL, Wire::Varint(bool)) => Some(Value::Bool(bool != 0)),
            (field::ANY_INT, Wire::Varint(number)) => Some(Value::I64(number as i64)),
            (field::ANY_DOUBLE, Wire::Fixed64(bits)) => Some(Value::F64(f64::from_bits(bits))),
            _ => value,
        };
    }
    Ok(value)
}

/// The values of an `AnyValue` that is an array: all of the kind of the first.
fn several(any: &[u8]) -> Result<Option<List>, Malformed> {
    let mut list = None;
    for part in Reader::new(any) {
        let (field::ANY_ARRAY, Wire::Bytes(array)) = part? else { continue };
        let mut values = Vec::new();
        for part in Reader::new(array) {
            if let (field::ARRAY_VALUES, Wire::Bytes(element)) = part? {
                values.extend(one(element)?);
            }
        }
        list = Some(List::of(&values));
    }
    Ok(list)
}

fn trace(id: &[u8]) -> Result<TraceId, Malformed> {
    let bytes = id.try_into().map_err(|_| Malformed)?;
    TraceId::new(u128::from_be_bytes(bytes)).ok_or(Malformed)
}

fn span_id(id: &[u8]) -> Result<SpanId, Malformed> {
    let bytes = id.try_into().map_err(|_| Malformed)?;
    SpanId::new(u64::from_be_bytes(bytes)).ok_or(Malformed)
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(bytes).map_err(|_| Malformed)
}
