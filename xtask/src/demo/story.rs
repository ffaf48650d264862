//! One request told from the answer its client saw to the cause: exemplar, spans and lines of three services, by one id.

use std::fmt::Write;

use super::answers::Answer;
use super::cause::{self, Cause};
use super::exemplars::Pointer;
use super::line::{Line, on_one_line};
use super::span::Span;
use super::tree::tree;

const DURATIONS: [&str; 2] =
    ["http_request_duration_seconds_bucket", "rpc_server_request_duration_seconds_bucket"];
/// How many of the buckets that point to a request are told.
const POINTERS: usize = 4;

/// All that is known of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    pub(super) trace_id: String,
    /// None where the client went away, or another client than the demo's sent it.
    pub(super) answer: Option<Answer>,
    /// By their start.
    pub(super) spans: Vec<Span>,
    /// By their time.
    pub(super) lines: Vec<Line>,
    /// Buckets whose exemplar is this request.
    pub(super) pointers: Vec<Pointer>,
}

impl Story {
    /// What is still on its way, if anything is.
    pub(super) fn missing(&self) -> Option<String> {
        let id = &self.trace_id;
        let servers = || self.spans.iter().filter(|span| span.kind == Span::SERVER);
        let access = || self.lines.iter().filter(|line| line.is_access());
        if access().next().is_none() {
            return Some(format!("no access line of {id} yet"));
        }
        if servers().next().is_none() {
            return Some(format!("no server span of {id} yet"));
        }
        if let Some(line) = access().find(|line| !servers().any(|span| span.span_id == line.text("span_id")))
        {
            return Some(format!("no server span of {id} from {} yet", line.text("service")));
        }
        if let Some(span) = servers().find(|span| !access().any(|line| line.text("span_id") == span.span_id))
        {
            return Some(format!("no access line of {id} from {} yet", span.service));
        }
        let has = |id: &str| self.spans.iter().any(|span| span.span_id == id);
        let orphans =
            self.spans.iter().filter(|span| !span.parent_span_id.is_empty() && !has(&span.parent_span_id));
        match orphans.count() {
            0 => None,
            count => Some(format!("the parents of {count} spans of {id}")),
        }
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        cause::cause(&self.lines, &self.spans)
    }

    /// All of it, for a reader who has never seen one.
    pub(super) fn tell(&self) -> String {
        let mut text = format!("the story of one request, trace {}\n", self.trace_id);
        self.tell_answer(&mut text);
        self.tell_cause(&mut text);
        self.tell_pointers(&mut text);
        self.tell_spans(&mut text);
        self.tell_lines(&mut text);
        text
    }

    fn tell_answer(&self, text: &mut String) {
        let Some(answer) = &self.answer else {
            let went_away = self.lines.iter().any(|line| line.text("outcome") == "cancelled");
            let why =
                if went_away { "it went away before it" } else { "it went away, or was not the demo's" };
            let _ = writeln!(text, "\n  the client: no answer is known ({why})");
            let ids = self.lines.iter().map(|line| line.text("request_id")).find(|id| !id.is_empty());
            let _ = writeln!(text, "    request id    {}", ids.unwrap_or("unknown"));
            return;
        };
        text.push_str("\n  the client saw\n");
        let Answer { method, target, status, micros, request_id, trace_id, body, .. } = answer;
        let _ = writeln!(text, "    {method} {target} -> {status}, after {:.1} ms", *micros as f64 / 1e3);
        let _ = writeln!(text, "    x-request-id: {request_id}\n    x-trace-id: {trace_id}");
        if !body.trim().is_empty() {
            let _ = writeln!(text, "    {}", body.trim());
        }
    }

    fn tell_cause(&self, text: &mut String) {
        let Some(Cause { service, text: said, span_id, .. }) = self.cause() else { return };
        let _ = writeln!(text, "\n  why it failed\n    {service}: {said}");
        if let Some(span) = self.spans.iter().find(|span| span.span_id == span_id) {
            let place = format!("{} span `{}`", span.kind_word(), span.name);
            let _ = writeln!(text, "    said in the {place} of {}", span.service);
        }
        let _ = writeln!(text, "    answered: {}", cause::way_back(&self.lines));
    }

    fn tell_pointers(&self, text: &mut String) {
        if self.pointers.is_empty() {
            text.push_str("\n  metrics: no bucket's exemplar points to it; each keeps a recent one\n");
            return;
        }
        text.push_str(
            "\n  metrics: exemplars that point to it; a graph of these buckets leads to the trace\n",
        );
        // Durations of requests are what one looks at first.
        let mut pointers: Vec<_> = self.pointers.iter().collect();
        pointers.sort_by_key(|pointer| !DURATIONS.iter().any(|name| pointer.line.starts_with(name)));
        for pointer in pointers.iter().take(POINTERS) {
            let _ = writeln!(text, "    {}: {}", pointer.service, pointer.line);
        }
        if pointers.len() > POINTERS {
            let _ = writeln!(text, "    and {} more", pointers.len() - POINTERS);
        }
    }

    fn tell_spans(&self, text: &mut String) {
        if self.spans.is_empty() {
            text.push_str("\n  trace: no span of it came to the sink (was it sampled?)\n");
            return;
        }
        let services = count_distinct(self.spans.iter().map(|span| span.service.as_str()));
        let (spans, services) = (plural(self.spans.len(), "span"), plural(services, "service"));
        let _ = writeln!(text, "\n  trace: {spans} of {services}");
        text.push_str(&tree(&self.spans, self.start_nanos()));
    }

