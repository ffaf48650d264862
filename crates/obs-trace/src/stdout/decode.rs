//! Reads a span back from its OTLP bytes, which is how it waits; only what is printed is looked at.

use obs_core::fields::Value;
use obs_core::{SpanId, TraceId};
use obs_export::proto::{Malformed, Reader, Wire};

use crate::encode::{IS_REMOTE, STATUS_ERROR, STATUS_OK, field};

/// What decides where a span belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    /// The span above it, of this process or another.
    pub(super) parent: Option<SpanId>,
    /// Whether that belongs to another process.
    pub(super) remote: bool,
}

/// One span, borrowed from its bytes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen<'a> {
    pub(super) name: &'a str,
    /// As OTLP numbers them.
    pub(super) kind: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) attributes: Vec<(&'a str, Value<'a>)>,
    pub(super) events: Vec<SeenEvent<'a>>,
    pub(super) links: Vec<SeenLink<'a>>,
    pub(super) status: SeenStatus<'a>,
    pub(super) dropped_attributes: u64,
    pub(super) dropped_events: u64,
    pub(super) dropped_links: u64,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct SeenEvent<'a> {
    pub(super) name: &'a str,
    pub(super) time: u64,
    pub(super) attributes: Vec<(&'a str, Value<'a>)>,
}

#[derive(Debug, PartialEq)]
pub(super) struct SeenLink<'a> {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) attributes: Vec<(&'a str, Value<'a>)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum SeenStatus<'a> {
    #[default]
    Unset,
    Ok,
    Error(&'a str),
}

impl Place {
    /// Whether nothing of this process is above it.
    pub(super) fn is_local_root(&self) -> bool {
        self.parent.is_none() || self.remote
    }

    pub(super) fn read(span: &[u8]) -> Result<Self, Malformed> {
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
    pub(super) fn read(span: &'a [u8]) -> Result<Self, Malformed> {
        let mut seen = Self::default();
        for part in Reader::new(span) {
            match part? {
                (field::SPAN_NAME, Wire::Bytes(name)) => seen.name = text(name)?,
                (field::SPAN_KIND, Wire::Varint(kind)) => seen.kind = kind,
                (field::SPAN_START, Wire::Fixed64(start)) => seen.start = start,
                (field::SPAN_END, Wire::Fixed64(end)) => seen.end = end,
                (field::SPAN_ATTRIBUTES, Wire::Bytes(pair)) => seen.attributes.push(attribute(pair)?),
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
    fn read(event: &'a [u8]) -> Result<Self, Malformed> {
        let mut seen = Self::default();
        for part in Reader::new(event) {
            match part? {
                (field::EVENT_TIME, Wire::Fixed64(time)) => seen.time = time,
                (field::EVENT_NAME, Wire::Bytes(name)) => seen.name = text(name)?,
                (field::EVENT_ATTRIBUTES, Wire::Bytes(pair)) => seen.attributes.push(attribute(pair)?),
                _ => {}
            }
        }
        Ok(seen)
    }
}

impl<'a> SeenLink<'a> {
    fn read(link: &'a [u8]) -> Result<Self, Malformed> {
        let (mut trace_id, mut span_id, mut attributes) = (None, None, Vec::new());
        for part in Reader::new(link) {
            match part? {
                (field::LINK_TRACE_ID, Wire::Bytes(id)) => trace_id = Some(trace(id)?),
                (field::LINK_SPAN_ID, Wire::Bytes(id)) => span_id = Some(self::span_id(id)?),
                (field::LINK_ATTRIBUTES, Wire::Bytes(pair)) => attributes.push(attribute(pair)?),
                _ => {}
            }
        }
        match (trace_id, span_id) {
            (Some(trace_id), Some(span_id)) => Ok(Self { trace_id, span_id, attributes }),
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

fn attribute(pair: &[u8]) -> Result<(&str, Value<'_>), Malformed> {
    let (mut key, mut value) = ("", Value::Str(""));
    for part in Reader::new(pair) {
        match part? {
            (field::KEY_VALUE_KEY, Wire::Bytes(name)) => key = text(name)?,
            (field::KEY_VALUE_VALUE, Wire::Bytes(any)) => {
                for part in Reader::new(any) {
                    match part? {
                        (field::ANY_STRING, Wire::Bytes(string)) => value = Value::Str(text(string)?),
                        (field::ANY_BOOL, Wire::Varint(bool)) => value = Value::Bool(bool != 0),
                        (field::ANY_INT, Wire::Varint(number)) => value = Value::I64(number as i64),
                        (field::ANY_DOUBLE, Wire::Fixed64(bits)) => value = Value::F64(f64::from_bits(bits)),
                        // A tree has no room for lists.
                        (field::ANY_ARRAY, _) => value = Value::Str("[…]"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok((key, value))
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
