//! Lines to Elasticsearch or OpenSearch, by `_bulk`.
//!
//! Each line is a document with an id of its own, which a retry repeats: what is there already (409) arrived before. An
//! answer of 200 says of each document what became of it: those turned away for now (429, 503) are sent once more, the
//! others that failed are lost. Rules by Elasticsearch's "Bulk API".

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use obs_core::Base;
use obs_export::http::{ClientSettings, Encoding, Endpoint, Protocol, Response, Retry, Verdict};
use obs_export::queue::{Batch, Losses, Reason};
use serde_json::Value;

use super::{Frame, Framed, Outlet, Question, Shipped};
use crate::{Format, Output};

/// An index template for data streams called `logs-obs-…`: ids as keywords, times to the nanosecond, and
/// other texts searchable and as keywords. Put it by `PUT /_index_template/obs-logs`.
pub const INDEX_TEMPLATE: &str = include_str!("index_template.json");

/// The most bytes of a request before it is compressed; Elastic's own advice is 5 to 15 MB.
const BATCH_BYTES: usize = 5 << 20;

/// How long lines gather.
const LINGER: Duration = Duration::from_secs(1);

/// What clients of Elastic's own ask first. Who may write only must not see it, and others that speak `_bulk` need not
/// have it: then it is there all the same.
const QUESTION: Question =
    Question { method: Method::GET, place: Some(root), body: None, fine: &[403, 404, 405] };

/// The end of a URL that names the place of requests itself.
const BULK: &str = "/_bulk";

fn root(endpoint: &Endpoint) -> Endpoint {
    endpoint.without(BULK).as_ref().unwrap_or(endpoint).join("/")
}

/// Lines to Elasticsearch or OpenSearch, in the names of the Elastic Common Schema.
///
/// ```
/// use obs_logs::{Elastic, Output};
///
/// let elastic = Elastic::new("http://elastic:9200".parse()?, "logs-obs-shop");
/// let output = Output::from(elastic).named("elk");
/// # drop(output);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Elastic {
    outlet: Outlet,
    target: String,
}

impl Elastic {
    /// The data stream or index `target` at this URL, behind which `/<target>/_bulk` is put unless it ends in `/_bulk`, as that
    /// of VictoriaLogs does, which knows no index: then `target` means nothing. Documents are created, never overwritten, which is what data
    /// streams take; they need a template that matches, such as [`INDEX_TEMPLATE`].
    pub fn new(endpoint: Endpoint, target: impl Into<String>) -> Self {
        let outlet = Outlet { encoding: Encoding::Gzip, ..Outlet::new(endpoint, BATCH_BYTES) };
        Self { outlet, target: target.into() }
    }

    /// A further place that takes the same lines, asked where the one before has trouble.
    pub fn or_at(mut self, endpoint: Endpoint) -> Self {
        self.outlet.endpoints.push(endpoint);
        self
    }

    /// Sends bodies as they are; default gzip.
    pub fn uncompressed(mut self) -> Self {
        self.outlet.encoding = Encoding::Plain;
        self
    }

    /// Time-outs, headers, credentials and certificates; default [`ClientSettings::new`].
    pub fn client(mut self, client: ClientSettings) -> Self {
        self.outlet.client = client;
        self
    }

    /// How patiently it is asked; default [`Retry::new`] with all server errors.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.outlet.retry = retry.server_errors();
        self
    }

    /// At how many bytes lines are sent, before they are compressed, and half of what a request has at most; default 5 MiB. A receiver that finds a request too
    /// large (413) gets it in halves.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.outlet.batch_bytes = bytes;
        self
    }
}

impl From<Elastic> for Output {
    fn from(elastic: Elastic) -> Self {
        let Elastic { outlet, target } = elastic;
        let shipped = Shipped {
            frame: Box::new(|_| Arc::new(Document::default())),
            is_record: false,
            batch_bytes: outlet.batch_bytes,
            linger: LINGER,
            content: "elasticsearch",
            open: Box::new(move |base: &Arc<Base>, pipeline| {
                // All that is asked of the answer, which else repeats much of the request.
                const ASKED: &str = "?filter_path=errors,items.*.status,items.*.error.type";
                let path = format!("/{}{BULK}{ASKED}", path_of(&target));
                let place = |endpoint: &Endpoint| match endpoint.without(BULK) {
                    Some(_) => endpoint.join(ASKED),
                    None => endpoint.join(&path),
                };
                outlet.open_at(base, (place, "application/x-ndjson"), pipeline, Bulk, QUESTION)
            }),
        };
        Self::shipped("logs_elastic", shipped).format(Format::Ecs)
    }
}

