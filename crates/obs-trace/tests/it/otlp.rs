//! Spans to a strict collector in process: every answer, with exact books and no effect beyond them.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use obs_core::meter::{Meter, Source};
use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_export::http::{ClientSettings, Encoding, Endpoint, Retry};
use obs_export::queue::{self, Counts, Reason, Worker};
use obs_trace::otlp::{Otlp, PIPELINE, Settings};
use obs_trace::{Kind, Tracer};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::stub::{Answer, LONG, Received, Stub};

fn base() -> Arc<Base> {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_000_000_000));
    Base::with(Resource::new("orders"), clock, IdSource::seeded(3))
}

/// Patient, so that a slow machine changes no count.
fn settings() -> Settings {
    limits(LONG, LONG)
}

fn limits(request_timeout: Duration, budget: Duration) -> Settings {
    let retry = Retry::new()
        .first_pause(Duration::from_millis(2))
        .longest_pause(Duration::from_millis(20))
        .budget(budget);
    let client = ClientSettings::new().request_timeout(request_timeout);
    Settings::new().queue(queue::Settings::new(PIPELINE).linger(LONG)).retry(retry).client(client)
}

fn start(stub: &Stub, settings: Settings) -> (Tracer, Worker) {
    let base = base();
    let (otlp, worker) = Otlp::spawn(&base, Endpoint::parse(&stub.url()).unwrap(), settings).unwrap();
    (Tracer::builder(base).sink(otlp).build(), worker)
}

fn one(tracer: &Tracer, name: &'static str) {
    tracer.end(tracer.start(None, name, Kind::Internal));
}

/// Checks all that a collector checks, and decodes.
#[track_caller]
fn decode(request: &Received) -> Vec<Span> {
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(request.header("content-encoding"), None);
    let mut decoded = ExportTraceServiceRequest::decode(&*request.body).unwrap();
    assert_eq!(decoded.resource_spans.len(), 1);
    let mut resource_spans = decoded.resource_spans.remove(0);
    assert_eq!(resource_spans.scope_spans.len(), 1);
    let spans = resource_spans.scope_spans.remove(0).spans;
    assert!(!spans.is_empty(), "no empty envelopes");
    for span in &spans {
        assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
    }
    spans
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

fn counts(worker: &Worker) -> Counts {
    let counts = worker.queue().counts();
    assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending, "{counts:?}");
    counts
}

fn response(partial: Option<(i64, &str)>) -> Answer {
    let partial_success = partial.map(|(rejected_spans, message)| ExportTracePartialSuccess {
        rejected_spans,
        error_message: message.to_owned(),
    });
    let body = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    Answer::Status(200, vec![("content-type", "application/x-protobuf".to_owned())], body)
}

#[test]
fn spans_arrive_whole_and_in_order() {
    let stub = Stub::start([response(None)]);
    let (tracer, worker) = start(&stub, settings());
    for name in ["one", "two", "three"] {
        one(&tracer, name);
    }
    worker.queue().flush(LONG).unwrap();
    let request = stub.next();
    assert_eq!(names(&decode(&request)), ["one", "two", "three"]);
    let counts = counts(&worker);
    assert_eq!((counts.produced, counts.delivered), (3, 3));
    assert!(stub.rest().is_empty());
}

#[test]
fn an_exact_endpoint_is_used_as_it_is() {
    let stub = Stub::start([response(None)]);
    let endpoint = Endpoint::parse(&format!("{}/custom/in?key=1", stub.url())).unwrap();
    let (otlp, worker) = Otlp::spawn(&base(), endpoint, settings().exact_endpoint()).unwrap();
    one(&Tracer::builder(base()).sink(otlp).build(), "one");
    worker.queue().flush(LONG).unwrap();
    assert_eq!(stub.next().line, "POST /custom/in?key=1 HTTP/1.1");
}

/// Three spans in one batch, the answers in order, the requests and books that follow.
#[track_caller]
fn check(answers: Vec<Answer>, requests: usize, delivered: u64, dropped: &[(Reason, u64)]) {
    let what = format!("{answers:?}");
    let hangs = answers.iter().any(|answer| matches!(answer, Answer::Hang));
    let timeout = if hangs { Duration::from_millis(700) } else { LONG };
    let stub = Stub::start(answers);
    let (tracer, worker) = start(&stub, limits(timeout, LONG));
    for name in ["one", "two", "three"] {
        one(&tracer, name);
    }
    worker.queue().flush(LONG).unwrap();
    for _ in 0..requests {
        assert_eq!(names(&decode(&stub.next())), ["one", "two", "three"], "{what}");
    }
    assert!(stub.rest().is_empty(), "{what}");
    let counts = counts(&worker);
    assert_eq!((counts.produced, counts.delivered, counts.pending), (3, delivered, 0), "{what}");
    for reason in Reason::ALL {
        let expected = dropped.iter().find(|(known, _)| *known == reason).map_or(0, |(_, n)| *n);
        assert_eq!(counts.dropped_for(reason), expected, "{what} {reason:?}");
    }
}

