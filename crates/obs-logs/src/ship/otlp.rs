//! Lines to a collector, or to whoever takes OTLP: as log records, by http/protobuf, http/json or gRPC.
//!
//! `POST /v1/logs` with an `ExportLogsServiceRequest`, or a call of `LogsService/Export` with the same. Rules by the
//! OTLP specification: 429, 502, 503 and 504, and over gRPC the statuses of its table, are tried again; what a partial
//! success refuses is lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use obs_core::Base;
use obs_export::http::{ClientSettings, Encoding, Endpoint, Retry};
use obs_export::otlp::{CONTENT_TYPE, CONTENT_TYPE_JSON, Export, Request, port_hint};
use obs_export::proto;
use tracing_core::Level;

use super::{Frame, Framed, Outgoing, Outlet, Question, Shipped};
use crate::Output;

const PATH: &str = "/v1/logs";
#[cfg(feature = "ship-grpc")]
const METHOD: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// The most bytes of a request before it is compressed: a quarter of what receivers of gRPC take.
const BATCH_BYTES: usize = 1 << 20;

/// How long lines gather.
const LINGER: Duration = Duration::from_secs(1);

/// Lines to a collector of OpenTelemetry, or whoever takes OTLP, as log records whose fields keep their types.
///
/// They are named as in [`Format::Otlp`](crate::Format::Otlp), but for the target, which is an attribute. The format of
/// the output means nothing here; what it renames, drops or bounds holds of the attributes.
///
/// ```
/// use obs_logs::{Otlp, Output};
///
/// let otlp = Otlp::new("http://collector:4318".parse()?);
/// let output = Output::from(otlp).named("collector");
/// # drop(output);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Otlp {
    outlet: Outlet,
    /// Whether the paths of the URLs are those that are posted to.
    exact: bool,
    transport: Transport,
}

type Transport = fn((Outlet, bool), &Base, &'static str, Export) -> io::Result<Outgoing>;

impl Otlp {
    /// A collector at this URL, behind which `/v1/logs` is put unless it ends so, by http/protobuf.
    pub fn new(endpoint: Endpoint) -> Self {
        let outlet = Outlet {
            encoding: Encoding::Gzip,
            // Its table names the server errors that are tried again.
            retry: Retry::new(),
            ..Outlet::new(endpoint, BATCH_BYTES)
        };
        Self { outlet, exact: false, transport: posted }
    }

    /// Sends by gRPC; of the URL only the server counts. No request has more than 3 MiB of records then, since receivers
    /// take messages of 4 MiB as a rule. Default http/protobuf.
    #[cfg(feature = "ship-grpc")]
    pub fn grpc(mut self) -> Self {
        self.transport = called;
        self
    }

    /// Posts OTLP's JSON, for receivers that read nothing else: twice as many bytes, and written anew from what waits.
    /// Default http/protobuf.
    pub fn json(mut self) -> Self {
        self.transport = posted_json;
        self
    }

    /// A further place that takes the same lines, asked where the one before has trouble.
    pub fn or_at(mut self, endpoint: Endpoint) -> Self {
        self.outlet.endpoints.push(endpoint);
        self
    }

    /// Posts to the path of each URL as it stands, as `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` asks, instead of putting
    /// `/v1/logs` behind it. By gRPC it changes nothing.
    pub fn exact_endpoint(mut self) -> Self {
        self.exact = true;
        self
    }

    /// How requests are compressed; default gzip.
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.outlet.encoding = encoding;
        self
    }

    /// Time-outs, headers, credentials and certificates; default [`ClientSettings::new`].
    pub fn client(mut self, client: ClientSettings) -> Self {
        self.outlet.client = client;
        self
    }

    /// How patiently it is asked; default [`Retry::new`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.outlet.retry = retry;
        self
    }

    /// At how many bytes lines are sent, before they are compressed, and half of what a request has at most; default 1 MiB. A receiver that finds a request too
    /// large (413, over gRPC `RESOURCE_EXHAUSTED`) gets it in halves.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.outlet.batch_bytes = bytes;
        self
    }
}

impl From<Otlp> for Output {
    fn from(otlp: Otlp) -> Self {
        let Otlp { outlet, exact, transport } = otlp;
        let shipped = Shipped {
            frame: Box::new(|_| Arc::new(LogRecord)),
            is_record: true,
            batch_bytes: outlet.batch_bytes,
            linger: LINGER,
            content: "otlp log records",
            open: Box::new(move |base: &Arc<Base>, pipeline| {
                transport((outlet, exact), base, pipeline, Export::new(&base.resource))
            }),
        };
        Self::shipped("logs_otlp", shipped)
    }
}

