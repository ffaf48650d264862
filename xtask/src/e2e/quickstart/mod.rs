//! The quickstart: one service, a mix of requests, and each signal held against what was sent.
//!
//! The checks are files by signal. Each takes what was sent and asks one server one thing.

mod counters;
mod exemplars;
mod exposition;
mod lines;
mod operations;
mod responses;
mod running;
mod spans;
mod traffic;

use std::path::Path;

use super::books;
use super::install::Programs;
use super::prometheus::Prometheus;
use super::report::Report;
use super::restarts;
use super::rotel::Rotel;
use crate::quickstart::{self, Settings};
use crate::service::{Addresses, Inherited, Service};
use crate::{Result, ports};
use traffic::Sent;

/// What a check looks at.
struct Seen<'a> {
    sent: Vec<Sent>,
    quickstart: Service,
    prometheus: Prometheus,
    rotel: Rotel,
    programs: &'a Programs,
}

/// A check says what it saw, or what was wrong.
type Check = fn(&Seen<'_>) -> Result<String>;

/// All that look at a running service under no load.
const ALL: &[(&str, Check)] = &[
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
    ("/metrics: produced = delivered + dropped + pending, and nothing dropped", |seen| {
        books::balanced(&seen.quickstart, seen.sent.len())
    }),
    ("probes: alive, started, ready, and the check by its name", operations::probes),
    ("lines: a field set on the request is on its later lines", operations::request_fields),
    ("obs.yaml: a mistake is refused, a level is taken up, without a restart", operations::level_changed),
];

/// Starts the service and the servers, and runs the checks in the order in which a fault would explain the next.
pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let binary = quickstart::build()?;
    let [service, admin, otlp_grpc, otlp_http, prometheus] = ports::free()?;
    let rotel = Rotel::start(&programs.rotel, otlp_grpc, otlp_http, folder)?;
    let addresses = Addresses { service, admin };
    let settings = Settings { addresses, otlp: otlp_http, folder, inherited: Inherited::Nothing };
    let quickstart = quickstart::start(&binary, &settings)?;
    let targets = [("quickstart", admin)];
    let prometheus = Prometheus::start(&programs.prometheus, prometheus, &targets, folder)?;

    report.check("Prometheus: the target is up", running::target_up(&prometheus));
    let sent = traffic::send(service, traffic::REQUESTS);
    let seen = Seen { sent, quickstart, prometheus, rotel, programs };
    for (name, check) in ALL {
        report.check(name, check(&seen));
    }
    report.check("quickstart: ends on SIGTERM, with success", running::ends(seen.quickstart));
    report.check(
        "restarts: wrk sees no error and nothing but 2xx",
        restarts::under_wrk(&programs.wrk, &binary, folder),
    );
    report.check(
        "restarts: every request written has its answer",
        restarts::under_strict_clients(&binary, folder),
    );
    Ok(())
}
