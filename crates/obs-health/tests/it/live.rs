//! What takes liveness away besides heartbeats, and gives it back.

use std::sync::mpsc::channel;
use std::time::Duration;

use obs_core::{Base, Phase, Resource};
use obs_health::{Health, Heartbeat, MAX_RUNTIMES, RegisterError, StallLimits};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::numbers::collect;
use super::rig::{Rig, SECOND};

#[test]
fn a_service_may_say_that_it_is_broken_and_take_it_back() {
    let rig = Rig::new();
    rig.health.broken("shard 3 of redis://:hunter2@cache is corrupt");
    let why = "broken: shard 3 of redis://[redacted]@cache is corrupt";
    assert_eq!(rig.get("/healthz"), (503, why.to_owned()));
    let expected = json!({ "status": "not_responding", "phase": "ready", "reason": why, "heartbeats": [] });
    assert_eq!(rig.json("/healthz?verbose"), (503, expected));
    assert_eq!(rig.get("/readyz").0, 200, "readiness is another matter");
    assert!(collect(&rig.base).contains(&"health_live{} 0".to_owned()));
    rig.health.broken("all shards are");
    assert_eq!(rig.get("/healthz"), (503, "broken: all shards are".to_owned()));
    rig.health.mended();
    assert_eq!(rig.get("/healthz"), (200, "ok".to_owned()));
    assert!(collect(&rig.base).contains(&"health_live{} 1".to_owned()));
    rig.health.broken("again");
    rig.base.lifecycle.advance(Phase::Draining);
    assert_eq!(rig.get("/healthz"), (200, "ok".to_owned()));
}

#[test]
fn what_a_service_says_of_itself_is_cut() {
    let rig = Rig::new();
    rig.health.broken("x".repeat(1_000_000));
    let (status, body) = rig.get("/healthz");
    assert!(status == 503 && body.len() < 300, "{} bytes", body.len());
}

#[test]
fn all_reasons_are_told() {
    let rig = Rig::new();
    rig.health.liveness(Heartbeat::new(SECOND)).unwrap();
    rig.clock.advance(2 * SECOND);
    rig.health.broken("so it is");
    assert_eq!(rig.get("/healthz"), (503, "broken: so it is; not responding".to_owned()));
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).name("orders").build().unwrap()
}

/// On the machine's clock, with limits that are soon past.
#[test]
fn the_watchdog_looks_by_itself_and_the_probe_names_the_worker() {
    let base = Base::new(Resource::new("orders"));
    base.lifecycle.advance(Phase::Ready);
    let rig = Rig { clock: base.clock.clone(), health: Health::new(base.clone()), base };
    let short = Duration::from_millis(100);
    rig.health.stall_limits(StallLimits::new().warning(short).stall(short * 2));
    let runtime = runtime();
    rig.health.watch_runtime(runtime.handle()).unwrap();
    let (go, gone) = channel::<()>();
    runtime.spawn(async move { gone.recv() });
    while rig.get("/healthz").0 == 200 {
        std::thread::yield_now();
    }
    let (status, body) = rig.get("/healthz");
    assert!(status == 503 && body.starts_with("worker 0 of runtime orders blocked for 0."), "{body}");
    let (_, verbose) = rig.json("/healthz?verbose");
    let stalled = &verbose["runtimes"][0]["stalled"][0];
    assert_eq!(
        (&verbose["runtimes"][0]["workers"], &stalled["worker"], &stalled["fatal"]),
        (&json!(1), &json!(0), &json!(true))
    );
    assert!(stalled["blocked_ms"].as_u64().unwrap() >= 200, "{stalled}");
    let samples = collect(&rig.base);
    let stall =
        samples.iter().find_map(|sample| sample.strip_prefix("tokio_worker_stall_seconds{runtime=orders} "));
    assert!(stall.unwrap().parse::<f64>().unwrap() >= 0.2, "{samples:?}");
    assert!(samples.contains(&"tokio_worker_stalls_total{runtime=orders} 1".to_owned()), "{samples:?}");
    drop(go);
    while rig.get("/healthz").0 != 200 {
        std::thread::yield_now();
    }
}

#[test]
fn runtimes_are_bounded_and_a_registry_that_has_ended_takes_none() {
    let rig = Rig::new();
    let runtimes: Vec<_> =
        (0..=MAX_RUNTIMES).map(|_| Builder::new_current_thread().build().unwrap()).collect();
    let results: Vec<_> = runtimes.iter().map(|runtime| rig.health.watch_runtime(runtime.handle())).collect();
    assert!(results[..MAX_RUNTIMES].iter().all(Result::is_ok));
    assert_eq!(results[MAX_RUNTIMES], Err(RegisterError::TooMany { what: "runtimes", most: 64 }));
    rig.health.shutdown();
    assert_eq!(rig.health.runtimes(), []);
    assert_eq!(rig.health.watch_runtime(runtimes[0].handle()), Err(RegisterError::ShutDown));
}
