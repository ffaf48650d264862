//! What every service has on its scrape without asking.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use obs::Obs;
use tokio::runtime::Builder;

use super::running::{Flavor, LONG, Running, obs};
use super::wire::Wire;
use crate::scrape::Scrape;
use crate::service::{TempFile, exchange, request};

fn router() -> Router {
    let order = async || {
        tracing::info!("placed");
        tracing::warn!(target: "bank", "slow");
        "placed"
    };
    let fail = async || {
        tracing::debug!("left out by its level");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    Router::new().route("/orders", get(order)).route("/fail", get(fail))
}

/// Lines by level and target, as a scrape tells them.
fn told(scrape: &Scrape) -> BTreeMap<(String, String), f64> {
    let label = |sample: &crate::scrape::Sample, name| sample.label(name).unwrap().to_owned();
    let samples = scrape.of_family("log_lines_total").into_iter();
    samples.map(|sample| ((label(sample, "level"), label(sample, "target")), sample.value)).collect()
}

/// The same, counted from the lines themselves.
fn counted(file: &TempFile) -> BTreeMap<(String, String), f64> {
    let mut counted = BTreeMap::new();
    for line in file.lines() {
        let of = |key: &str| line[key].as_str().unwrap().to_owned();
        *counted.entry((of("level"), of("target"))).or_default() += 1.0;
    }
    counted
}

#[test]
fn a_live_scrape_has_what_every_service_has() {
    let file = TempFile::new("unasked.log");
    let obs = obs::builder("shop")
        .version("1.4.0")
        .attribute("vcs.ref.head.revision", "9d59409")
        .attribute("deployment.environment.name", "prod")
        .admin(obs::Admin::At("127.0.0.1:0".parse().unwrap()))
        .log_file(&file.0)
        .drain(Duration::ZERO, LONG)
        .build()
        .unwrap();
    let (admin, recorder) = (obs.admin_addr().unwrap(), obs.recorder().clone());
    let running = Running::start(Flavor::OneWorker, obs, router());
    let mut wire = Wire::open(running.addr);
    for _ in 0..3 {
        assert_eq!(wire.get("/orders").text(), "placed");
    }
    assert_eq!(wire.get("/fail").status, 500);

    let scrape = Scrape::parse(&exchange(admin, &request("GET", "/metrics", "")).unwrap().body);
    let build = scrape.of_family("build_info");
    let labels = build[0].labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let expected = [
        ("service", "shop"),
        ("version", "1.4.0"),
        ("revision", "9d59409"),
        ("env", "prod"),
        ("obs_version", env!("CARGO_PKG_VERSION")),
        ("os", std::env::consts::OS),
        ("arch", std::env::consts::ARCH),
    ];
    assert_eq!((build.len(), build[0].value), (1, 1.0));
    assert_eq!(labels.collect::<Vec<_>>(), expected);
    for (family, of_one) in [
        ("tokio_workers", true),
        ("tokio_alive_tasks", true),
        ("tokio_global_queue_depth", true),
        ("tokio_parks_total", true),
        ("tokio_worker_busy_seconds_total", true),
        ("obs_pipeline_exports_total", false),
        ("obs_pipeline_export_seconds_total", false),
        ("log_lines_total", false),
    ] {
        let samples = scrape.of_family(family);
        assert!(!samples.is_empty(), "{family}");
        assert!(!of_one || samples.iter().all(|sample| sample.label("runtime") == Some("main")), "{family}");
    }
    assert_eq!(scrape.sum("tokio_workers", &[]), 1.0);
    // At least the one that serves this connection.
    assert!(scrape.sum("tokio_alive_tasks", &[]) >= 1.0);
    // The access line of the last may still be on its way.
    assert_eq!(scrape.sum("log_lines_total", &[("target", "bank"), ("level", "WARN")]), 3.0);

    let (ended, _) = running.end();
    assert!(ended.is_drained(), "{ended:?}");
    // The runtime has ended by now, and the scrape goes on.
    let scrape = Scrape::of(&recorder);
    assert_eq!(scrape.sum("tokio_alive_tasks", &[]), 0.0);
    assert_eq!(told(&scrape), counted(&file));
    let access = |level| scrape.sum("log_lines_total", &[("target", "obs::access"), ("level", level)]);
    assert_eq!((access("INFO"), access("ERROR")), (3.0, 1.0));
    let pipeline = [("pipeline", "logs_file"), ("result", "delivered")];
    assert!(scrape.sum("obs_pipeline_exports_total", &pipeline) >= 1.0);
    assert!(scrape.sum("obs_pipeline_export_seconds_total", &pipeline[..1]) > 0.0);
}

/// The names of the runtimes that are measured.
fn runtimes(obs: &obs_metrics::Recorder) -> Vec<String> {
    let scrape = Scrape::of(obs);
    let workers = scrape.of_family("tokio_workers").into_iter();
    workers.map(|sample| sample.label("runtime").unwrap().to_owned()).collect()
}

/// Builds in one runtime and serves in another, and tells which were measured.
fn built_and_served(build: impl FnOnce() -> Obs) -> Vec<String> {
    let builds_in = Builder::new_current_thread().build().unwrap();
    let obs = {
        let _inside = builds_in.enter();
        build()
    };
    let recorder = obs.recorder().clone();
    let running = Running::start(Flavor::Current, obs, router());
    assert_eq!(Wire::open(running.addr).get("/orders").text(), "placed");
    let measured = runtimes(&recorder);
    let (ended, _) = running.end();
    assert!(ended.is_drained(), "{ended:?}");
    measured
}

#[test]
fn the_runtimes_of_the_start_and_of_the_service_are_both_measured() {
    assert_eq!(built_and_served(|| obs(Duration::ZERO, LONG)), ["main", "main_2"]);
}

#[test]
fn a_runtime_that_both_builds_and_serves_is_measured_once() {
    let runtime = Flavor::OneWorker.runtime();
    runtime.block_on(async {
        let obs = obs(Duration::ZERO, LONG);
        let recorder = obs.recorder().clone();
        assert_eq!(runtimes(&recorder), ["main"]);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let served = async { assert_eq!(runtimes(&recorder), ["main"]) };
        let ended = obs::axum::serve_until(obs, listener, router(), served).await;
        assert!(ended.is_drained(), "{ended:?}");
    });
}

#[test]
fn runtimes_are_left_alone_where_that_is_chosen() {
    let build = || {
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_output(obs::config::LogOutput::Off);
        obs.no_runtime_metrics().drain(Duration::ZERO, LONG).build().unwrap()
    };
    assert!(built_and_served(build).is_empty());
}