#[test]
fn a_success_delivers() {
    check(vec![response(None)], 1, 3, &[]);
    check(vec![Answer::status(200)], 1, 3, &[]);
    check(vec![response(Some((0, "only a warning")))], 1, 3, &[]);
    check(vec![response(Some((-7, "nonsense")))], 1, 3, &[]);
    let json = vec![("content-type", "application/json; charset=utf-8".to_owned())];
    check(vec![Answer::Status(200, json, b"{}".to_vec())], 1, 3, &[]);
}

#[test]
fn a_partial_success_is_counted_and_never_sent_again() {
    check(vec![response(Some((2, "too old"))), response(None)], 1, 1, &[(Reason::Rejected, 2)]);
    check(vec![response(Some((i64::MAX, "all and more"))), response(None)], 1, 0, &[(Reason::Rejected, 3)]);
}

/// What is told of a collector that answers so, batch after batch of three spans.
pub(crate) fn told(
    spawn: impl FnOnce(Settings) -> (Tracer, Worker),
    batches: usize,
) -> (Vec<String>, Vec<String>) {
    let (warnings, failures) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (warned, failed) = (Arc::clone(&warnings), Arc::clone(&failures));
    let settings = settings()
        .on_warning(move |words| warned.lock().unwrap().push(words.to_owned()))
        .on_failure(move |failure| failed.lock().unwrap().push(failure.to_string()));
    let (tracer, worker) = spawn(settings);
    for _ in 0..batches {
        for name in ["one", "two", "three"] {
            one(&tracer, name);
        }
        worker.queue().flush(LONG).unwrap();
    }
    (warnings.lock().unwrap().clone(), failures.lock().unwrap().clone())
}

#[test]
fn what_a_collector_says_of_a_partial_success_is_told() {
    let said = |partials: &[(i64, &str)]| {
        let stub = Stub::start(partials.iter().map(|partial| response(Some(*partial))).collect::<Vec<_>>());
        told(|settings| start(&stub, settings), partials.len())
    };
    let lost = |words: &str| format!("2 records lost (rejected) after 1 attempts: status 200{words}");
    assert_eq!(said(&[(2, "too old")]), (vec![], vec![lost(": too old")]));
    assert_eq!(said(&[(2, "")]), (vec![], vec![lost("")]));
    // The same is told once; the clock stands still, so that another has to wait.
    let (warned, failed) = said(&[(0, "use /v2"), (0, "use /v2"), (0, "and TLS"), (0, "")]);
    assert_eq!((warned, failed), (vec![String::from("use /v2")], vec![]));
    // Whatever it says is one line of bounded length.
    let (warned, _) = said(&[(0, &format!("a\r\n\u{1b}[2J{}", "x".repeat(100_000)))]);
    assert!(warned[0].starts_with("a   [2Jxxx") && warned[0].len() == 1_024, "{}", warned[0].len());
}

#[test]
fn a_refusal_is_final() {
    for status in [400, 401, 404, 500, 301] {
        check(vec![Answer::status(status), response(None)], 1, 0, &[(Reason::Rejected, 3)]);
    }
}

#[test]
fn a_batch_that_is_too_large_arrives_in_parts() {
    let stub = Stub::start([Answer::status(413), response(None)]);
    let (tracer, worker) = start(&stub, settings());
    for name in ["one", "two", "three"] {
        one(&tracer, name);
    }
    worker.queue().flush(LONG).unwrap();
    let parts: Vec<_> = stub.rest().iter().map(|request| names(&decode(request)).join(" ")).collect();
    assert_eq!(parts, ["one two three", "one two", "three"]);
    assert_eq!(counts(&worker).delivered, 3);
}

#[test]
fn a_body_in_gzip_says_so_and_reads_back() {
    let stub = Stub::start([response(None)]);
    let (tracer, worker) = start(&stub, settings().encoding(Encoding::Gzip));
    one(&tracer, "one");
    worker.queue().flush(LONG).unwrap();
    let mut request = stub.next();
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    request.headers.retain(|(name, _)| name != "content-encoding");
    let packed = std::mem::take(&mut request.body);
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut request.body).unwrap();
    assert_eq!(names(&decode(&request)), ["one"]);
}

