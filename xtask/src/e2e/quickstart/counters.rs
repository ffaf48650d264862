//! That the counters are, to the unit, what was sent.

use super::super::counts::{Counts, counts, equal};
use super::super::eventually::eventually;
use super::Seen;
use crate::Result;
use crate::exposition::{label, total};
use crate::service::{OPENMETRICS, TEXT};

const SERIES: [&str; 3] = ["route", "method", "status_code"];
const ROUTE: [&str; 2] = ["route", "method"];

pub(super) fn scraped(seen: &Seen<'_>) -> Result<String> {
    let expected = sent(seen);
    // A request is counted when its body has left, which the client may learn a moment before.
    for accept in [TEXT, OPENMETRICS] {
        eventually(|| {
            let scrape = seen.quickstart.scrape(accept)?;
            let counted = scrape.named("http_requests_total").map(|sample| (&sample.labels, sample.value));
            equal(&counts(counted, &SERIES), &expected)
        })?;
    }
    Ok(format!("{} series, {} requests, in both formats", expected.len(), seen.sent.len()))
}

pub(super) fn queried(seen: &Seen<'_>) -> Result<String> {
    let expected = sent(seen);
    eventually(|| {
        let answer = seen.prometheus.query("http_requests_total{job=\"quickstart\"}")?;
        equal(&counts(answer.iter().map(|(labels, value)| (labels, *value)), &SERIES), &expected)
    })?;
    Ok(format!("{} series, {} requests", expected.len(), seen.sent.len()))
}

pub(super) fn durations(seen: &Seen<'_>) -> Result<String> {
    let scrape = seen.quickstart.scrape(TEXT)?;
    let of = |name| counts(scrape.named(name).map(|sample| (&sample.labels, sample.value)), &ROUTE);
    let (counters, durations) = (of("http_requests_total"), of("http_request_duration_seconds_count"));
    equal(&durations, &counters)?;
    let slow = |at_most: &str| {
        let buckets = scrape.named("http_request_duration_seconds_bucket");
        let slow = buckets.filter(|sample| label(&sample.labels, "route") == "/api/slow");
        total(slow.filter(|sample| label(&sample.labels, "le") == at_most))
    };
    // The slow handler takes 50 ms, so none of them may be in the buckets below.
    if slow("0.01") != 0.0 || slow("+Inf") == 0.0 {
        return Err(format!("of {} slow requests {} took at most 10 ms", slow("+Inf"), slow("0.01")));
    }
    Ok(format!("{} series", durations.len()))
}

pub(super) fn errors(seen: &Seen<'_>) -> Result<String> {
    let expected = seen.sent.iter().filter(|sent| sent.series.status >= 500).count() as f64;
    eventually(|| {
        let scrape = seen.quickstart.scrape(TEXT)?;
        let names = ["http_request_errors_total", "http_requests_in_flight", "http_requests_cancelled_total"];
        let [errors, in_flight, cancelled] = names.map(|name| scrape.sum(name));
        if (errors, in_flight, cancelled) == (expected, 0.0, 0.0) {
            return Ok(format!("{errors} errors"));
        }
        Err(format!("{errors} errors and not {expected}, {in_flight} in flight, {cancelled} cancelled"))
    })
}

fn sent(seen: &Seen<'_>) -> Counts {
    let mut counts = Counts::new();
    for sent in &seen.sent {
        let series = sent.series;
        let key = vec![series.route.to_owned(), series.method.to_owned(), series.status.to_string()];
        *counts.entry(key).or_default() += 1.0;
    }
    counts
}
