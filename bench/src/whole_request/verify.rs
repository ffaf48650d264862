//! Whether a row counts: lines, spans and the counter must equal the requests, or its speed means nothing.

use crate::scenario::Role;
use crate::sink::Spans;
use crate::stack::Evidence;
use bench::statistics::within_binomial;
use std::collections::HashSet;

/// What was sent.
pub(crate) struct Expected<'a> {
    pub(crate) role: &'static Role,
    pub(crate) requests: u64,
    pub(crate) ratio: f64,
    /// The traces the caller marked as sampled, or recorded itself; `None` where the service was the root.
    pub(crate) sampled_traces: Option<&'a [[u8; 16]]>,
}

/// What was found, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Lines, spans and counter, for the table.
    pub(crate) found: String,
    /// Empty if the row counts.
    pub(crate) problems: Vec<String>,
    /// Mean size of an access line in bytes.
    pub(crate) line_bytes: Option<f64>,
    /// Mean size of a span in OTLP bytes, its share of the envelope included.
    pub(crate) span_bytes: Option<f64>,
}

impl Verdict {
    /// The verdict on a stack without telemetry.
    pub(crate) fn nothing_expected() -> Self {
        Self { found: "no telemetry".to_owned(), ..Self::default() }
    }

    /// With that of another process, whose sizes are added up.
    pub(crate) fn and(mut self, name: &str, other: Self) -> Self {
        let sum = |one: Option<f64>, other: Option<f64>| Some(one? + other?);
        self.found = format!("{}; {}", self.found, other.found);
        self.problems.extend(other.problems.into_iter().map(|problem| format!("{name}: {problem}")));
        self.line_bytes = sum(self.line_bytes, other.line_bytes);
        self.span_bytes = sum(self.span_bytes, other.span_bytes);
        self
    }

    /// `ok`, or why the row does not count.
    pub(crate) fn shown(&self) -> String {
        if self.problems.is_empty() { "ok".to_owned() } else { self.problems.join("; ") }
    }
}

/// Compares what a stack gave out with what it was sent.
pub(crate) fn compare(
    evidence: &Evidence,
    expected: &Expected<'_>,
    log: &str,
    spans: &Spans,
    scraped: &str,
) -> Verdict {
    let access_lines: Vec<&str> =
        log.lines().filter(|line| (evidence.is_access_line)(line, expected.role.route)).collect();
    let (family, label) = expected.role.counted.unwrap_or((evidence.counter, expected.role.route));
    let counted = counter(scraped, family, label);
    let received = spans.trace_ids.len() as u64;
    let distinct: HashSet<[u8; 16]> = spans.trace_ids.iter().copied().collect();
    let requests = expected.requests;

    let mut problems: Vec<String> = spans.complaints.iter().take(3).cloned().collect();
    let mut require = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem);
        }
    };
    require(access_lines.len() as u64 == requests, format!("{} lines of {requests}", access_lines.len()));
    require(counted == requests as f64, format!("counter {counted} of {requests}"));
    require(distinct.len() as u64 == received, format!("{received} spans in {} traces", distinct.len()));
    if let Some(called) = expected.role.calls {
        let calls = counter(scraped, CLIENT_COUNTER, called.route);
        require(calls == requests as f64, format!("counter of calls {calls} of {requests}"));
        let in_trace = spans.called.iter().copied().collect::<HashSet<_>>() == distinct;
        require(
            in_trace && spans.called.len() as u64 == received,
            format!("{} calls in spans", spans.called.len()),
        );
    }
    match expected.sampled_traces {
        Some(sent) => {
            let sent: HashSet<[u8; 16]> = sent.iter().copied().collect();
            let (missing, foreign) = (sent.difference(&distinct).count(), distinct.difference(&sent).count());
            require(missing == 0, format!("{missing} of {} sampled traces missing", sent.len()));
            require(foreign == 0, format!("{foreign} spans of traces that were not sampled"));
        }
        None => require(
            within_binomial(received, requests, expected.ratio),
            format!("{received} spans of {requests} at a ratio of {}", expected.ratio),
        ),
    }
    if let Some(says_sampled) = evidence.says_sampled {
        let said = access_lines.iter().filter(|line| says_sampled(line)).count() as u64;
        require(said == received, format!("{said} lines say sampled, {received} spans came"));
    }
    Verdict {
        found: format!("{} lines, {received} spans, counter {counted}", access_lines.len()),
        problems,
        line_bytes: mean(access_lines.iter().map(|line| line.len() + 1).sum(), access_lines.len()),
        span_bytes: mean(spans.bytes, spans.trace_ids.len()),
    }
}

/// Where every stack counts its calls.
pub(crate) const CLIENT_COUNTER: &str = "http_client_requests_total";

/// The sum of the series of `family` that belong to the route, in the Prometheus text format.
fn counter(scraped: &str, family: &str, route: &str) -> f64 {
    let route = format!("=\"{route}\"");
    scraped
        .lines()
        .filter_map(|line| line.strip_prefix(family)?.strip_prefix('{'))
        .filter_map(|rest| {
            let (labels, value) = rest.rsplit_once("} ")?;
            // The route has braces of its own; they are inside quotes, so the last brace ends the labels.
            let of_route = labels.contains(&route);
            of_route.then(|| value.split(' ').next().and_then(|value| value.parse::<f64>().ok()))?
        })
        .sum()
}

fn mean(sum: usize, count: usize) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::USERS;

    const EVIDENCE: Evidence = Evidence {
        is_access_line: |line, _| line == "access",
        says_sampled: None,
        counter: "requests_total",
    };

    fn check(log: &str, traces: &[u8], counter: u64, ratio: f64, expected: &str) {
        let spans = Spans { trace_ids: traces.iter().map(|byte| [*byte; 16]).collect(), ..Spans::default() };
        let scraped = format!(
            "# TYPE requests_total counter\nrequests_total{{route=\"/users/{{id}}\",status=\"200\"}} {counter}\n\
             requests_total{{route=\"/metrics\"}} 7\nrequests_total_other{{route=\"/users/{{id}}\"}} 9\n"
        );
        let sent = Expected { role: &USERS.roles[0], requests: 2, ratio, sampled_traces: None };
        assert_eq!(compare(&EVIDENCE, &sent, log, &spans, &scraped).shown(), expected);
    }

    #[test]
    fn a_row_counts_only_when_everything_arrived() {
        check("access\nother\naccess\n", &[1, 2], 2, 1.0, "ok");
        check("access\n", &[1, 2], 2, 1.0, "1 lines of 2");
        check("access\naccess\n", &[1], 2, 1.0, "1 spans of 2 at a ratio of 1");
        check("access\naccess\n", &[1, 1], 2, 1.0, "2 spans in 1 traces");
        check("access\naccess\n", &[1, 2], 3, 1.0, "counter 3 of 2");
    }

    #[test]
    fn propagated_traces_are_compared_by_id() {
        let spans = Spans { trace_ids: vec![[1; 16], [3; 16]], ..Spans::default() };
        let sent = Expected {
            role: &USERS.roles[0],
            requests: 2,
            ratio: 1.0,
            sampled_traces: Some(&[[1; 16], [2; 16]]),
        };
        let scraped = "requests_total{route=\"/users/{id}\"} 2\n";
        assert_eq!(
            compare(&EVIDENCE, &sent, "access\naccess\n", &spans, scraped).shown(),
            "1 of 2 sampled traces missing; 1 spans of traces that were not sampled"
        );
    }
}
