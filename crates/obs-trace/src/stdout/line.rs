//! One span as lines of text: its head, then its events, its links and what was left out.

use std::fmt::Write;

use obs_core::TraceId;
use obs_core::fields::Value;
use obs_core::keys::attribute as keys;

use super::escape;
use crate::decode::{Seen, SeenAttributes, SeenEvent, SeenLink, SeenStatus};
use crate::record::Kind;

/// Names, messages and errors are cut after this many characters, values of attributes earlier.
const MAX_TEXT: usize = 1_000;
const MAX_VALUE: usize = 200;
/// Of several values under one key so many are shown.
const MAX_VALUES: usize = 8;

/// Where a span comes from says little to whoever is writing it.
const NEVER_SHOWN: &[&str] = &[keys::CODE_NAMESPACE, keys::LEVEL, keys::TARGET];

/// What the name and the status of a server span say already, and what is the same for each request.
const NOT_OF_SERVERS: &[&str] = &[
    keys::HTTP_REQUEST_METHOD,
    keys::HTTP_ROUTE,
    keys::HTTP_RESPONSE_STATUS_CODE,
    keys::HTTP_RESPONSE_BODY_SIZE,
    keys::URL_SCHEME,
    keys::SERVER_ADDRESS,
    keys::SERVER_PORT,
    keys::CLIENT_ADDRESS,
    keys::CLIENT_PORT,
    keys::USER_AGENT_ORIGINAL,
    keys::NETWORK_PROTOCOL_VERSION,
    keys::ERROR_TYPE,
    keys::REQUEST_ID,
    keys::OUTCOME,
];

/// The colours, or nothing in their place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) bold: &'static str,
    pub(super) dim: &'static str,
    pub(super) red: &'static str,
    pub(super) plain: &'static str,
}

impl Paint {
    pub(super) const fn new(coloured: bool) -> Self {
        if coloured {
            Self { bold: "\u{1b}[1m", dim: "\u{1b}[2m", red: "\u{1b}[31m", plain: "\u{1b}[0m" }
        } else {
            Self { bold: "", dim: "", red: "", plain: "" }
        }
    }
}

/// Writes the head of a span; `root` is the trace of a local root.
pub(super) fn head(out: &mut String, seen: &Seen<'_>, root: Option<TraceId>, paint: Paint) {
    out.push_str(paint.bold);
    escape::push(out, seen.name, MAX_TEXT);
    out.push_str(paint.plain);
    out.push_str("  ");
    out.push_str(paint.dim);
    duration(out, seen.end.saturating_sub(seen.start));
    if let Some(trace_id) = root {
        // A String takes all that is written.
        let _ = write!(out, "  trace {trace_id}");
    }
    out.push_str(paint.plain);
    let server = seen.kind == Kind::Server as u64;
    match seen.kind {
        kind if kind == Kind::Client as u64 => out.push_str("  client"),
        kind if kind == Kind::Producer as u64 => out.push_str("  producer"),
        kind if kind == Kind::Consumer as u64 => out.push_str("  consumer"),
        _ if server && root.is_none() => out.push_str("  server"),
        _ => {}
    }
    if server {
        response(out, seen);
    }
    attributes(out, &seen.attributes, |key, value| server && is_implied(seen, key, value));
    match seen.status {
        SeenStatus::Unset => {}
        SeenStatus::Ok => out.push_str("  ok"),
        SeenStatus::Error(description) => {
            out.push_str("  ");
            out.push_str(paint.red);
            out.push_str("error");
            if !description.is_empty() {
                out.push_str(": ");
                escape::push(out, description, MAX_TEXT);
            }
            out.push_str(paint.plain);
        }
    }
    out.push('\n');
}

/// The status of the response, and how the request ended where the status does not say so.
fn response(out: &mut String, seen: &Seen<'_>) {
    if let Some(Value::I64(status)) = find(seen, keys::HTTP_RESPONSE_STATUS_CODE) {
        let _ = write!(out, "  {status}");
    }
    if let Some(Value::Str(outcome)) = find(seen, keys::OUTCOME)
        && !["success", "client_error", "server_error"].contains(&outcome)
    {
        out.push_str("  ");
        escape::push(out, outcome, MAX_VALUE);
    }
}

fn is_implied(seen: &Seen<'_>, key: &str, value: Value<'_>) -> bool {
    NOT_OF_SERVERS.contains(&key) || key == keys::URL_PATH && find(seen, keys::HTTP_ROUTE) == Some(value)
}

fn find<'a>(seen: &Seen<'a>, key: &str) -> Option<Value<'a>> {
    seen.attributes.pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