    fn tell_lines(&self, text: &mut String) {
        let services = count_distinct(self.lines.iter().map(|line| line.text("service")));
        let (lines, services) = (plural(self.lines.len(), "line"), plural(services, "service"));
        let _ = writeln!(text, "\n  log: {lines} of {services}, by time\n    {:>9}", "at ms");
        for line in &self.lines {
            let at = (line.micros as f64 - self.start_nanos() as f64 / 1e3) / 1e3;
            let [service, level, target, message] =
                ["service", "level", "target", "message"].map(|name| line.text(name));
            let (message, error) = (on_one_line(message), on_one_line(line.text("error")));
            let _ = writeln!(text, "    {at:>9.3}  {service:<9} {level:<5} {target}: {message}");
            if !error.is_empty() {
                let _ = writeln!(text, "    {:>9}  error: {error}", "");
            }
            let rest = line.rest();
            if !rest.is_empty() {
                let _ = writeln!(text, "    {:>9}  {rest}", "");
            }
        }
    }

    /// What offsets are from.
    fn start_nanos(&self) -> u64 {
        let spans = self.spans.iter().map(|span| span.start_nanos).min();
        let lines = || self.lines.iter().map(|line| line.micros * 1_000).min();
        spans.or_else(lines).unwrap_or_default()
    }
}

fn count_distinct<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.collect::<std::collections::HashSet<_>>().len()
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(millisecond: u8, service: &str, span_id: &str, rest: &str) -> Line {
        let text = format!(
            "{{\"timestamp\":\"1970-01-01T00:00:01.00{millisecond}000Z\",\"level\":\"ERROR\",\
             \"service\":\"{service}\",\"span_id\":\"{span_id}\",\"request_id\":\"r-1\",{rest}}}"
        );
        Line::read(&text).unwrap()
    }

    fn access(millisecond: u8, service: &str, span_id: &str) -> Line {
        let rest = r#""target":"obs::access","message":"request","status_code":502"#;
        line(millisecond, service, span_id, rest)
    }

    fn server(service: &str, span_id: &str, parent: &str) -> Span {
        Span {
            service: service.into(),
            trace_id: "ab".into(),
            span_id: span_id.into(),
            parent_span_id: parent.into(),
            name: format!("POST /{service}"),
            kind: Span::SERVER,
            start_nanos: 1_000_000_000,
            end_nanos: 1_001_000_000,
            ..Span::default()
        }
    }

    fn story() -> Story {
        let said = r#""target":"bank","message":"no payment","error":"cannot charge: refused","order":7"#;
        Story {
            trace_id: "ab".to_owned(),
            answer: Some(Answer {
                micros: 5_400,
                method: "POST".to_owned(),
                target: "/v1/orders".to_owned(),
                status: 502,
                request_id: "r-1".to_owned(),
                trace_id: "ab".to_owned(),
                body: "{\"state\":\"unpaid\"}".to_owned(),
                ..Answer::default()
            }),
            spans: vec![server("gateway", "1", ""), server("payments", "2", "1")],
            lines: vec![
                line(1, "payments", "2", said),
                access(2, "payments", "2"),
                access(3, "gateway", "1"),
            ],
            pointers: vec![Pointer {
                service: "payments".to_owned(),
                line: "bucket{le=\"0.5\"} 1 # {trace_id=\"ab\"} 0.3".to_owned(),
            }],
        }
    }

    #[test]
    fn a_whole_story_goes_from_the_answer_to_the_cause() {
        assert_eq!(story().missing(), None);
        let told = story().tell();
        let mut rest = told.as_str();
        for part in [
            "POST /v1/orders -> 502, after 5.4 ms",
            "x-request-id: r-1",
            "x-trace-id: ab",
            "payments: no payment: cannot charge: refused",
            "said in the server span `POST /payments` of payments",
            "payments 502 -> gateway 502 -> the client",
            "payments: bucket{le=\"0.5\"} 1 # {trace_id=\"ab\"} 0.3",
            "2 spans of 2 services",
            "└─ POST /payments",
            "3 lines of 2 services",
            "1.000  payments  ERROR bank: no payment",
            "error: cannot charge: refused",
            "order=7",
            "3.000  gateway   ERROR obs::access: request",
        ] {
            let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` is not in its place in\n{told}"));
            rest = &rest[at..];
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let check = |change: fn(&mut Story), expected: &str| {
            let mut story = story();
            change(&mut story);
            assert!(story.missing().unwrap().contains(expected), "{expected}");
        };
        check(|story| story.lines.clear(), "no access line of ab");
        check(|story| story.spans.clear(), "no server span of ab");
        check(|story| story.spans.truncate(1), "no server span of ab from payments");
        check(|story| story.lines.truncate(2), "no access line of ab from gateway");
        check(|story| story.spans[1].parent_span_id = "gone".to_owned(), "the parents of 1 span");
    }

    #[test]
    fn a_story_without_its_parts_says_so() {
        let bare = Story { answer: None, spans: vec![], pointers: vec![], ..story() };
        let told = bare.tell();
        for part in ["it went away", "r-1", "no bucket", "no span of it", "why it failed", "0.000  payments"]
        {
            assert!(told.contains(part), "`{part}` in\n{told}");
        }
    }
}
