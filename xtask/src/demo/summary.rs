//! What the service's own metrics say, for a reader in a hurry.

use std::fmt::Write;
use std::time::Duration;

use crate::exposition::{Sample, Scrape, label, total};

const REQUESTS: &str = "http_requests_total";
const ERRORS: &str = "http_request_errors_total";
const CANCELLED: &str = "http_requests_cancelled_total";

/// One line, while it runs.
pub(crate) fn line(elapsed: Duration, scrape: &Scrape, spans: u64) -> String {
    format!(
        "{:>4} s   requests {:>6}   errors {:>4}   cancelled {:>4}   in flight {:>2}   spans {:>6}",
        elapsed.as_secs(),
        scrape.sum(REQUESTS),
        scrape.sum(ERRORS),
        scrape.sum(CANCELLED),
        scrape.sum("http_requests_in_flight"),
        spans,
    )
}

/// The table at the end, by route.
pub(crate) fn table(scrape: &Scrape) -> String {
    let key = |sample: &Sample| {
        (label(&sample.labels, "route").to_owned(), label(&sample.labels, "method").to_owned())
    };
    let mut rows: Vec<_> = scrape.named(REQUESTS).chain(scrape.named(CANCELLED)).map(key).collect();
    rows.sort();
    rows.dedup();
    let of = |name: &str, row: &(String, String)| -> f64 {
        total(scrape.named(name).filter(|sample| key(sample) == *row))
    };
    let mut table = format!(
        "{:<24} {:<8} {:>9} {:>8} {:>10} {:>10}\n",
        "route", "method", "requests", "errors", "cancelled", "mean ms"
    );
    for row in &rows {
        let count = of("http_request_duration_seconds_count", row);
        let mean = of("http_request_duration_seconds_sum", row) / count.max(1.0) * 1e3;
        let (requests, errors, cancelled) = (of(REQUESTS, row), of(ERRORS, row), of(CANCELLED, row));
        let (route, method) = row;
        let _ =
            writeln!(table, "{route:<24} {method:<8} {requests:>9} {errors:>8} {cancelled:>10} {mean:>10.2}");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrape() -> Scrape {
        Scrape::parse(concat!(
            "http_requests_total{route=\"/a\",method=\"GET\",status_code=\"200\"} 3\n",
            "http_requests_total{route=\"/a\",method=\"GET\",status_code=\"500\"} 1\n",
            "http_request_errors_total{route=\"/a\",method=\"GET\",kind=\"server_error\"} 1\n",
            "http_requests_cancelled_total{route=\"/b\",method=\"GET\"} 2\n",
            "http_request_duration_seconds_sum{route=\"/a\",method=\"GET\"} 0.02\n",
            "http_request_duration_seconds_count{route=\"/a\",method=\"GET\"} 4\n",
            "http_requests_in_flight 5\n",
        ))
        .unwrap()
    }

    fn words(text: &str) -> Vec<Vec<&str>> {
        text.lines().map(|line| line.split_whitespace().collect()).collect()
    }

    #[test]
    fn the_line_has_the_sums() {
        let line = line(Duration::from_secs(12), &scrape(), 7);
        let expected = "12 s requests 4 errors 1 cancelled 2 in flight 5 spans 7";
        assert_eq!(words(&line)[0].join(" "), expected);
    }

    #[test]
    fn the_table_has_a_row_for_each_route_also_one_only_cancelled() {
        let table = table(&scrape());
        let rows = words(&table);
        assert_eq!(rows[1], ["/a", "GET", "4", "1", "0", "5.00"]);
        assert_eq!(rows[2], ["/b", "GET", "0", "0", "2", "0.00"]);
        assert_eq!(rows.len(), 3);
    }
}