/// Writes what stands below a span's head, each line behind `prefix`.
pub(super) fn details(out: &mut String, seen: &Seen<'_>, prefix: &str, paint: Paint) {
    for event in &seen.events {
        out.push_str(prefix);
        event_line(out, event, seen.start, paint);
    }
    for link in &seen.links {
        out.push_str(prefix);
        link_line(out, link, paint);
    }
    let left_out = [
        (seen.dropped_attributes, "attributes"),
        (seen.dropped_events, "events"),
        (seen.dropped_links, "links"),
    ];
    for (count, what) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        let _ = writeln!(out, "{prefix}{}… {count} {what} beyond the limit{}", paint.dim, paint.plain);
    }
}

fn event_line(out: &mut String, event: &SeenEvent<'_>, start: u64, paint: Paint) {
    out.push_str(paint.dim);
    out.push_str("· +");
    duration(out, event.time.saturating_sub(start));
    out.push_str(paint.plain);
    let level = event.attributes.pairs.iter().find(|(key, _)| *key == keys::LEVEL);
    if let Some((_, Value::Str(level))) = level {
        let (before, after) = if *level == "ERROR" { (paint.red, paint.plain) } else { ("", "") };
        out.push_str("  ");
        out.push_str(before);
        escape::push(out, level, MAX_VALUE);
        out.push_str(after);
    }
    out.push_str("  ");
    escape::push(out, event.name, MAX_TEXT);
    attributes(out, &event.attributes, |_, _| false);
    out.push('\n');
}

fn link_line(out: &mut String, link: &SeenLink<'_>, paint: Paint) {
    let (trace_id, span_id) = (link.trace_id, link.span_id);
    let _ = write!(out, "{}→ trace {trace_id} span {span_id}{}", paint.dim, paint.plain);
    attributes(out, &link.attributes, |_, _| false);
    out.push('\n');
}

fn attributes(out: &mut String, seen: &SeenAttributes<'_>, hidden: impl Fn(&str, Value<'_>) -> bool) {
    let shown = seen.pairs.iter().filter(|(key, value)| !NEVER_SHOWN.contains(key) && !hidden(key, *value));
    let mut before = "  ";
    for (key, value) in shown {
        name(out, std::mem::replace(&mut before, " "), key);
        push(out, *value);
    }
    for (key, list) in &seen.lists {
        name(out, std::mem::replace(&mut before, " "), key);
        out.push('[');
        for (index, value) in list.iter().take(MAX_VALUES).enumerate() {
            out.push_str(if index == 0 { "" } else { ", " });
            push(out, value);
        }
        out.push_str(if list.len() > MAX_VALUES { ", …]" } else { "]" });
    }
}

fn name(out: &mut String, before: &str, key: &str) {
    out.push_str(before);
    escape::push(out, key, MAX_VALUE);
    out.push('=');
}

fn push(out: &mut String, value: Value<'_>) {
    let _ = match value {
        Value::Str(text) => {
            escape::push_value(out, text, MAX_VALUE);
            Ok(())
        }
        Value::I64(number) => write!(out, "{number}"),
        Value::U64(number) => write!(out, "{number}"),
        Value::F64(number) => write!(out, "{number}"),
        Value::Bool(value) => write!(out, "{value}"),
    };
}

/// `42 us`, `12.3 ms` or `1.23 s`.
fn duration(out: &mut String, nanos: u64) {
    // Rounded to what is shown, and to the next unit where that comes out.
    let rounded = |unit: u64| nanos / unit + u64::from(nanos % unit >= unit / 2);
    let _ = match nanos {
        0..=99_499 => write!(out, "{} us", rounded(1_000)),
        99_500..=999_949_999 => {
            let tenths = rounded(100_000);
            write!(out, "{}.{} ms", tenths / 10, tenths % 10)
        }
        _ => {
            let hundredths = rounded(10_000_000);
            write!(out, "{}.{:02} s", hundredths / 100, hundredths % 100)
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_the_unit_that_fits() {
        for (nanos, expected) in [
            (0, "0 us"),
            (499, "0 us"),
            (1_500, "2 us"),
            (99_499, "99 us"),
            (99_500, "0.1 ms"),
            (400_000, "0.4 ms"),
            (12_349_999, "12.3 ms"),
            (999_949_999, "999.9 ms"),
            (999_950_000, "1.00 s"),
            (61_234_000_000, "61.23 s"),
            (u64::MAX, "18446744073.71 s"),
        ] {
            let mut out = String::new();
            duration(&mut out, nanos);
            assert_eq!(out, expected, "{nanos}");
        }
    }
}
