//! Lines to Loki: one stream of constant labels, ids as structured metadata.
//!
//! `POST /loki/api/v1/push`, as protobuf in a block of snappy (`logproto.PushRequest`) or as JSON in gzip. Rules of the
//! protocol by Loki's "Push API" and `push.proto`: only 204 (and 200, of those that speak its language) means that all
//! is kept; 400 is final though some of it may be; 429 and 5xx are tried again.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use obs_core::{Base, Resource};
use obs_export::http::{ClientSettings, Encoding, Endpoint, HeaderError, Protocol, Response, Retry, Verdict};
use obs_export::proto;
use obs_export::queue::{Batch, Losses, Reason};

use super::frame::level_text;
use super::labels::{Labels, OWN};
use super::{Frame, Framed, LabelError, Outlet, Question, Shipped};
use crate::Output;
use crate::format::{json_text, push_quoted};

const PATH: &str = "/loki/api/v1/push";

/// The most bytes of a request before it is compressed: a quarter of what Loki takes in a second of one stream.
const BATCH_BYTES: usize = 768 * 1024;

/// How long lines gather.
const LINGER: Duration = Duration::from_secs(1);

/// Lines to Loki, or whoever takes its pushes.
///
/// All lines of an output are one stream, whose labels are the same for each: `service_name`, `env` where the service has
/// one, and those that are added. What differs from line to line stands beside it as structured metadata: `level`,
/// `trace_id`, `span_id` and `request_id`.
///
/// ```
/// use obs_logs::{Format, Loki, Output};
///
/// let loki = Loki::new("http://loki:3100".parse()?).label("cluster", "eu-1")?.tenant("payments")?;
/// let output = Output::from(loki).named("loki").format(Format::Logfmt);
/// # drop(output);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Loki {
    outlet: Outlet,
    labels: Labels,
    json: bool,
}

impl Loki {
    /// Loki at this URL, behind which `/loki/api/v1/push` is put.
    pub fn new(endpoint: Endpoint) -> Self {
        let outlet = Outlet { encoding: Encoding::Snappy, ..Outlet::new(endpoint, BATCH_BYTES) };
        Self { outlet, labels: Labels::default(), json: false }
    }

    /// A further place that takes the same lines, asked where the one before has trouble.
    pub fn or_at(mut self, endpoint: Endpoint) -> Self {
        self.outlet.endpoints.push(endpoint);
        self
    }

    /// A label of all lines; default `service_name` and `env`, which may be given other values or, by an empty one, left
    /// out.
    ///
    /// # Errors
    /// [`LabelError`]: what Loki would refuse.
    pub fn label(mut self, name: &str, value: &str) -> Result<Self, LabelError> {
        self.labels.put(name, value)?;
        Ok(self)
    }

    /// The tenant, as `X-Scope-OrgID`; default none.
    ///
    /// # Errors
    /// [`HeaderError`] for what cannot stand in a header.
    pub fn tenant(mut self, tenant: &str) -> Result<Self, HeaderError> {
        self.outlet.client = self.outlet.client.header("x-scope-orgid", tenant)?;
        Ok(self)
    }

    /// Sends JSON in gzip, for receivers that do not read Loki's protobuf; default protobuf in snappy.
    pub fn json(mut self) -> Self {
        self.json = true;
        self.outlet.encoding = Encoding::Gzip;
        self
    }

    /// Time-outs, headers, credentials and certificates; default [`ClientSettings::new`]. In the place of what
    /// [`Loki::tenant`] has set.
    pub fn client(mut self, client: ClientSettings) -> Self {
        self.outlet.client = client;
        self
    }

    /// How patiently it is asked; default [`Retry::new`] with all server errors.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.outlet.retry = retry.server_errors();
        self
    }

    /// At how many bytes lines are sent, before they are compressed, and half of what a request has at most; default 768 KiB. A receiver that finds a request too
    /// large (413) gets it in halves.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.outlet.batch_bytes = bytes;
        self
    }

    fn labels_for(&self, resource: &Resource) -> Labels {
        let mut labels = self.labels.clone();
        let env = resource.env.as_deref().unwrap_or_default();
        for (name, value) in OWN.into_iter().zip([resource.name.as_str(), env]) {
            if !labels.has(name) {
                // There is room for them; one that is too long is no label.
                let _ = labels.put(name, value);
            }
        }
        labels
    }
}

