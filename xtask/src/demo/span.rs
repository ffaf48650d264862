//! Spans out of an OTLP request, read by the field numbers of opentelemetry-proto 1.x (trace.proto, common.proto).

use crate::Result;
use crate::protobuf::{Value, fields};

/// A span as far as the story tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Span {
    /// `service.name` of its resource.
    pub(crate) service: String,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    /// Empty for a root.
    pub(crate) parent_span_id: String,
    pub(crate) name: String,
    pub(crate) kind: u64,
    pub(crate) start_nanos: u64,
    pub(crate) end_nanos: u64,
    pub(crate) status: u64,
    /// What the status says beside its code.
    pub(crate) status_message: String,
    pub(crate) attributes: Attributes,
    pub(crate) events: Vec<Event>,
}

pub(crate) type Attributes = Vec<(String, String)>;

/// Something that happened within a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) attributes: Attributes,
}

impl Span {
    pub(crate) const SERVER: u64 = 2;
    const ERROR: u64 = 2;

    pub(crate) fn failed(&self) -> bool {
        self.status == Self::ERROR
    }

    /// SPAN_KIND_* in a word.
    pub(crate) fn kind_word(&self) -> &'static str {
        ["unspecified", "internal", "server", "client", "producer", "consumer"]
            .get(usize::try_from(self.kind).unwrap_or(usize::MAX))
            .copied()
            .unwrap_or("unknown")
    }

    /// STATUS_CODE_* in a word.
    pub(crate) fn status_word(&self) -> &'static str {
        ["unset", "ok", "error"]
            .get(usize::try_from(self.status).unwrap_or(usize::MAX))
            .copied()
            .unwrap_or("unknown")
    }
}

/// Every span of an ExportTraceServiceRequest.
pub(crate) fn spans(request: &[u8]) -> Result<Vec<Span>> {
    let mut spans = Vec::new();
    for resource_spans in messages(request, 1)? {
        let service = service_name(resource_spans)?;
        for scope_spans in messages(resource_spans, 2)? {
            for span_message in messages(scope_spans, 2)? {
                spans.push(Span { service: service.clone(), ..span(span_message)? });
            }
        }
    }
    Ok(spans)
}

fn service_name(resource_spans: &[u8]) -> Result<String> {
    for resource in messages(resource_spans, 1)? {
        for message in messages(resource, 1)? {
            let (key, value) = attribute(message)?;
            if key == "service.name" {
                return Ok(value);
            }
        }
    }
    Ok(String::new())
}

fn messages(message: &[u8], number: u32) -> Result<Vec<&[u8]>> {
    let fields = fields(message)?.into_iter();
    Ok(fields.filter(|field| field.number == number).map(|field| field.value.bytes()).collect())
}

fn span(message: &[u8]) -> Result<Span> {
    let mut span = Span::default();
    for field in fields(message)? {
        let value = field.value;
        match field.number {
            1 => span.trace_id = hex(value.bytes()),
            2 => span.span_id = hex(value.bytes()),
            4 => span.parent_span_id = hex(value.bytes()),
            5 => span.name = value.text(),
            6 => span.kind = value.number(),
            7 => span.start_nanos = value.number(),
            8 => span.end_nanos = value.number(),
            9 => span.attributes.push(attribute(value.bytes())?),
            11 => span.events.push(event(value.bytes())?),
            15 => (span.status, span.status_message) = status(value.bytes())?,
            _ => {}
        }
    }
    Ok(span)
}

fn event(message: &[u8]) -> Result<Event> {
    let mut event = Event::default();
    for field in fields(message)? {
        match field.number {
            2 => event.name = field.value.text(),
            3 => event.attributes.push(attribute(field.value.bytes())?),
            _ => {}
        }
    }
    Ok(event)
}

fn status(message: &[u8]) -> Result<(u64, String)> {
    let (mut code, mut text) = (0, String::new());
    for field in fields(message)? {
        match field.number {
            2 => text = field.value.text(),
            3 => code = field.value.number(),
            _ => {}
        }
    }
    Ok((code, text))
}

fn attribute(message: &[u8]) -> Result<(String, String)> {
    let (mut key, mut text) = (String::new(), String::new());
    for field in fields(message)? {
        match field.number {
            1 => key = field.value.text(),
            2 => text = any_value(field.value.bytes())?,
            _ => {}
        }
    }
    Ok((key, text))
}

fn any_value(message: &[u8]) -> Result<String> {
    let Some(field) = fields(message)?.into_iter().next() else { return Ok(String::new()) };
    Ok(match (field.number, field.value) {
        (1, value) => value.text(),
        (2, value) => (value.number() != 0).to_string(),
        (3, Value::Varint(number)) => number.cast_signed().to_string(),
        (4, value) => f64::from_bits(value.number()).to_string(),
        _ => "(an array, a list or bytes)".to_owned(),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        // Of two bytes always: the lengths here take no more.
        let length = u16::try_from(bytes.len()).unwrap();
        let length = [(length & 0x7f) as u8 | 0x80, u8::try_from(length >> 7).unwrap()];
        [&[number << 3 | 2], &length[..], bytes].concat()
    }

    #[test]
    fn a_span_is_read_from_a_whole_request() {
        let int = [0x18, 0xc8, 0x01]; // int_value 200
        let message = [
            field(1, &[0xab; 16]),
            field(2, &[1; 8]),
            field(4, &[2; 8]),
            field(5, b"GET /x"),
            vec![0x30, 2],
            [&[0x39][..], &1_000_u64.to_le_bytes()].concat(),
            [&[0x41][..], &3_000_u64.to_le_bytes()].concat(),
            field(9, &[field(1, b"code"), field(2, &int)].concat()),
            field(
                11,
                &[field(2, b"oh no"), field(3, &[field(1, b"code"), field(2, &int)].concat())].concat(),
            ),
            field(15, &[&field(2, b"refused")[..], &[0x18, 2]].concat()),
        ]
        .concat();
        let name = [field(1, b"service.name"), field(2, &field(1, b"orders"))].concat();
        let request = field(1, &[field(1, &field(1, &name)), field(2, &field(2, &message))].concat());
        let read = spans(&request).unwrap();
        assert_eq!(read.len(), 1);
        let span = &read[0];
        assert_eq!((span.trace_id.as_str(), span.name.as_str()), ("ab".repeat(16).as_str(), "GET /x"));
        assert_eq!(
            (span.span_id.as_str(), span.parent_span_id.as_str()),
            ("0101010101010101", "0202020202020202")
        );
        assert_eq!(
            (span.kind_word(), span.status_word(), span.end_nanos - span.start_nanos),
            ("server", "error", 2_000)
        );
        let code = ("code".to_owned(), "200".to_owned());
        assert_eq!(span.attributes, std::slice::from_ref(&code));
        assert_eq!((span.service.as_str(), span.status_message.as_str()), ("orders", "refused"));
        assert_eq!(span.events, [Event { name: "oh no".to_owned(), attributes: vec![code] }]);
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        assert!(spans(b"not protobuf at all").is_err());
        assert_eq!(spans(b""), Ok(vec![]));
    }
}
