//! Where the service is in its life: on the scrape, on its lines, and to whoever begins the end over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use obs::serve::How;
use tokio::sync::Notify;

use super::running::{Flavor, LONG, Running};
use super::wire::Wire;
use crate::collector::{Answer, Collector};
use crate::scrape::Scrape;
use crate::service::{TempFile, exchange, request, until};

const PHASES: [&str; 5] = ["starting", "ready", "draining", "finishing", "flushing"];

fn local(method: &str, target: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").into_bytes()
}

fn scrape(admin: SocketAddr) -> Scrape {
    Scrape::parse(&exchange(admin, &request("GET", "/metrics", "")).unwrap().body)
}

/// The one phase that a scrape says the service is in.
fn phase(scrape: &Scrape) -> &'static str {
    let value = |phase| scrape.sum("obs_lifecycle_phase", &[("phase", phase)]);
    assert_eq!(PHASES.map(value).into_iter().sum::<f64>(), 1.0);
    PHASES.into_iter().find(|phase| value(phase) == 1.0).unwrap()
}

fn until_in(admin: SocketAddr, wanted: &str) -> Scrape {
    let mut last = None;
    until(wanted, || phase(last.insert(scrape(admin))) == wanted);
    last.unwrap()
}

fn builder() -> obs::Builder {
    obs::builder("orders").admin(obs::Admin::At("127.0.0.1:0".parse().unwrap()))
}

/// Answers `/` once it was let go.
fn router(go: &Arc<Notify>) -> Router {
    let go = Arc::clone(go);
    Router::new().route("/", get(async move || go.notified().await))
}

#[test]
fn each_phase_is_seen_on_a_scrape_with_the_seconds_of_those_before() {
    let file = TempFile::new("serve-phases.log");
    let collector = Collector::start(Answer::Hang);
    let obs =
        builder().log_file(&file.0).otlp_endpoint(collector.url()).otlp_linger(Duration::from_millis(1));
    let obs =
        obs.drain(Duration::from_millis(1_200), LONG).flush_timeout(Duration::from_secs(2)).build().unwrap();
    let admin = obs.admin_addr().unwrap();
    assert_eq!(phase(&scrape(admin)), "starting");
    let go = Arc::default();
    let running = Running::start(Flavor::Current, obs, router(&go));
    let mut wire = Wire::open(running.addr);
    wire.ask("/");
    until_in(admin, "ready");
    running.handle.shut_down();
    until_in(admin, "draining");
    let finishing = until_in(admin, "finishing");
    let draining = finishing.sum("obs_lifecycle_phase_seconds", &[("phase", "draining")]);
    assert!((1.2..2.5).contains(&draining), "{draining}");
    go.notify_one();
    wire.answer().unwrap();
    drop(wire);
    // Delivering to what hangs, and still scraped.
    let flushing = until_in(admin, "flushing");
    let (ended, seconds) =
        (running.ended(), |phase| flushing.sum("obs_lifecycle_phase_seconds", &[("phase", phase)]));
    let timings = ended.timings();
    for (phase, took) in
        [("draining", timings.draining), ("finishing", timings.finishing), ("ready", timings.ready)]
    {
        assert!(
            (seconds(phase) - took.as_secs_f64()).abs() < 0.1,
            "{phase}: {} and {took:?}",
            seconds(phase)
        );
    }
    // No longer than was chosen, though much more time was left.
    assert!(timings.flushing < Duration::from_millis(3_500) && !ended.is_delivered(), "{ended:?}");
    let lines = file.lines();
    let told = lines
        .iter()
        .filter(|line| line["target"] == "obs::serve")
        .map(|line| line["phase"].as_str().unwrap());
    assert_eq!(told.collect::<Vec<_>>(), PHASES[1..]);
}

#[test]
fn a_flush_that_was_chosen_bounds_a_drop_too() {
    let collector = Collector::start(Answer::Hang);
    let obs = obs::builder("orders").admin(obs::Admin::Off).log_output(obs::config::LogOutput::Off);
    let obs = obs.otlp_endpoint(collector.url()).flush_timeout(Duration::from_millis(300)).build().unwrap();
    let entered = obs.enter();
    tracing::info_span!("a span that nobody takes").in_scope(|| ());
    drop(entered);
    let begun = Instant::now();
    drop(obs);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn the_end_begins_by_a_post_from_here_and_by_nothing_else() {
    let file = TempFile::new("serve-drain-endpoint.log");
    let obs = builder().log_file(&file.0).drain(Duration::from_millis(700), LONG).build().unwrap();
    let (admin, lifecycle) = (obs.admin_addr().unwrap(), Arc::clone(obs.base()));
    let running = Running::start(Flavor::Current, obs, Router::new());
    until_in(admin, "ready");
    for (asked, status) in [
        (local("GET", "/drain"), 405),
        (local("POST", "/drain?wait=1"), 400),
        (request("POST", "/drain", ""), 403),
    ] {
        assert_eq!(exchange(admin, &asked).unwrap().status, status);
        assert_eq!(lifecycle.lifecycle.phase(), obs_core::Phase::Ready);
    }
    let begun = Instant::now();
    assert_eq!(exchange(admin, &local("POST", "/drain")).unwrap().status, 202);
    // It asks for nothing new, and waits for the delay of the first.
    let answer = exchange(admin, &local("POST", "/drain?wait")).unwrap();
    assert_eq!(answer.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
    until("it takes no more connections", || std::net::TcpStream::connect(running.addr).is_err());
    let ended = running.ended();
    assert!(matches!(ended.how(), How::Drained), "{ended:?}");
    let lines = file.lines();
    let asked_by = lines.iter().find(|line| line["phase"] == "draining").map(|line| line["asked_by"].clone());
    assert_eq!(asked_by, Some("POST /drain".into()));
}
