//! Ways out that lead nowhere: the service answers as ever, the books balance, and what is lost is lost for a reason.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use obs_export::queue::Reason;
use obs_metrics::Recorder;

use crate::collector::{Answer, Collector};
use crate::process::alone;
use crate::scrape::Scrape;
use crate::service::{Service, TempFile, exchange, request, until};

const SPANS: &str = "traces_otlp";
const LINES: &str = "logs_file";
const REQUESTS: u64 = 200;
/// No request waits for a way out; this is far more than one takes on a busy machine, far less than a time-out.
const PROMPT: Duration = Duration::from_secs(2);

fn serve(obs: &obs::Obs) -> Service {
    Service::start(Router::new().route("/x", get(async || "normal")).layer(obs.layer()))
}

/// Sends requests one after the other; each must be answered as if nothing were wrong.
#[track_caller]
fn all_answered(service: &Service, requests: u64, headers: &str) {
    for _ in 0..requests {
        let begun = Instant::now();
        let response = exchange(service.addr, &request("GET", "/x", headers)).expect("an answer");
        assert_eq!((response.status, response.body.as_str()), (200, "normal"));
        assert!(begun.elapsed() < PROMPT, "took {:?}", begun.elapsed());
    }
}

/// The books of one pipeline as `/metrics` tells them: produced, delivered, pending, and drops by reason.
#[derive(Debug, PartialEq)]
struct Books {
    produced: u64,
    delivered: u64,
    pending: u64,
    dropped: Vec<(String, u64)>,
}

impl Books {
    #[track_caller]
    fn of(recorder: &Recorder, pipeline: &str) -> Self {
        let scrape = Scrape::of(recorder);
        let number = |name: &str| scrape.sum(name, &[("pipeline", pipeline)]) as u64;
        let mut dropped = Vec::new();
        for sample in scrape.of_family("obs_pipeline_dropped_total") {
            if sample.label("pipeline") == Some(pipeline) && sample.value > 0.0 {
                dropped.push((sample.label("reason").unwrap().to_owned(), sample.value as u64));
            }
        }
        let books = Self {
            produced: number("obs_pipeline_produced_total"),
            delivered: number("obs_pipeline_delivered_total"),
            pending: number("obs_pipeline_pending"),
            dropped,
        };
        let lost: u64 = books.dropped.iter().map(|(_, count)| count).sum();
        assert_eq!(books.produced, books.delivered + lost + books.pending, "{books:?}");
        books
    }

    /// All of it lost for one reason.
    fn lost(count: u64, reason: Reason) -> Self {
        Self { produced: count, delivered: 0, pending: 0, dropped: vec![(reason.as_str().to_owned(), count)] }
    }
}

/// An installation whose spans go to `url`, and its file of lines.
fn towards(name: &str, url: String) -> (obs::Obs, TempFile) {
    let file = TempFile::new(name);
    let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).otlp_endpoint(url);
    // A warning that the collector is not there is a line of its own.
    (obs.no_otlp_probe().otlp_linger(Duration::from_millis(10)).build().unwrap(), file)
}

/// A collector that cannot be told from one that is only late: spans wait for it until the end, and no longer.
fn waits_until_the_end(name: &str, url: String, tried: impl Fn() -> bool) {
    let (obs, file) = towards(name, url);
    let (service, recorder) = (serve(&obs), obs.recorder().clone());
    all_answered(&service, REQUESTS / 2, "");
    until("the collector has been tried", &tried);
    all_answered(&service, REQUESTS / 2, "");
    until("every request has ended", || Books::of(&recorder, SPANS).produced == REQUESTS);
    let waiting = Books { produced: REQUESTS, delivered: 0, pending: REQUESTS, dropped: Vec::new() };
    assert_eq!(Books::of(&recorder, SPANS), waiting, "{name}");

    let begun = Instant::now();
    drop(obs);
    assert!(begun.elapsed() < obs::Obs::DROP_DEADLINE + PROMPT, "{name} took {:?}", begun.elapsed());
    assert_eq!(Books::of(&recorder, SPANS), Books::lost(REQUESTS, Reason::Shutdown), "{name}");
    assert_eq!(file.lines().len() as u64, REQUESTS, "{name} takes no line along");

    // The service outlives its telemetry.
    all_answered(&service, 1, "");
    until("that span is counted", || Books::of(&recorder, SPANS).produced == REQUESTS + 1);
    let closed = (Reason::Closed.as_str().to_owned(), 1);
    assert!(Books::of(&recorder, SPANS).dropped.contains(&closed), "{name}");
}

/// All four at once, because each takes as long as an end may take.
#[test]
fn a_dead_collector_costs_no_request_and_no_line_and_ends_in_time() {
    std::thread::scope(|scope| {
        scope.spawn(|| waits_until_the_end("refuses.log", Collector::absent(), || true));
        for (name, answer) in
            [("hangs.log", Answer::Hang), ("babbles.log", Answer::Babble), ("closes.log", Answer::Close)]
        {
            scope.spawn(move || {
                let collector = Collector::start(answer);
                waits_until_the_end(name, collector.url(), || collector.requests() > 0);
            });
        }
    });
}

#[test]
fn times_without_end_are_only_long() {
    let (collector, file) = (Collector::start(Answer::Ok), TempFile::new("patient.log"));
    let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).otlp_endpoint(collector.url());
    let obs = obs.otlp_timeout(Duration::MAX).otlp_linger(Duration::MAX).build().unwrap();
    let (service, recorder) = (serve(&obs), obs.recorder().clone());
    all_answered(&service, 1, "");
    until("the request has ended", || Books::of(&recorder, SPANS).produced == 1);
    assert!(obs.flush(Duration::MAX));
    let delivered = Books { produced: 1, delivered: 1, pending: 0, dropped: Vec::new() };
    assert_eq!(Books::of(&recorder, SPANS), delivered);
}

