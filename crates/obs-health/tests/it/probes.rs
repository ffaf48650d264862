//! What an orchestrator hears, in each phase and state.

use http::Method;
use obs_core::{Base, Clock, IdSource, Phase, Resource, Timestamp};
use obs_health::{Health, Heartbeat, Importance, Settings, admin};
use serde_json::json;

use super::rig::{Count, Rig, SECOND, ask, settle};

/// A service that is starting.
fn starting() -> Rig {
    let clock = Clock::manual(Timestamp::default());
    let base = Base::with(Resource::new("test"), clock.clone(), IdSource::random());
    let health = Health::new(base.clone());
    Rig { base, clock, health }
}

#[track_caller]
fn check(rig: &Rig, expected: [(u16, &str); 3]) {
    let expected = expected.map(|(status, body)| (status, body.to_owned()));
    assert_eq!(admin::PATHS.map(|path| rig.get(path)), expected);
}

#[test]
fn the_answers_follow_the_phase() {
    let rig = starting();
    check(&rig, [(200, "ok"), (503, "starting"), (503, "starting")]);
    rig.base.lifecycle.advance(Phase::Ready);
    check(&rig, [(200, "ok"), (200, "ready"), (200, "started")]);
    rig.base.lifecycle.advance(Phase::Draining);
    check(&rig, [(200, "ok"), (503, "draining"), (200, "started")]);
    rig.base.lifecycle.advance(Phase::Stopped);
    check(&rig, [(200, "ok"), (503, "draining"), (200, "started")]);
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_is_down_takes_the_service_out_and_does_not_kill_it() {
    let rig = Rig::new();
    rig.health.check("db", || async { Err("down") }).unwrap();
    settle().await;
    check(&rig, [(200, "ok"), (503, "dependencies unavailable"), (200, "started")]);
}

#[test]
fn a_missed_heartbeat_is_a_process_to_restart_but_not_while_it_drains() {
    let rig = Rig::new();
    let (first, second) = (Heartbeat::new(5 * SECOND), Heartbeat::new(60 * SECOND));
    rig.health.liveness(first.clone()).unwrap();
    rig.health.liveness(second).unwrap();
    rig.clock.advance(5 * SECOND);
    check(&rig, [(200, "ok"), (200, "ready"), (200, "started")]);
    rig.clock.advance(SECOND);
    check(&rig, [(503, "not responding"), (200, "ready"), (200, "started")]);
    let (status, body) = rig.json("/healthz?verbose");
    let expected = json!({
        "status": "not_responding", "phase": "ready", "reason": "not responding", "heartbeats": [
            { "status": "missed", "age_ms": 6_000, "max_age_ms": 5_000 },
            { "status": "beating", "age_ms": 6_000, "max_age_ms": 60_000 },
        ],
    });
    assert_eq!((status, body), (503, expected));
    first.beat();
    check(&rig, [(200, "ok"), (200, "ready"), (200, "started")]);
    rig.clock.advance(600 * SECOND);
    assert_eq!(rig.get("/healthz").0, 503);
    rig.base.lifecycle.advance(Phase::Draining);
    assert_eq!(rig.get("/healthz"), (200, "ok".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn names_and_errors_are_told_under_verbose_alone() {
    let rig = Rig::new();
    let clock = rig.clock.clone();
    let slow = move || {
        let clock = clock.clone();
        async move {
            clock.advance(SECOND * 42 / 10_000);
            Err("no route to host")
        }
    };
    rig.health.check("postgres", slow).unwrap();
    settle().await;
    let degraded = Settings::new().importance(Importance::Degraded);
    rig.health.check_with("cache", degraded, || async { Ok::<(), String>(()) }).unwrap();
    settle().await;
    let never = std::future::pending::<Result<(), String>>;
    rig.health.check_with("queue", Settings::new().timeout(9 * SECOND), never).unwrap();
    settle().await;
    rig.clock.advance(SECOND * 123 / 1_000);
    let expected = json!({
        "status": "unavailable",
        "phase": "ready",
        "checks": [
            {
                "name": "postgres", "status": "failed", "importance": "critical", "error": "no route to host",
                "age_ms": 123, "duration_ms": 4.2, "since_ms": 123,
            },
            {
                "name": "cache", "status": "passed", "importance": "degraded", "age_ms": 123,
                "duration_ms": 0, "since_ms": 123,
            },
            {
                "name": "queue", "status": "unknown", "importance": "critical",
                "error": "its run has not ended: it or another task may block the runtime's threads",
            },
        ],
    });
    for query in ["?verbose", "?verbose=1", "?a=b&verbose", "?verbose=true&x", "?verbose="] {
        assert_eq!(rig.json(&format!("/readyz{query}")), (503, expected.clone()), "{query}");
    }
    for query in ["", "?", "?verbos", "?verbosely", "?verbose=0", "?verbose=false", "?x=verbose"] {
        assert_eq!(rig.get(&format!("/readyz{query}")).1, "dependencies unavailable", "{query}");
    }
}

#[test]
fn phases_explain_themselves_under_verbose() {
    let rig = starting();
    let reason = "start-up has not ended: serve or call ready()";
    let expected = json!({ "status": "starting", "phase": "starting", "reason": reason });
    assert_eq!(rig.json("/startupz?verbose"), (503, expected.clone()));
    let (status, mut readyz) = rig.json("/readyz?verbose");
    assert_eq!(readyz.as_object_mut().unwrap().remove("checks"), Some(json!([])));
    assert_eq!((status, readyz), (503, expected));
    rig.base.lifecycle.advance(Phase::Ready);
    let expected = json!({ "status": "ready", "phase": "ready", "checks": [] });
    assert_eq!(rig.json("/readyz?verbose"), (200, expected));
    assert_eq!(rig.json("/startupz?verbose"), (200, json!({ "status": "started", "phase": "ready" })));
    let expected = json!({ "status": "alive", "phase": "ready", "heartbeats": [] });
    assert_eq!(rig.json("/healthz?verbose"), (200, expected));
    for (phase, name) in [(Phase::Draining, "draining"), (Phase::Stopped, "stopped")] {
        rig.base.lifecycle.advance(phase);
        let reason = "shutting down: takes nothing new";
        let expected = json!({ "status": "draining", "phase": name, "reason": reason, "checks": [] });
        assert_eq!(rig.json("/readyz?verbose"), (503, expected));
    }
}

#[test]
fn the_answer_follows_method_and_path_and_is_never_stored() {
    let rig = Rig::new();
    let header = |response: &http::Response<bytes::Bytes>, name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    for (uri, kind) in [("/readyz", "text/plain; charset=utf-8"), ("/readyz?verbose", "application/json")] {
        let get = ask(&rig.health, &Method::GET, uri);
        let head = ask(&rig.health, &Method::HEAD, uri);
        assert_eq!((get.status(), head.status()), (http::StatusCode::OK, http::StatusCode::OK));
        assert_eq!(get.headers(), head.headers());
        assert_eq!(header(&get, "content-type").unwrap(), kind);
        assert!(!get.body().is_empty() && head.body().is_empty());
    }
    let post = ask(&rig.health, &Method::POST, "/readyz");
    assert_eq!((post.status().as_u16(), header(&post, "allow").unwrap()), (405, "GET, HEAD".to_owned()));
    let lost = ask(&rig.health, &Method::GET, "/readyz/");
    assert_eq!((lost.status().as_u16(), lost.body().len()), (404, 0));
    for response in [post, lost, ask(&rig.health, &Method::GET, "/healthz")] {
        assert_eq!(header(&response, "cache-control").unwrap(), "no-store");
    }
}

#[tokio::test(start_paused = true)]
async fn probes_run_no_check() {
    let rig = Rig::new();
    let runs = Count::default();
    let counted = runs.clone();
    rig.health
        .check("db", move || {
            counted.add();
            async { Ok::<(), String>(()) }
        })
        .unwrap();
    settle().await;
    for _ in 0..100 {
        for path in admin::PATHS {
            assert_ne!(rig.get(&format!("{path}?verbose")).1, "");
        }
        settle().await;
    }
    assert_eq!(runs.get(), 1);
}