impl From<Loki> for Output {
    fn from(loki: Loki) -> Self {
        let json = loki.json;
        let shipped = Shipped {
            frame: Box::new(move |_| if json { Arc::new(Value) } else { Arc::new(Entry) }),
            is_record: false,
            batch_bytes: loki.outlet.batch_bytes,
            linger: LINGER,
            content: if loki.json { "loki json" } else { "loki protobuf" },
            open: Box::new(move |base: &Arc<Base>, pipeline| {
                let labels = loki.labels_for(&base.resource);
                let question =
                    |body| Question { method: Method::POST, place: None, body: Some(body), fine: &[] };
                // A push without streams is read, and found to be of no use (422, and 204 of older ones).
                if loki.json {
                    let (push, question) = (JsonPush::new(&labels), question(br#"{"streams":[]}"#));
                    loki.outlet.open(base, (PATH, "application/json"), pipeline, push, question)
                } else {
                    let (push, question) = (ProtoPush(labels.selector()), question(b""));
                    loki.outlet.open(base, (PATH, "application/x-protobuf"), pipeline, push, question)
                }
            }),
        };
        Self::shipped("logs_loki", shipped)
    }
}

/// Fields of `logproto.PushRequest` and what is in it.
mod field {
    pub(super) const PUSH_STREAMS: u32 = 1;
    pub(super) const STREAM_LABELS: u32 = 1;
    pub(super) const STREAM_ENTRIES: u32 = 2;
    pub(super) const ENTRY_TIMESTAMP: u32 = 1;
    pub(super) const ENTRY_LINE: u32 = 2;
    pub(super) const ENTRY_METADATA: u32 = 3;
    pub(super) const TIMESTAMP_SECONDS: u32 = 1;
    pub(super) const TIMESTAMP_NANOS: u32 = 2;
    pub(super) const PAIR_NAME: u32 = 1;
    pub(super) const PAIR_VALUE: u32 = 2;
}

const SECOND: u64 = 1_000_000_000;

/// Calls `each` with the name and value of what stands beside a line.
fn metadata(line: &Framed<'_>, mut each: impl FnMut(&str, &[u8])) {
    each("level", level_text(line.level).as_bytes());
    if let Some(said) = &line.said {
        each("trace_id", &said.trace_id.to_hex());
        each("span_id", &said.span_id.to_hex());
        if let Some(id) = &said.request_id {
            each("request_id", id.as_bytes());
        }
    }
}

/// A line as an entry of a stream in protobuf.
#[derive(Debug)]
struct Entry;

impl Frame for Entry {
    fn frame(&self, line: &Framed<'_>, out: &mut Vec<u8>) {
        let nanos = line.at.unix_nanos();
        // A line has at most 256 KiB, so that a record always fits.
        let _ = proto::message(out, field::STREAM_ENTRIES, |out| {
            let _ = proto::message(out, field::ENTRY_TIMESTAMP, |out| {
                proto::uint(out, field::TIMESTAMP_SECONDS, nanos / SECOND);
                proto::uint(out, field::TIMESTAMP_NANOS, nanos % SECOND);
            });
            proto::bytes(out, field::ENTRY_LINE, line.line);
            metadata(line, |name, value| {
                let len = proto::bytes_len(field::PAIR_NAME, name.len())
                    + proto::bytes_len(field::PAIR_VALUE, value.len());
                proto::message_head(out, field::ENTRY_METADATA, len);
                proto::bytes(out, field::PAIR_NAME, name.as_bytes());
                proto::bytes(out, field::PAIR_VALUE, value);
            });
        });
    }
}

/// Requests in protobuf, with the labels of the stream.
struct ProtoPush(String);

impl Protocol for ProtoPush {
    fn wrap(&mut self, batch: &mut Batch, head: &mut Vec<u8>, _: &mut Vec<u8>) {
        let labels = proto::bytes_len(field::STREAM_LABELS, self.0.len());
        proto::message_head(head, field::PUSH_STREAMS, labels + batch.bytes.len());
        proto::bytes(head, field::STREAM_LABELS, self.0.as_bytes());
    }

    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        kept(response, batch)
    }

    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        let half = batch.records / 2;
        let mut entries = proto::Reader::new(&batch.bytes);
        for _ in 0..half {
            entries.next()?.ok()?;
        }
        Some((batch.bytes.len() - entries.left(), half))
    }
}

/// A line as a value of a stream in JSON, with a comma in front.
#[derive(Debug)]
struct Value;