#[test]
fn an_answer_that_is_no_otlp_is_a_rejection_and_said_once() {
    let name = "an_answer_that_is_no_otlp_is_a_rejection_and_said_once";
    let said = alone(module_path!(), name, &[], || {
        let collector = Collector::start(Answer::WrongBody);
        let (obs, _file) = towards("wrong.log", collector.url());
        let service = serve(&obs);
        // In two goes, so that there are two batches at least, however slow the machine.
        for all in [REQUESTS / 2, REQUESTS] {
            all_answered(&service, REQUESTS / 2, "");
            until("all spans are lost", || {
                Books::of(obs.recorder(), SPANS) == Books::lost(all, Reason::Rejected)
            });
        }
        assert!(collector.requests() > 1, "several batches");
        // Before its file, into which it still writes.
        drop((service, obs));
    });
    assert_eq!(said.matches("obs: spans are lost").count(), 1, "{said}");
    assert!(said.contains("records lost (rejected) after 1 attempts: status 200"), "{said}");
}

#[test]
fn a_collector_that_is_not_there_is_told_of_while_spans_wait() {
    let name = "a_collector_that_is_not_there_is_told_of_while_spans_wait";
    let said = alone(module_path!(), name, &[], || {
        let (obs, _file) = towards("not-there.log", Collector::absent());
        let service = serve(&obs);
        all_answered(&service, 1, "");
        // Longer than three attempts take.
        obs.flush(Duration::from_secs(8));
    });
    let told = said.find("obs: spans do not get through: 1 records wait after 3 attempts: connection failed");
    assert!(told.is_some_and(|at| at < said.find("spans are lost").unwrap_or(usize::MAX)), "{said}");
    assert_eq!(said.matches("do not get through").count(), 1, "{said}");
}

#[test]
fn a_full_queue_drops_what_is_new_and_stays_within_its_bytes() {
    let name = "a_full_queue_drops_what_is_new_and_stays_within_its_bytes";
    alone(module_path!(), name, &[], || {
        const BOUND: f64 = 8.0 * 1_024.0 * 1_024.0;
        let collector = Collector::start(Answer::Hang);
        let (obs, _file) = towards("full.log", collector.url());
        let service = serve(&obs);
        // Some 4 KiB a span.
        let agent = format!("user-agent: {}\r\n", "x".repeat(4_096));
        all_answered(&service, 2_500, &agent);
        until("every request has ended", || Books::of(obs.recorder(), SPANS).produced == 2_500);
        let books = Books::of(obs.recorder(), SPANS);
        let [(reason, dropped)] = &books.dropped[..] else { panic!("{books:?}") };
        assert_eq!((reason.as_str(), books.delivered), (Reason::QueueFull.as_str(), 0));
        assert!(*dropped > 100 && books.pending > 1_000, "{books:?}");
        let bytes = Scrape::of(obs.recorder()).sum("obs_pipeline_pending_bytes", &[("pipeline", SPANS)]);
        assert!(bytes <= BOUND && bytes > 0.9 * BOUND, "{bytes}");
        // The process ends here; the end of such an installation is tested above.
        std::mem::forget(obs);
    });
}

#[test]
fn the_books_balance_at_every_scrape_of_a_busy_service() {
    let collector = Collector::start(Answer::Ok);
    let (obs, file) = towards("busy.log", collector.url());
    let service = serve(&obs);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..2).map(|_| scope.spawn(|| all_answered(&service, REQUESTS, ""))).collect();
        while !clients.iter().all(|client| client.is_finished()) {
            // Reading them is what checks them.
            let (spans, lines) = (Books::of(obs.recorder(), SPANS), Books::of(obs.recorder(), LINES));
            assert!(spans.dropped.is_empty() && lines.dropped.is_empty(), "{spans:?} {lines:?}");
        }
    });
    let all = Books { produced: 2 * REQUESTS, delivered: 2 * REQUESTS, pending: 0, dropped: Vec::new() };
    until("everything is delivered", || {
        obs.flush(PROMPT) && [SPANS, LINES].iter().all(|pipeline| Books::of(obs.recorder(), pipeline) == all)
    });
    assert_eq!((collector.spans().len(), file.lines().len()), (2 * REQUESTS as usize, 2 * REQUESTS as usize));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_loses_lines_for_io_and_nothing_else() {
    let name = "a_disk_that_is_full_loses_lines_for_io_and_nothing_else";
    let said = alone(module_path!(), name, &[], || {
        let collector = Collector::start(Answer::Ok);
        let obs = obs::builder("shop").admin(obs::Admin::Off).log_file("/dev/full");
        let obs = obs.otlp_endpoint(collector.url()).build().unwrap();
        let service = serve(&obs);
        all_answered(&service, REQUESTS, "");
        until("all lines are lost", || Books::of(obs.recorder(), LINES) == Books::lost(REQUESTS, Reason::Io));
        let begun = Instant::now();
        drop(obs);
        assert!(begun.elapsed() < PROMPT, "took {:?}", begun.elapsed());
        assert_eq!(collector.spans().len() as u64, REQUESTS, "spans go their own way");
    });
    assert_eq!(said.matches("obs: log output /dev/full:").count(), 1, "{said}");
    assert!(said.contains("No space left on device"), "{said}");
}
