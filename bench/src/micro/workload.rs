//! The operations themselves, written once, so that every peer behind the same facade does the same work.

use metrics::{Counter, Histogram};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing::Span;

/// Label values of the dynamic rows: as many as a middling service has routes.
pub(crate) const ROUTES: usize = 64;
/// Lines of the exposition that the scrape row asks for: counters and histograms of 11 lines each.
pub(crate) const SCRAPE_LINES: usize = SCRAPE_COUNTERS + SCRAPE_HISTOGRAMS * (BUCKETS.len() + 3);
/// Counter series of the scrape row.
pub(crate) const SCRAPE_COUNTERS: usize = 5_300;
/// Histogram series of the scrape row.
pub(crate) const SCRAPE_HISTOGRAMS: usize = 700;
/// Bounds of every histogram, in seconds; the infinite one comes on top.
pub(crate) const BUCKETS: [f64; 8] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// One event with a message and ten fields, through the `tracing` macros.
pub(crate) fn log_line(turn: u64) {
    tracing::info!(
        method = "GET",
        path = "/users/42/orders",
        route = "/users/{id}/orders",
        status = 200_u64,
        latency_us = turn,
        bytes = 5_120_u64,
        ratio = 0.75,
        cached = false,
        attempt = 1_i64,
        region = "eu-west-1",
        "request handled"
    );
}

/// The same one level below what is written.
pub(crate) fn debug_line(turn: u64) {
    tracing::debug!(
        method = "GET",
        path = "/users/42/orders",
        route = "/users/{id}/orders",
        status = 200_u64,
        latency_us = turn,
        bytes = 5_120_u64,
        ratio = 0.75,
        cached = false,
        attempt = 1_i64,
        region = "eu-west-1",
        "request handled"
    );
}

/// One event with a message and three fields.
pub(crate) fn short_line(turn: u64) {
    tracing::info!(order = turn, sku = "A-1042", amount_cents = 4_250_u64, "order accepted");
}

/// `work` inside three open spans with two fields each.
pub(crate) fn in_three_spans(work: impl FnOnce()) {
    let request = tracing::info_span!("request", request_id = "ORD-2024-98765", tenant = "acme");
    let _request = request.entered();
    let handler = tracing::info_span!("handler", user_id = 42_u64, role = "admin");
    let _handler = handler.entered();
    let query = tracing::info_span!("query", table = "orders", shard = 7_u64);
    let _query = query.entered();
    work();
}

/// So many short lines inside of one request, as a span with the names that obs has for its ids.
pub(crate) fn short_lines_in_request(count: u64) {
    let request = tracing::info_span!(
        "request",
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
        span_id = "00f067aa0ba902b7",
        request_id = "ORD-2024-98765",
    );
    let _request = request.entered();
    (0..count).for_each(short_line);
}

/// A root span with five attributes, entered once and closed, through the `tracing` macros.
pub(crate) fn root_span(turn: u64) {
    let span: Span = tracing::info_span!(
        parent: None,
        "request",
        otel.kind = "server",
        http.request.method = "GET",
        http.route = "/users/{id}",
        http.response.status_code = 200_u64,
        user_id = turn,
        url.path = "/users/42",
    );
    span.in_scope(|| black_box(turn));
}

/// A root span as above with ten below it of two attributes each, through the `tracing` macros.
pub(crate) fn span_tree(turn: u64) {
    let root: Span = tracing::info_span!(
        parent: None,
        "request",
        otel.kind = "server",
        http.request.method = "GET",
        http.route = "/users/{id}",
        http.response.status_code = 200_u64,
        user_id = turn,
        url.path = "/users/42",
    );
    root.in_scope(|| {
        for step in 0..10_u64 {
            tracing::info_span!("step", step, table = "orders").in_scope(|| black_box(turn));
        }
    });
}

/// A counter of the `metrics` facade whose handle is kept.
pub(crate) fn facade_counter() -> Counter {
    metrics::counter!("requests_total", "route" => "/users/{id}", "method" => "GET")
}

/// One more in a counter that the `metrics` macros look up by labels only known at run time.
pub(crate) fn facade_count(route: &str) {
    metrics::counter!("requests_total", "method" => "GET", "route" => route.to_owned(), "status" => "200")
        .increment(1);
}

/// A histogram of the `metrics` facade whose handle is kept.
pub(crate) fn facade_histogram() -> Histogram {
    metrics::histogram!("duration_seconds", "route" => "/users/{id}", "method" => "GET")
}

/// Everything that the scrape row writes, registered through the `metrics` macros.
pub(crate) fn facade_scrape() {
    for series in 0..SCRAPE_COUNTERS {
        let route = format!("/r{series}");
        metrics::counter!("requests_total", "method" => "GET", "route" => route, "status" => "200")
            .increment(series as u64);
    }
    for series in 0..SCRAPE_HISTOGRAMS {
        let route = format!("/r{series}");
        let labels = [("method", "GET".to_owned()), ("route", route), ("region", "eu".to_owned())];
        let histogram = metrics::histogram!("duration_seconds", &labels);
        (0..3).for_each(|turn| histogram.record(observation(turn * 50)));
    }
}

/// The sum of all samples whose name is `name`.
pub(crate) fn sum(text: &str, name: &str) -> u64 {
    let samples = text.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
    });
    samples.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// Owned names of routes, as a service would get them from its router.
pub(crate) fn routes() -> Vec<String> {
    (0..ROUTES).map(|number| format!("/api/v1/resource-{number}/{{id}}")).collect()
}

/// The label values of the typed rows, of all twelve combinations: a post, the class of its status by number, from a cache.
pub(crate) fn answers() -> [(bool, u8, bool); 12] {
    std::array::from_fn(|at| (at % 2 == 1, (at / 2 % 3) as u8, at / 6 == 1))
}

/// An observation that walks through all buckets, in seconds.
pub(crate) fn observation(turn: u64) -> f64 {
    (turn % 613) as f64 * 0.01
}

/// Whether `text` holds exactly the lines of the scrape row, comments and empty lines apart.
pub(crate) fn check_scrape(text: &str) -> Result<(), String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    expect("lines", lines as u64, SCRAPE_LINES as u64)
}

static LINE_BYTES: AtomicU64 = AtomicU64::new(0);

/// Notes how long one line of this process is, its end included.
pub(crate) fn note_line(bytes: usize) {
    LINE_BYTES.store(bytes as u64, Relaxed);
}

/// What was noted, or 0.
pub(crate) fn line_bytes() -> u64 {
    LINE_BYTES.load(Relaxed)
}

/// Whether `found` is `expected`.
pub(crate) fn expect(what: &str, found: u64, expected: u64) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{found} {what} of {expected}")) }
}