impl Frame for Value {
    fn frame(&self, line: &Framed<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b",[\"");
        out.extend_from_slice(itoa::Buffer::new().format(line.at.unix_nanos()).as_bytes());
        out.extend_from_slice(b"\",");
        push_quoted(out, line.line);
        // Neither levels nor ids hold anything that JSON would escape.
        out.extend_from_slice(b",{\"level\":\"");
        out.extend_from_slice(level_text(line.level).as_bytes());
        if let Some(said) = &line.said {
            out.extend_from_slice(b"\",\"trace_id\":\"");
            out.extend_from_slice(&said.trace_id.to_hex());
            out.extend_from_slice(b"\",\"span_id\":\"");
            out.extend_from_slice(&said.span_id.to_hex());
            if let Some(id) = &said.request_id {
                out.extend_from_slice(b"\",\"request_id\":\"");
                out.extend_from_slice(id.as_bytes());
            }
        }
        out.extend_from_slice(b"\"}]");
    }
}

/// Requests in JSON.
struct JsonPush(Vec<u8>);

impl JsonPush {
    fn new(labels: &Labels) -> Self {
        let pairs: Vec<_> =
            labels.iter().map(|(name, value)| format!("\"{name}\":{}", json_text(value))).collect();
        Self(format!("{{\"streams\":[{{\"stream\":{{{}}},\"values\":[", pairs.join(",")).into_bytes())
    }
}

impl Protocol for JsonPush {
    fn wrap(&mut self, batch: &mut Batch, head: &mut Vec<u8>, tail: &mut Vec<u8>) {
        head.extend_from_slice(&self.0);
        // The first has none in front of it.
        if let Some(comma) = batch.bytes.first_mut() {
            *comma = b' ';
        }
        tail.extend_from_slice(b"]}]}");
    }

    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        kept(response, batch)
    }

    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        // Within a text a quote has a backslash in front, and behind its end no digit comes: this is where a value begins.
        let begin = |at: &usize| matches!(batch.bytes.get(*at..), Some([b',', b'[', b'"', digit, ..]) if digit.is_ascii_digit());
        let half = batch.records / 2;
        let places = (1..batch.bytes.len()).filter(begin);
        places.take(half as usize).last().map(|at| (at, half))
    }
}

/// Whatever else is in the family of good answers says that something was not kept: 260 is what a tenant whose
/// ingestion is blocked gets.
fn kept(response: &Response, batch: &Batch) -> Verdict {
    let lost = match response.status {
        StatusCode::OK | StatusCode::NO_CONTENT => 0,
        _ => batch.records,
    };
    Verdict::Settled(Losses::of(Reason::Rejected, lost))
}

#[cfg(test)]
mod tests {
    use obs_core::Timestamp;
    use proptest::prelude::*;
    use tracing_core::Level;

    use super::*;

    /// What could be taken for the beginning of a value, in any order.
    fn hostile() -> impl Strategy<Value = String> {
        const PIECES: [&str; 12] = [",[", "\"", ",[\"", ",[\"1", "\\", "1\",", "]", "{", ",", "é", "\n", "x"];
        let piece = proptest::sample::select(&PIECES[..]);
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    fn lines_of(push: &mut JsonPush, bytes: &[u8], records: u64) -> Vec<String> {
        let mut batch = Batch { bytes: bytes.to_vec(), records, gaps: Vec::new() };
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        push.wrap(&mut batch, &mut head, &mut tail);
        let request: serde_json::Value = serde_json::from_slice(&[head, batch.bytes, tail].concat()).unwrap();
        let values = request["streams"][0]["values"].as_array().unwrap();
        values.iter().map(|value| value[1].as_str().unwrap().to_owned()).collect()
    }

    proptest! {
        #[test]
        fn halves_of_a_request_in_json_have_half_of_the_lines_each(
            lines in proptest::collection::vec(hostile(), 2..12),
        ) {
            let mut batch = Batch { records: lines.len() as u64, ..Batch::default() };
            for line in &lines {
                let at = Timestamp::default();
                let framed =
                    Framed { at, level: Level::INFO, target: "t", place: None, line: line.as_bytes(), said: None };
                Value.frame(&framed, &mut batch.bytes);
            }
            let mut push = JsonPush::new(&Labels::default());
            let (at, half) = push.cut(&batch).unwrap();
            let (first, second) = lines.split_at(lines.len() / 2);
            prop_assert_eq!(half, first.len() as u64);
            prop_assert_eq!(lines_of(&mut push, &batch.bytes[..at], half), first);
            prop_assert_eq!(lines_of(&mut push, &batch.bytes[at..], batch.records - half), second);
        }
    }
}
