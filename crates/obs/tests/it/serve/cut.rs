//! What a drain does not wait for: the deadline holds against every kind of request and client.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use obs::serve::How;
use obs_metrics::Recorder;

use super::running::{FLAVORS, Flavor, Running, obs};
use super::wire::Wire;
use crate::collector::{Answer, Collector};
use crate::scrape::Scrape;
use crate::service::{TempFile, until};

const TIMEOUT: Duration = Duration::from_millis(1_500);
/// A busy machine, and what was cut being noted.
const SLACK: Duration = Duration::from_millis(1_500);

fn in_flight(recorder: &Recorder) -> f64 {
    Scrape::of(recorder).sum("http_requests_in_flight", &[])
}

/// One request to `/` that does not end; how serving ends then.
#[track_caller]
fn check(name: &str, flavor: Flavor, router: Router, request: &str, owed: usize) {
    let file = TempFile::new(&format!("serve-{name}-{flavor:?}.log"));
    let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
    let obs = obs.drain(Duration::from_millis(100), TIMEOUT).build().unwrap();
    let recorder = obs.recorder().clone();
    let running = Running::start(flavor, obs, router);
    let mut wire = Wire::open(running.addr);
    wire.write(request);
    until("it has begun", || owed == 0 || in_flight(&recorder) == 1.0);
    let (ended, took) = running.end();
    assert!(took < TIMEOUT + SLACK, "took {took:?}");
    match (ended.how(), owed) {
        (How::Cut { requests }, 1..) => assert_eq!(*requests, owed),
        (How::Drained, 0) => {}
        (how, _) => panic!("{how:?}"),
    }
    assert_eq!(Scrape::of(&recorder).sum("http_requests_cancelled_total", &[]), owed as f64);
    assert_eq!(in_flight(&recorder), 0.0);
    // It ended before the outputs did.
    let lines = file.lines();
    assert_eq!(lines.iter().filter(|line| line["outcome"] == "cancelled").count(), owed, "{lines:?}");
}

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

#[test]
fn a_handler_that_never_ends_is_cut_and_counts_as_cancelled() {
    for flavor in FLAVORS {
        check("handler", flavor, Router::new().route("/", get(std::future::pending::<&str>)), GET, 1);
    }
}

#[test]
fn a_body_that_never_ends_is_cut() {
    for flavor in FLAVORS {
        let trickle = async || Body::from_stream(Trickle(tokio::time::interval(Duration::from_millis(20))));
        check("body", flavor, Router::new().route("/", get(trickle)), GET, 1);
    }
}

struct Trickle(tokio::time::Interval);

impl futures_core::Stream for Trickle {
    type Item = Result<&'static str, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        task: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_tick(task).map(|_| Some(Ok("x")))
    }
}

#[test]
fn a_client_that_never_reads_is_cut() {
    // Far more than both sockets hold.
    let chunk = || Some(Ok::<_, std::convert::Infallible>(vec![b'x'; 1 << 20]));
    let endless = async move || Body::from_stream(Endless(chunk));
    check("unread", Flavor::Current, Router::new().route("/", get(endless)), GET, 1);
}

struct Endless<F>(F);

impl<F: Fn() -> Option<T> + Unpin, T> futures_core::Stream for Endless<F> {
    type Item = T;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        std::task::Poll::Ready((self.0)())
    }
}

#[test]
fn a_response_that_is_complete_but_unread_counts_as_cut() {
    // One body, handed over whole: the service is through with it, the client is not.
    let big = async || vec![b'x'; 64 << 20];
    let obs = obs(Duration::ZERO, TIMEOUT);
    let recorder = obs.recorder().clone();
    let running = Running::start(Flavor::Current, obs, Router::new().route("/", get(big)));
    let mut wire = Wire::open(running.addr);
    wire.write(GET);
    until("the service is through", || Scrape::of(&recorder).sum("http_requests_total", &[]) == 1.0);
    let (ended, took) = running.end();
    assert!(matches!(ended.how(), How::Cut { requests: 1 }), "{ended:?}");
    assert!(took < TIMEOUT + SLACK, "took {took:?}");
}

#[test]
fn a_client_that_never_ends_its_head_is_no_request() {
    check("head", Flavor::Current, Router::new(), "GET / HTTP/1.1\r\nhost: a\r\nx-slow: ", 0);
}

#[test]
fn a_collector_that_is_dead_at_the_end_takes_no_more_than_its_time() {
    for answer in [Answer::Hang, Answer::Close] {
        let collector = Collector::start(answer);
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_output(obs::config::LogOutput::Off);
        let obs = obs.otlp_endpoint(collector.url()).drain(Duration::ZERO, TIMEOUT).build().unwrap();
        let running = Running::start(Flavor::Current, obs, Router::new().route("/", get(async || "hello")));
        Wire::open(running.addr).get("/");
        let (ended, took) = running.end();
        assert!(took < TIMEOUT + SLACK, "took {took:?}");
        assert!(ended.is_drained() && !ended.is_delivered(), "{ended:?}");
    }
}

#[test]
fn the_exit_code_says_whether_requests_were_lost() {
    use std::process::{ExitCode, Termination};
    let code = |ended: obs::Ended| format!("{:?}", ended.report());
    let router = Router::new().route("/", get(std::future::pending::<&str>));
    for (begun, expected) in [(false, ExitCode::SUCCESS), (true, ExitCode::FAILURE)] {
        let obs = obs(Duration::ZERO, Duration::from_millis(300));
        let recorder = obs.recorder().clone();
        let running = Running::start(Flavor::Current, obs, router.clone());
        let mut wire = Wire::open(running.addr);
        if begun {
            wire.write(GET);
            until("it has begun", || in_flight(&recorder) == 1.0);
        }
        assert_eq!(code(running.end().0), format!("{expected:?}"));
    }
}
