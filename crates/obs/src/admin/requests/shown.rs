//! The same as a page, as text and as JSON: routes are templates, so that nothing a client has written is shown.

use std::cmp::Reverse;
use std::fmt::Write;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderValue, Request, Response};
use obs_core::{SpanId, TraceId};

use super::super::index::{escaped, opened, page};
use super::super::reply;
use super::InFlight;

/// How many are shown, the oldest first.
const MOST: usize = 1_000;

/// One of them as it is shown.
struct Row {
    age: Duration,
    method: &'static str,
    route: Option<&'static str>,
    is_rpc: bool,
    trace_id: TraceId,
    span_id: SpanId,
}

/// All of them at one time.
struct Seen {
    rows: Vec<Row>,
    in_flight: usize,
}

pub(super) fn respond(in_flight: &InFlight, request: &Request<()>) -> Response<Bytes> {
    if let Some(refusal) = reply::only_read(request) {
        return refusal;
    }
    let seen = Seen::of(in_flight);
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut response = if accept.contains("application/json") {
        typed(seen.json(), "application/json")
    } else if accept.contains("text/html") {
        page(seen.html())
    } else {
        typed(seen.text(), "text/plain; charset=utf-8")
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

fn typed(body: String, kind: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Seen {
    fn of(in_flight: &InFlight) -> Self {
        let inner = &in_flight.0;
        let now = inner.base.clock.monotonic();
        let mut rows = Vec::new();
        for shard in &inner.shards {
            // Copied before anything is made of it, so that no request waits for a page.
            let entries = shard.lock().unwrap_or_else(PoisonError::into_inner);
            rows.extend(entries.values().map(|entry| Row {
                age: now.since(entry.began),
                method: entry.method.as_str(),
                route: entry.context.local().route().map(|route| route.as_str()),
                is_rpc: entry.is_rpc,
                trace_id: entry.context.trace_id(),
                span_id: entry.context.span_id(),
            }));
        }
        let unlisted = usize::try_from(inner.unlisted.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let in_flight = rows.len().saturating_add(unlisted);
        rows.sort_by_key(|row| Reverse(row.age));
        rows.truncate(MOST);
        Self { rows, in_flight }
    }

    /// How many there are, and how many of them are shown where that is not all.
    fn summary(&self) -> String {
        let all = self.in_flight;
        match self.rows.len() {
            shown if shown < all => format!("{all} in flight, {shown} shown, the oldest first"),
            _ => format!("{all} in flight, the oldest first"),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.summary());
        for row in &self.rows {
            let (age, route) = (row.age.as_secs_f64(), row.route.unwrap_or("-"));
            let _ = writeln!(text, "{age:>10.3}s {} {route} {}", row.method, row.trace_id);
        }
        text
    }

    fn html(&self) -> String {
        let mut html = opened("Requests in flight");
        let _ = write!(
            html,
            "<p>{}</p>\n<table>\n<tr><th>age<th>method<th>route<th>trace id<th>span id\n",
            self.summary()
        );
        for row in &self.rows {
            let _ = writeln!(
                html,
                "<tr><td>{:.3} s<td>{}<td>{}<td><code>{}</code><td><code>{}</code>",
                row.age.as_secs_f64(),
                row.method,
                escaped(row.route.unwrap_or("-")),
                row.trace_id,
                row.span_id
            );
        }
        html.push_str("</table>\n</html>\n");
        html
    }

    fn json(&self) -> String {
        let mut json = format!("{{\"in_flight\":{},\"requests\":[", self.in_flight);
        for (at, row) in self.rows.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            let _ = write!(
                json,
                "{{\"age_seconds\":{:.3},\"method\":\"{}\",\"route\":",
                row.age.as_secs_f64(),
                row.method
            );
            match row.route {
                Some(route) => push_text(&mut json, route),
                None => json.push_str("null"),
            }
            let kind = if row.is_rpc { "rpc" } else { "http" };
            let _ = write!(
                json,
                ",\"kind\":\"{kind}\",\"trace_id\":\"{}\",\"span_id\":\"{}\"}}",
                row.trace_id, row.span_id
            );
        }
        json.push_str("]}\n");
        json
    }
}

/// A text as JSON writes it (RFC 8259 section 7).
fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            '\0'..' ' => {
                let _ = write!(json, "\\u{:04x}", u32::from(char));
            }
            _ => json.push(char),
        }
    }
    json.push('"');
}