#[test]
fn a_good_status_from_something_that_is_no_collector_is_a_refusal() {
    let html = vec![("content-type", "text/html".to_owned())];
    check(vec![Answer::Status(200, html, b"<html>hello</html>".to_vec())], 1, 0, &[(Reason::Rejected, 3)]);
}

#[test]
fn what_may_pass_later_is_sent_again() {
    let busy = Answer::Status(429, vec![("retry-after", "0".to_owned())], vec![]);
    for answer in
        [busy, Answer::status(503), Answer::Close, Answer::Hang, Answer::Raw(b"SSH-2.0-x\r\n".to_vec())]
    {
        check(vec![answer, response(None)], 2, 3, &[]);
    }
}

#[test]
fn a_collector_that_never_answers_well_costs_the_batch_and_no_more() {
    for answer in [Answer::status(503), Answer::Close, Answer::Hang, Answer::Raw(vec![0; 100])] {
        let stub = Stub::start([answer.clone()]);
        let short = limits(Duration::from_millis(50), Duration::from_millis(200));
        let (tracer, worker) = start(&stub, short);
        one(&tracer, "one");
        worker.queue().flush(LONG).unwrap();
        assert_eq!(counts(&worker).dropped_for(Reason::Unreachable), 1, "{answer:?}");
    }
}

#[test]
fn a_refused_connection_costs_the_batch_and_says_why() {
    let stub_address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = Endpoint::parse(&format!("http://{stub_address}")).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let short = limits(LONG, Duration::from_millis(100));
    let settings = short.on_failure(move |failure| tell.send(failure.to_string()).unwrap());
    let base = base();
    let (otlp, worker) = Otlp::spawn(&base, endpoint, settings).unwrap();
    one(&Tracer::builder(base).sink(otlp).build(), "one");
    worker.queue().flush(LONG).unwrap();
    assert_eq!(counts(&worker).dropped_for(Reason::Unreachable), 1);
    let text = told.recv_timeout(LONG).unwrap();
    assert!(text.starts_with("1 records lost (unreachable) after "), "{text}");
}

#[test]
fn shutdown_ends_on_time_while_the_collector_hangs() {
    let stub = Stub::start([Answer::Hang]);
    let (tracer, mut worker) = start(&stub, settings().client(ClientSettings::new()));
    one(&tracer, "one");
    let _ = worker.queue().flush(Duration::from_millis(1));
    std::thread::scope(|scope| {
        let queue = worker.queue().clone();
        scope.spawn(move || queue.flush(LONG));
        stub.next();
        one(&tracer, "two");
        let begun = Instant::now();
        worker.shutdown(Duration::from_millis(100));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    });
    one(&tracer, "late");
    let counts = counts(&worker);
    assert_eq!((counts.dropped_for(Reason::Shutdown), counts.dropped_for(Reason::Closed)), (2, 1));
}

#[test]
fn spans_beyond_the_bound_are_dropped_and_counted() {
    let stub = Stub::start([Answer::Hang]);
    let bound = queue::Settings::new(PIPELINE).linger(LONG).capacity_bytes(1_000).batch_bytes(10_000);
    let (tracer, mut worker) = start(&stub, settings().queue(bound));
    for _ in 0..100 {
        one(&tracer, "one");
    }
    let counts = counts(&worker);
    assert!(counts.dropped_for(Reason::QueueFull) > 50 && counts.pending_bytes <= 1_000, "{counts:?}");
    worker.shutdown(Duration::ZERO);
}

#[test]
fn the_books_are_on_the_base() {
    #[derive(Default)]
    struct Names(Vec<String>);
    impl Meter for Names {
        fn counter(&mut self, metric: &'static obs_core::keys::Metric, labels: &[&str], value: u64) {
            self.0.push(format!("{} {labels:?} {value}", metric.name));
        }
        fn gauge(&mut self, _: &'static obs_core::keys::Metric, _: &[&str], _: f64) {}
    }
    let base = base();
    let stub = Stub::start([response(None)]);
    let endpoint = Endpoint::parse(&stub.url()).unwrap();
    let (otlp, worker) = Otlp::spawn(&base, endpoint, settings()).unwrap();
    one(&Tracer::builder(Arc::clone(&base)).sink(otlp.clone()).build(), "one");
    worker.queue().flush(LONG).unwrap();
    let (mut names, mut own) = (Names::default(), Names::default());
    base.sources.collect(&mut names);
    otlp.queue().collect(&mut own);
    otlp.remote().collect(&mut own);
    assert_eq!(names.0, own.0);
    assert!(
        names.0.contains(&"obs_pipeline_sent_batches_total [\"traces_otlp\"] 1".to_owned())
            && names.0.contains(&"obs_pipeline_delivered_total [\"traces_otlp\"] 1".to_owned()),
        "{:?}",
        names.0
    );
}