/// What may stand in a path as it is, and else by its bytes.
fn path_of(target: &str) -> String {
    target.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

/// A line as an action and a document, with an id that no other line has: what is random for each output of each
/// process, and a number.
#[derive(Debug)]
struct Document {
    instance: u64,
    number: AtomicU64,
}

impl Default for Document {
    fn default() -> Self {
        let instance = obs_core::IdSource::random().span_id().get();
        Self { instance, number: AtomicU64::new(0) }
    }
}

impl Frame for Document {
    fn frame(&self, line: &Framed<'_>, out: &mut Vec<u8>) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        for part in [
            b"{\"create\":{\"_id\":\"",
            &hex(self.instance) as &[u8],
            &hex(number),
            b"\"}}\n",
            line.line,
            b"\n",
        ] {
            out.extend_from_slice(part);
        }
    }
}

/// The 16 digits of a number.
fn hex(number: u64) -> [u8; 16] {
    let digit = |at: usize| b"0123456789abcdef"[(number >> (60 - 4 * at) & 15) as usize];
    std::array::from_fn(digit)
}

/// Requests and answers of `_bulk`.
struct Bulk;

impl Protocol for Bulk {
    fn wrap(&mut self, _: &mut Batch, _: &mut Vec<u8>, _: &mut Vec<u8>) {}

    fn accept(&mut self, response: &Response, batch: &Batch) -> Verdict {
        let all = |lost| Verdict::Settled(Losses::of(Reason::Rejected, lost));
        // Anything else with a good status comes from something else.
        let Ok(answer) = serde_json::from_slice::<Value>(&response.body) else { return all(batch.records) };
        match answer.get("errors").and_then(Value::as_bool) {
            Some(false) => return all(0),
            Some(true) => {}
            None => return all(batch.records),
        }
        let items = answer.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut losses = Losses::default();
        let mut again = Batch::default();
        let mut seen = 0;
        for (item, record) in items.iter().zip(records(&batch.bytes)) {
            seen += 1;
            match status(item) {
                // It is there: this is the answer that was lost.
                Some(200..=299 | 409) => {}
                Some(429 | 503) => {
                    again.bytes.extend_from_slice(record);
                    again.records += 1;
                }
                _ => losses.add(Reason::Rejected, 1),
            }
        }
        // Of what nothing is said nothing is known.
        losses.add(Reason::Rejected, batch.records.saturating_sub(seen));
        if again.records == 0 { Verdict::Settled(losses) } else { Verdict::Again(again, losses) }
    }

    /// The kinds of errors; their reasons may have what is in a document.
    fn words<'a>(&self, response: &'a Response) -> Cow<'a, [u8]> {
        let answer = serde_json::from_slice::<Value>(&response.body).unwrap_or_default();
        let items = answer.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let kind = |item: &Value| {
            let action = item.as_object()?.values().next()?;
            Some(action.get("error")?.get("type")?.as_str()?.to_owned())
        };
        let kinds: BTreeSet<_> = items.iter().filter_map(kind).collect();
        Cow::Owned(Vec::from_iter(kinds).join(", ").into_bytes())
    }

    fn cut(&mut self, batch: &Batch) -> Option<(usize, u64)> {
        let half = batch.records / 2;
        let front = records(&batch.bytes).take(half as usize);
        Some((front.map(<[u8]>::len).sum(), half))
    }
}

/// The status of an item, whatever its action is called.
fn status(item: &Value) -> Option<u16> {
    let action = item.as_object()?.values().next()?;
    u16::try_from(action.get("status")?.as_u64()?).ok()
}

/// Each action with its document.
fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let end = ends.nth(1)?;
        let (record, left) = rest.split_at(end);
        rest = left;
        Some(record)
    })
}