fn posted(
    outlet: (Outlet, bool),
    base: &Base,
    pipeline: &'static str,
    export: Export,
) -> io::Result<Outgoing> {
    // A request without records is a good one, and changes nothing.
    posted_as(outlet, (CONTENT_TYPE, b""), base, pipeline, export)
}

fn posted_json(
    outlet: (Outlet, bool),
    base: &Base,
    pipeline: &'static str,
    export: Export,
) -> io::Result<Outgoing> {
    posted_as(outlet, (CONTENT_TYPE_JSON, b"{}"), base, pipeline, export.json(Request::Logs))
}

fn posted_as(
    (mut outlet, exact): (Outlet, bool),
    (content_type, nothing): (&'static str, &'static [u8]),
    base: &Base,
    pipeline: &'static str,
    export: Export,
) -> io::Result<Outgoing> {
    let is_whole = |endpoint: &Endpoint| exact || endpoint.path().trim_end_matches('/').ends_with(PATH);
    let place = |endpoint: &Endpoint| match is_whole(endpoint) {
        true => endpoint.clone(),
        false => endpoint.join(PATH),
    };
    outlet.hint = outlet.endpoints.first().map_or("", |first| port_hint(first, false));
    let question = Question { method: Method::POST, place: None, body: Some(nothing), fine: &[] };
    outlet.open_at(base, (place, content_type), pipeline, export, question)
}

#[cfg(feature = "ship-grpc")]
fn called(
    (mut outlet, _): (Outlet, bool),
    base: &Base,
    pipeline: &'static str,
    export: Export,
) -> io::Result<Outgoing> {
    outlet.hint = outlet.endpoints.first().map_or("", |first| port_hint(first, true));
    outlet.call(base, METHOD, pipeline, export)
}

/// Fields of `LogRecord`, but for those that the engine has made of the line.
mod field {
    pub(super) const SCOPE_RECORDS: u32 = 2;
    pub(super) const TIME: u32 = 1;
    pub(super) const SEVERITY_NUMBER: u32 = 2;
    pub(super) const SEVERITY_TEXT: u32 = 3;
    pub(super) const FLAGS: u32 = 8;
    pub(super) const TRACE_ID: u32 = 9;
    pub(super) const SPAN_ID: u32 = 10;
    pub(super) const OBSERVED_TIME: u32 = 11;
}

/// The first number of each range of the data model.
fn severity(level: Level) -> u64 {
    match level {
        Level::TRACE => 1,
        Level::DEBUG => 5,
        Level::INFO => 9,
        Level::WARN => 13,
        Level::ERROR => 17,
    }
}

/// A tag of one byte and eight bytes behind it; and four.
const FIXED64: usize = 9;
const FIXED32: usize = 5;

/// A line as an entry of the scope.
#[derive(Debug)]
struct LogRecord;

impl Frame for LogRecord {
    fn frame(&self, line: &Framed<'_>, out: &mut Vec<u8>) {
        let text = line.level.as_str();
        // Each severity is a number of one byte.
        let mut len = 2 * FIXED64 + 2 + proto::bytes_len(field::SEVERITY_TEXT, text.len()) + line.line.len();
        if line.said.is_some() {
            len += FIXED32 + proto::bytes_len(field::TRACE_ID, 16) + proto::bytes_len(field::SPAN_ID, 8);
        }
        proto::message_head(out, field::SCOPE_RECORDS, len);
        let nanos = line.at.unix_nanos();
        proto::fixed64(out, field::TIME, nanos);
        proto::uint(out, field::SEVERITY_NUMBER, severity(line.level));
        proto::bytes(out, field::SEVERITY_TEXT, text.as_bytes());
        out.extend_from_slice(line.line);
        if let Some(said) = &line.said {
            proto::fixed32(out, field::FLAGS, u32::from(said.flags.to_byte()));
            proto::bytes(out, field::TRACE_ID, &said.trace_id.to_bytes());
            proto::bytes(out, field::SPAN_ID, &said.span_id.to_bytes());
        }
        proto::fixed64(out, field::OBSERVED_TIME, nanos);
    }
}
