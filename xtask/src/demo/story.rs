//! One request told from its exemplar: the bucket that points to a trace, the trace's spans, and its lines.
//!
//! It begins at the metric because that is where one begins when something is slow.

use std::fmt::Write;

use super::sink::Sink;
use super::span::Span;
use crate::Result;
use crate::exposition::{Exemplar, Sample, Scrape, label};
use crate::json::Json;
use crate::quickstart::{OPENMETRICS, Quickstart};

const BUCKET: &str = "http_request_duration_seconds_bucket";
const ACCESS: &str = "obs::access";

/// The story of a request that has all of it by now; an error says what is still missing. Of several the one with most
/// to tell: lines and spans of its handler beside its own.
pub(crate) fn find(quickstart: &Quickstart, sink: &Sink) -> Result<String> {
    let scrape = quickstart.scrape(OPENMETRICS)?;
    let lines = quickstart.lines();
    let mut missing = "the scrape has no exemplar".to_owned();
    let mut best: Option<Story> = None;
    for (sample, exemplar) in candidates(&scrape) {
        let trace_id = label(&exemplar.labels, "trace_id");
        match tell(sample, trace_id, &sink.trace(trace_id), &lines) {
            Ok(story) if best.as_ref().is_none_or(|best| best.parts < story.parts) => best = Some(story),
            Ok(_) => {}
            Err(error) => missing = error,
        }
    }
    best.map(|story| story.text).ok_or(missing)
}

#[derive(Debug)]
struct Story {
    text: String,
    /// How many lines and spans it has.
    parts: usize,
}

/// Buckets with an exemplar, the slowest first.
fn candidates(scrape: &Scrape) -> Vec<(&Sample, &Exemplar)> {
    let buckets = scrape.named(BUCKET);
    let mut with: Vec<_> =
        buckets.filter_map(|sample| sample.exemplar.as_ref().map(|exemplar| (sample, exemplar))).collect();
    with.sort_by(|(_, a), (_, b)| b.value.total_cmp(&a.value));
    with
}

fn tell(bucket: &Sample, trace_id: &str, spans: &[Span], lines: &[String]) -> Result<Story> {
    let server = spans.iter().find(|span| span.kind == Span::SERVER);
    let server = server.ok_or_else(|| format!("no server span of {trace_id} yet"))?;
    let own: Vec<_> = lines
        .iter()
        .filter_map(|line| Some((line, Json::parse(line).ok()?)))
        .filter(|(_, json)| text(json, "trace_id") == trace_id)
        .collect();
    let access = own.iter().find(|(_, json)| text(json, "target") == ACCESS);
    let (_, access) = access.ok_or_else(|| format!("no access line of {trace_id} yet"))?;

    let mut story = String::new();
    let mut say = |text: &str| story.push_str(text);
    say("one request, by its exemplar\n");
    say(&format!("  trace_id    {trace_id}\n  request_id  {}\n", text(access, "request_id")));
    say("\n  metric: this bucket's exemplar points to the trace\n");
    say(&format!("    {}\n", bucket.line));
    say(&format!("\n  trace: {} of it reached the sink\n", plural(spans.len(), "span")));
    for span in spans {
        say(&describe(span));
    }
    say(&format!("\n  log: {} of it, the access line among them\n", plural(own.len(), "line")));
    for (line, _) in &own {
        say(&format!("    {line}\n"));
    }
    if server.span_id != text(access, "span_id") {
        return Err(format!("the access line of {trace_id} names another span than the server span"));
    }
    Ok(Story { text: story, parts: spans.len() + own.len() })
}

fn describe(span: &Span) -> String {
    let milliseconds = span.end_nanos.saturating_sub(span.start_nanos) as f64 / 1e6;
    let parent = if span.parent_span_id.is_empty() { "none" } else { &span.parent_span_id };
    let mut text = format!(
        "    {} {} {milliseconds:.3} ms, span_id {}, parent {parent}, status {}\n",
        span.kind_word(),
        span.name,
        span.span_id,
        span.status_word(),
    );
    for (key, value) in &span.attributes {
        let _ = writeln!(text, "      {key} = {value}");
    }
    text
}

fn text<'a>(line: &'a Json, field: &str) -> &'a str {
    line.at(&[field]).and_then(Json::text).unwrap_or_default()
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> Sample {
        let text = format!("{BUCKET}{{le=\"0.1\"}} 1 # {{trace_id=\"ab\"}} 0.05");
        Scrape::parse(&text).unwrap().samples.remove(0)
    }

    fn line(target: &str, span_id: &str) -> String {
        format!(r#"{{"target":"{target}","trace_id":"ab","span_id":"{span_id}","request_id":"r-1"}}"#)
    }

    fn server() -> Span {
        Span { trace_id: "ab".into(), span_id: "01".into(), kind: Span::SERVER, ..Span::default() }
    }

    #[test]
    fn a_whole_story_names_line_span_and_exemplar() {
        let lines =
            [line("app", "02"), line(ACCESS, "01"), "{\"trace_id\":\"other\"}".to_owned(), "text".to_owned()];
        let Story { text: story, parts } = tell(&bucket(), "ab", &[server()], &lines).unwrap();
        assert_eq!(parts, 3);
        for part in ["r-1", "# {trace_id=\"ab\"}", "server ", "span_id 01", "2 lines", "obs::access"] {
            assert!(story.contains(part), "{part} in {story}");
        }
        assert!(!story.contains("other"));
    }

    #[test]
    fn what_is_missing_is_said() {
        let check = |spans: &[Span], lines: &[String]| tell(&bucket(), "ab", spans, lines).unwrap_err();
        assert!(check(&[], &[line(ACCESS, "01")]).contains("no server span"));
        assert!(check(&[server()], &[line("app", "01")]).contains("no access line"));
        assert!(check(&[server()], &[line(ACCESS, "09")]).contains("another span"));
    }
}
