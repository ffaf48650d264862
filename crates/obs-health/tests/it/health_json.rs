//! Probes as `application/health+json`.

use http::{Method, Request};
use obs_core::{Base, Clock, IdSource, Phase, Resource, Timestamp};
use obs_health::{Health, Importance, Settings, admin};
use serde_json::{Value, json};

use super::rig::{Rig, SECOND, Switch, settle};

fn ask(health: &Health, uri: &str, accept: &str) -> (u16, String, String) {
    let request = Request::builder().method(Method::GET).uri(uri).header("accept", accept).body(()).unwrap();
    let response = admin::respond(health, &request);
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), kind, String::from_utf8(response.body().to_vec()).unwrap())
}

fn read(health: &Health, uri: &str) -> (u16, Value) {
    let (status, kind, body) = ask(health, uri, "application/health+json");
    assert_eq!(kind, "application/health+json");
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test(start_paused = true)]
async fn it_passes_warns_and_fails() {
    let mut resource = Resource::new("orders");
    resource.version = Some("1.2.3".to_owned());
    // 2023-11-14T22:13:20Z, by `date -u -d @1700000000`.
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_000_000_000));
    let base = Base::with(resource, clock.clone(), IdSource::random());
    base.lifecycle.advance(Phase::Ready);
    let rig = Rig { health: Health::new(base.clone()), base, clock };
    let (db, cache) = (Switch::default(), Switch::default());
    let settings = Settings::new().interval(SECOND);
    rig.health.check_with("db", settings, db.check()).unwrap();
    rig.health.check_with("cache", settings.importance(Importance::Degraded), cache.check()).unwrap();
    settle().await;
    let observed = |status: &str, time: &str| json!([{ "componentType": "component", "status": status, "observedValue": 0, "observedUnit": "ms", "time": time }]);
    let first = "2023-11-14T22:13:20Z";
    let expected = json!({
        "status": "pass", "serviceId": "orders", "releaseId": "1.2.3", "description": "ready",
        "checks": { "db:responseTime": observed("pass", first), "cache:responseTime": observed("pass", first) },
    });
    assert_eq!(read(&rig.health, "/readyz"), (200, expected));
    cache.fail(true);
    rig.pass(SECOND).await;
    let (status, body) = read(&rig.health, "/readyz");
    assert_eq!((status, &body["status"]), (200, &"warn".into()));
    let cached = &body["checks"]["cache:responseTime"][0];
    assert_eq!((&cached["status"], &cached["output"]), (&"warn".into(), &"refused".into()));
    assert_eq!(cached["time"], "2023-11-14T22:13:21Z");
    db.fail(true);
    rig.pass(SECOND).await;
    let (status, body) = read(&rig.health, "/readyz");
    assert_eq!((status, &body["status"], &body["description"]), (503, &"fail".into(), &"unavailable".into()));
    assert_eq!(body["checks"]["db:responseTime"][0]["status"], "fail");
    rig.base.lifecycle.advance(Phase::Draining);
    assert_eq!(read(&rig.health, "/readyz").1["output"], "shutting down: takes nothing new");
    let alive =
        json!({ "status": "pass", "serviceId": "orders", "releaseId": "1.2.3", "description": "alive" });
    assert_eq!(read(&rig.health, "/healthz"), (200, alive));
}

#[test]
fn only_who_names_it_gets_it() {
    let rig = Rig::new();
    let kind = |accept| ask(&rig.health, "/readyz", accept).1;
    for accept in ["application/health+json", "text/html, Application/Health+JSON;q=0.5, */*"] {
        assert_eq!(kind(accept), "application/health+json", "{accept}");
    }
    for accept in [
        "*/*",
        "application/*",
        "application/json",
        "application/health+json;q=0",
        "",
        "application/health+json2",
    ] {
        assert_eq!(kind(accept), "text/plain; charset=utf-8", "{accept}");
    }
    assert_eq!(ask(&rig.health, "/readyz?verbose", "application/health+json").1, "application/json");
}
