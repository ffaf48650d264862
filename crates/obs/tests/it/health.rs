//! The probes on the admin listener, as a kubelet asks them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::service::{Response, exchange, request, until};

fn probe(obs: &obs::Obs, path: &str) -> Response {
    exchange(obs.admin_addr().unwrap(), &request("GET", path, "")).expect("an answer")
}

#[track_caller]
fn check(obs: &obs::Obs, path: &str, status: u16, body: &str) {
    let response = probe(obs, path);
    assert_eq!((response.status, response.body.as_str()), (status, body), "{path}");
}

#[test]
fn probes_follow_the_phase_and_the_checks() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
    let log = obs::config::LogOutput::Off;
    let obs = obs::builder("probed").admin(admin).log_output(log).build().unwrap();
    let up = Arc::new(AtomicBool::new(true));
    let _entered = runtime.enter();
    let asked = Arc::clone(&up);
    let postgres = move || {
        let up = asked.load(Ordering::Acquire);
        async move { if up { Ok(()) } else { Err("postgres://app:hunter2@db/orders is gone") } }
    };
    let often = obs::health::Settings::new().interval(std::time::Duration::from_millis(5));
    obs.health().check_with("postgres", often, postgres).unwrap();

    check(&obs, "/healthz", 200, "ok");
    check(&obs, "/startupz", 503, "starting");
    check(&obs, "/readyz", 503, "starting");
    obs.ready();
    check(&obs, "/startupz", 200, "started");
    until("the first check has passed", || probe(&obs, "/readyz").status == 200);
    check(&obs, "/readyz", 200, "ready");

    up.store(false, Ordering::Release);
    until("the check has failed", || probe(&obs, "/readyz").status == 503);
    check(&obs, "/readyz", 503, "dependencies unavailable");
    check(&obs, "/healthz", 200, "ok");
    let verbose: serde_json::Value = serde_json::from_str(&probe(&obs, "/readyz?verbose").body).unwrap();
    assert_eq!(verbose["checks"][0]["name"], "postgres");
    assert_eq!(verbose["checks"][0]["error"], "postgres://[redacted]@db/orders is gone");

    up.store(true, Ordering::Release);
    until("the check has passed again", || probe(&obs, "/readyz").status == 200);
    obs.lifecycle().advance(obs_core::Phase::Draining);
    check(&obs, "/readyz", 503, "draining");
    check(&obs, "/healthz", 200, "ok");
}

#[test]
fn a_start_up_with_steps_is_followed_from_outside() {
    let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
    let obs = obs::builder("stepped").admin(admin).log_output(obs::config::LogOutput::Off).build().unwrap();
    let step = obs.health().step("migrations", 7).unwrap();
    step.advance_by(3);
    obs.ready();
    check(&obs, "/startupz", 503, "starting: migrations 3/7");
    check(&obs, "/readyz", 503, "starting");
    step.done();
    check(&obs, "/startupz", 200, "started");
    check(&obs, "/readyz", 200, "ready");
}

#[test]
fn a_worker_of_the_serving_runtime_that_is_blocked_is_named_while_it_is() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .name("orders")
        .enable_all()
        .build()
        .unwrap();
    let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
    let short = std::time::Duration::from_millis(100);
    let builder = obs::builder("stalled").admin(admin).log_output(obs::config::LogOutput::Off);
    let obs = builder.stall(short * 2, short).build().unwrap();
    let (admin, end) = (obs.admin_addr().unwrap(), obs.shutdown_handle());
    let serving = runtime.spawn(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let never = std::future::pending();
        let answer = tower::service_fn(async |_: http::Request<hyper::body::Incoming>| {
            Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
        });
        obs.serve_until(listener, answer, never).await
    });
    let ask = |path| exchange(admin, &request("GET", path, "")).expect("an answer");
    until("it serves", || ask("/readyz").status == 200);
    let (go, gone) = std::sync::mpsc::channel::<()>();
    runtime.spawn(async move { gone.recv() });
    until("the stall is found", || ask("/healthz").status == 503);
    let body = ask("/healthz").body;
    assert!(body.starts_with("worker 0 of runtime orders blocked for 0."), "{body}");
    drop(go);
    until("it goes on", || ask("/healthz").status == 200);
    end.shut_down();
    drop(runtime.block_on(serving).unwrap());
}
