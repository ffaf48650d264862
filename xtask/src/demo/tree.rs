//! The spans of a trace as a tree: who called whom, when, for how long, and where it went wrong.

use std::fmt::Write;

use super::line::on_one_line;
use super::span::Span;

/// Attributes worth a line of their own under a span that failed.
const TOLD: [&str; 2] = ["error", "error.type"];

/// The spans as lines, each under its parent. `start` is what offsets are from.
pub(super) fn tree(spans: &[Span], start: u64) -> String {
    let mut text = String::new();
    let is_top = |span: &Span| !spans.iter().any(|other| other.span_id == span.parent_span_id);
    let tops: Vec<_> = spans.iter().filter(|span| is_top(span)).collect();
    let mut tree = Tree { spans, start, width: 0, rows: Vec::new() };
    for top in tops {
        tree.add(top, "", "");
    }
    tree.width = tree.rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or_default();
    let _ = writeln!(text, "    {:<width$}   {:>9}  {:>9}", "", "at ms", "took ms", width = tree.width);
    for (left, right) in tree.rows {
        let row = format!("    {left:<width$} {right}", width = tree.width);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

struct Tree<'a> {
    spans: &'a [Span],
    start: u64,
    width: usize,
    /// What is left and right of the offsets.
    rows: Vec<(String, String)>,
}

impl Tree<'_> {
    fn add(&mut self, span: &Span, lead: &str, below: &str) {
        let spans = self.spans;
        let left = format!("{:<9} {:<9} {lead}{}", span.service, span.kind_word(), span.name);
        let at = milliseconds(span.start_nanos.saturating_sub(self.start));
        let took = milliseconds(span.end_nanos.saturating_sub(span.start_nanos));
        self.rows.push((left, format!("  {at:>9.3}  {took:>9.3}  {}", status(span))));
        let children: Vec<_> = spans
            .iter()
            .filter(|child| child.parent_span_id == span.span_id && child.span_id != span.span_id)
            .collect();
        let rail = if children.is_empty() { "   " } else { "│  " };
        for note in notes(span) {
            self.rows.push((format!("{:<20}{below}{rail}", ""), format!("  ! {}", on_one_line(&note))));
        }
        for (at, child) in children.iter().enumerate() {
            let last = at + 1 == children.len();
            let (lead, rest) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.add(child, &format!("{below}{lead}"), &format!("{below}{rest}"));
        }
    }
}

fn status(span: &Span) -> String {
    let code = code(span);
    let word = match attribute(span, "obs.outcome") {
        "cancelled" => "cancelled",
        _ if span.failed() => span.status_word(),
        _ => "",
    };
    [word, code].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What was answered: a status of HTTP, or a code of gRPC.
fn code(span: &Span) -> &str {
    let codes = ["http.response.status_code", "rpc.response.status_code"].map(|key| attribute(span, key));
    codes.into_iter().find(|code| !code.is_empty()).unwrap_or_default()
}

/// What a span says of its own failure: its status, its attributes, what happened within it.
fn notes(span: &Span) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |text: String| {
        if !text.is_empty() && !notes.contains(&text) {
            notes.push(text);
        }
    };
    for event in &span.events {
        let error = event.attributes.iter().find(|(key, _)| key == "error");
        note(error.map_or_else(|| event.name.clone(), |(_, error)| format!("{}: {error}", event.name)));
    }
    if span.failed() {
        note(span.status_message.clone());
        for key in TOLD {
            let value = attribute(span, key);
            // The status code stands above already.
            let known = value.is_empty() || value == code(span);
            note(if known { String::new() } else { format!("{key}: {value}") });
        }
    }
    notes
}

fn attribute<'a>(span: &'a Span, key: &str) -> &'a str {
    span.attributes.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
}

fn milliseconds(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::span::Event;
    use super::*;

    fn span(service: &str, id: &str, parent: &str, kind: u64, start: u64) -> Span {
        Span {
            service: service.into(),
            span_id: id.into(),
            parent_span_id: parent.into(),
            name: format!("S{id}"),
            kind,
            start_nanos: start * 1_000_000,
            end_nanos: (start + 2) * 1_000_000,
            ..Span::default()
        }
    }

    fn rows(spans: &[Span]) -> Vec<String> {
        let tree = tree(spans, 1_000_000);
        tree.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn children_are_under_their_parents_with_offset_duration_and_status() {
        let mut inner = span("orders", "3", "2", 1, 3);
        inner.status = 2;
        inner.status_message = "refused".into();
        inner.attributes =
            vec![("http.response.status_code".into(), "502".into()), ("error.type".into(), "502".into())];
        inner.events =
            vec![Event { name: "no luck".into(), attributes: vec![("error".into(), "a: b".into())] }];
        let spans = [
            span("gateway", "1", "", 2, 1),
            span("orders", "2", "1", 3, 2),
            inner,
            span("orders", "4", "1", 1, 5),
        ];
        assert_eq!(
            rows(&spans),
            [
                "gateway server S1 0.000 2.000",
                "orders client ├─ S2 1.000 2.000",
                "orders internal │ └─ S3 2.000 2.000 error 502",
                "│ ! no luck: a: b",
                "│ ! refused",
                "orders internal └─ S4 4.000 2.000",
            ]
        );
    }

    #[test]
    fn a_span_whose_parent_is_not_there_stands_at_the_top() {
        assert_eq!(rows(&[span("orders", "2", "gone", 2, 1)]), ["orders server S2 0.000 2.000"]);
        assert_eq!(rows(&[]), [""; 0]);
    }
}
