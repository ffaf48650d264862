//! The checks, by signal. Each takes what was sent and asks one server one thing.

mod books;
mod counters;
mod exemplars;
mod exposition;
mod lines;
mod operations;
mod responses;
mod running;
mod spans;

pub(super) use running::{ends, target_up};

use super::install::Programs;
use super::prometheus::Prometheus;
use super::rotel::Rotel;
use super::traffic::Sent;
use crate::Result;
use crate::service::Service;

/// What a check looks at.
pub(super) struct Seen {
    pub(super) sent: Vec<Sent>,
    pub(super) quickstart: Service,
    pub(super) prometheus: Prometheus,
    pub(super) rotel: Rotel,
    pub(super) programs: Programs,
}

/// A check says what it saw, or what was wrong.
type Check = fn(&Seen) -> Result<String>;

/// All that look at a running service under no load.
pub(super) const ALL: &[(&str, Check)] = &[
    ("responses: each has the status of its route", responses::statuses),
    ("responses: X-Request-ID is the one sent", responses::request_ids),
    ("responses: X-Trace-ID is the one sent", responses::trace_ids),
    ("responses: /api/hello answers a message as JSON", responses::message),
    ("/metrics: counters by route, method and status are what was sent", counters::scraped),
    ("/metrics: duration counts are the counters", counters::durations),
    ("/metrics: errors are the 5xx sent, nothing is in flight or cancelled", counters::errors),
    ("/metrics: promtool finds no fault in text 0.0.4", exposition::promtool),
    ("/metrics: the families that must be there", exposition::families),
    ("/metrics: the strict parser accepts OpenMetrics and sees an exemplar sent", exposition::openmetrics),
    ("Prometheus: counters by route, method and status are what was sent", counters::queried),
    ("lines: each is one JSON object without a key twice", lines::well_formed),
    ("lines: one access line for each request, with its ids and series", lines::access),
    ("lines: a handler's lines carry its request's ids", lines::handlers),
    ("sink: one server span for each request, child of the span sent", spans::servers),
    ("sink: no span of another trace", spans::no_others),
    ("sink: the access line names the server span", spans::named_by_lines),
    (
        "Prometheus: an exemplar leads to a span in the sink and a line with the request id",
        exemplars::followed,
    ),
    ("/metrics: produced = delivered + dropped + pending, and nothing dropped", books::balanced),
    ("probes: alive, started, ready, and the check by its name", operations::probes),
    ("lines: a field set on the request is on its later lines", operations::request_fields),
    ("obs.yaml: a mistake is refused, a level is taken up, without a restart", operations::level_changed),
];
