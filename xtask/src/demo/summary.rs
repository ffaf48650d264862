//! What the services' own metrics say, for a reader in a hurry.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use super::quantile::Buckets;
use crate::exposition::{Sample, Scrape, label, total};
use crate::service::OPENMETRICS;
use crate::shop::Shop;

const REQUESTS: &str = "http_requests_total";
const ERRORS: &str = "http_request_errors_total";
const CANCELLED: &str = "http_requests_cancelled_total";
const BUCKET: &str = "http_request_duration_seconds_bucket";
/// The same of remote procedure calls, whose codes say how they ended.
const CALLS: &str = "rpc_server_requests_total";
const CALLS_BUCKET: &str = "rpc_server_request_duration_seconds_bucket";
/// The codes that are the service's fault.
const FAULTS: [&str; 6] =
    ["UNKNOWN", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"];
/// What counts lines and spans that were lost.
const DROPPED: [&str; 2] = ["obs_pipeline_dropped_total", "obs_spans_refused_total"];

/// The newest scrape of each service.
#[derive(Debug, Default)]
pub(super) struct Scrapes(Vec<(&'static str, Scrape)>);

impl Scrapes {
    /// Asks each; of one that does not answer the scrape before stays.
    pub(super) fn renew(&mut self, shop: &Shop) {
        for service in shop.services() {
            let Ok(scrape) = service.scrape(OPENMETRICS) else { continue };
            match self.0.iter_mut().find(|(name, _)| *name == service.name) {
                Some((_, before)) => *before = scrape,
                None => self.0.push((service.name, scrape)),
            }
        }
    }

    /// What has come so far, by service and route, under one line with what came to the first of them.
    pub(super) fn summary(&self, elapsed: Duration, spans: u64) -> String {
        let first = self.0.first();
        let of_first = |name| first.map_or(0.0, |(_, scrape)| scrape.sum(name));
        let [requests, errors, cancelled] = [REQUESTS, ERRORS, CANCELLED].map(of_first);
        format!(
            "{} s   {} requests {requests}   errors {errors}   cancelled {cancelled}   lines and spans dropped {}   spans received \
             {spans}\n{}",
            elapsed.as_secs(),
            first.map_or("", |(name, _)| name),
            self.dropped(),
            self.table(),
        )
    }

    /// By service and route, since the start.
    pub(super) fn table(&self) -> String {
        let mut table = format!(
            "  {:<9} {:<24} {:>9} {:>7} {:>10} {:>9} {:>9}\n",
            "service", "route", "requests", "errors", "cancelled", "p50 ms", "p99 ms"
        );
        for (service, scrape) in &self.0 {
            let rows: BTreeSet<_> =
                [REQUESTS, CANCELLED].into_iter().flat_map(|name| scrape.named(name)).map(key).collect();
            for row in rows {
                let of = |name| scrape.named(name).filter(move |sample| key(sample) == row);
                let [requests, errors, cancelled] = [REQUESTS, ERRORS, CANCELLED].map(|name| total(of(name)));
                let buckets = Buckets::of(of(BUCKET));
                let (route, method) = row;
                let route = format!("{method} {route}");
                let _ = writeln!(table, "{}", told(service, &route, [requests, errors, cancelled], &buckets));
            }
            let calls: BTreeSet<_> = scrape.named(CALLS).map(call).collect();
            for row in calls {
                let of = |name| scrape.named(name).filter(move |sample| call(sample) == row);
                let with = |codes: &[&str]| {
                    total(of(CALLS).filter(|sample| codes.contains(&label(&sample.labels, "code"))))
                };
                let counts = [total(of(CALLS)), with(&FAULTS), with(&["CANCELLED"])];
                let name = format!("{}/{}", row.0, row.1);
                let _ = writeln!(table, "{}", told(service, &name, counts, &Buckets::of(of(CALLS_BUCKET))));
            }
        }
        table
    }

    /// How many lines and spans were lost, and where if any were.
    fn dropped(&self) -> String {
        let mut text = self
            .0
            .iter()
            .map(|(_, scrape)| DROPPED.map(|name| scrape.sum(name)).iter().sum::<f64>())
            .fold(0.0, |a, b| a + b)
            .to_string();
        for (service, scrape) in &self.0 {
            for sample in
                DROPPED.iter().flat_map(|name| scrape.named(name)).filter(|sample| sample.value > 0.0)
            {
                let labels = &sample.labels;
                let (pipeline, reason) = (label(labels, "pipeline"), label(labels, "reason"));
                let what = if pipeline.is_empty() {
                    "spans refused".to_owned()
                } else {
                    format!("{pipeline} {reason}")
                };
                let _ = write!(text, " ({service} {what} {})", sample.value);
            }
        }
        text
    }
}

/// A row of the table.
fn told(service: &str, route: &str, [requests, errors, cancelled]: [f64; 3], buckets: &Buckets) -> String {
    let [p50, p99] = [0.5, 0.99].map(|q| milliseconds(buckets.quantile(q)));
    format!("  {service:<9} {route:<24} {requests:>9} {errors:>7} {cancelled:>10} {p50:>9} {p99:>9}")
}

/// The service and the method of a call.
fn call(sample: &Sample) -> (&str, &str) {
    (label(&sample.labels, "service"), label(&sample.labels, "method"))
}

fn key(sample: &Sample) -> (&str, &str) {
    (label(&sample.labels, "route"), label(&sample.labels, "method"))
}

fn milliseconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{:.1}", seconds * 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrapes(more: &str) -> Scrapes {
        let text = concat!(
            "http_requests_total{route=\"/a\",method=\"GET\",status_code=\"200\"} 3\n",
            "http_requests_total{route=\"/a\",method=\"GET\",status_code=\"500\"} 1\n",
            "http_request_errors_total{route=\"/a\",method=\"GET\",kind=\"server_error\"} 1\n",
            "http_requests_cancelled_total{route=\"/b\",method=\"GET\"} 2\n",
            "http_request_duration_seconds_bucket{route=\"/a\",method=\"GET\",le=\"0.01\"} 2\n",
            "http_request_duration_seconds_bucket{route=\"/a\",method=\"GET\",le=\"0.05\"} 4\n",
            "http_request_duration_seconds_bucket{route=\"/a\",method=\"GET\",le=\"+Inf\"} 4\n",
        );
        let orders = "http_requests_total{route=\"/c\",method=\"POST\",status_code=\"201\"} 5\n";
        Scrapes(vec![
            ("gateway", Scrape::parse(&format!("{text}{more}")).unwrap()),
            ("orders", Scrape::parse(orders).unwrap()),
        ])
    }

    fn rows(text: &str) -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn the_summary_has_what_came_to_the_gateway_and_a_row_for_each_route_also_one_only_cancelled() {
        assert_eq!(
            rows(&scrapes("").summary(Duration::from_secs(12), 7)),
            [
                "12 s gateway requests 4 errors 1 cancelled 2 lines and spans dropped 0 spans received 7",
                "service route requests errors cancelled p50 ms p99 ms",
                "gateway GET /a 4 1 0 10.0 49.2",
                "gateway GET /b 0 0 2 - -",
                "orders POST /c 5 0 0 - -",
            ]
        );
    }

    #[test]
    fn what_was_dropped_is_told_with_its_place_and_reason() {
        let more = concat!(
            "obs_pipeline_dropped_total{pipeline=\"traces_otlp\",reason=\"queue_full\"} 2\n",
            "obs_pipeline_dropped_total{pipeline=\"logs_file\",reason=\"io\"} 0\n",
            "obs_spans_refused_total 1\n",
        );
        let expected = "3 (gateway traces_otlp queue_full 2) (gateway spans refused 1)";
        assert_eq!(scrapes(more).dropped(), expected);
    }
}
