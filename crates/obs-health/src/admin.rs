//! The probes as a pure function: a request in, a response out, from what is known already.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use obs_core::Phase;

use crate::report::{CheckReport, Readiness};
use crate::{Health, json};

/// Liveness: whether the process should be left running.
pub const HEALTHZ: &str = "/healthz";

/// Readiness: whether the service takes traffic.
pub const READYZ: &str = "/readyz";

/// Start-up: whether it has ended.
pub const STARTUPZ: &str = "/startupz";

/// The paths that [`respond`] answers.
pub const PATHS: [&str; 3] = [HEALTHZ, READYZ, STARTUPZ];

/// What phases are explained by.
const STARTING: &str = "start-up has not ended: serve or call ready()";
const DRAINING: &str = "shutting down: takes nothing new";

/// Answers `GET` and `HEAD` of [`PATHS`]; anything else with 404 or 405. Runs no check and waits for none.
///
/// | path | 200 | 503 |
/// |---|---|---|
/// | `/healthz` | `ok` | `not responding`: a heartbeat is missed, and the service is not draining |
/// | `/readyz` | `ready` | `dependencies unavailable`, `starting`, `draining` |
/// | `/startupz` | `started` | `starting` |
///
/// With `verbose` in the query the body is JSON with the phase and, where they matter, each check or heartbeat.
pub fn respond<B>(health: &Health, request: &Request<B>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let answer = match request.uri().path() {
        HEALTHZ => healthz,
        READYZ => readyz,
        STARTUPZ => startupz,
        _ => {
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        }
    };
    if request.method() != Method::GET && request.method() != Method::HEAD {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let (is_good, body) = answer(health, is_verbose(request.uri().query()));
    if !is_good {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    let (body, kind) = match body {
        Body::Text(text) => (Bytes::from_static(text.as_bytes()), "text/plain; charset=utf-8"),
        Body::Json(text) => (Bytes::from(text), "application/json"),
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if request.method() == Method::GET {
        *response.body_mut() = body;
    }
    response
}

enum Body {
    Text(&'static str),
    Json(String),
}

/// Whether a query has `verbose` in it, and does not say that it is off.
fn is_verbose(query: Option<&str>) -> bool {
    query.unwrap_or_default().split('&').any(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        key == "verbose" && !["0", "false"].contains(&value)
    })
}

fn healthz(health: &Health, verbose: bool) -> (bool, Body) {
    let (phase, is_alive) = (health.phase(), health.is_alive());
    if !verbose {
        return (is_alive, Body::Text(if is_alive { "ok" } else { "not responding" }));
    }
    let mut json = head(if is_alive { "alive" } else { "not_responding" }, phase, None);
    list(&mut json, "heartbeats", health.heartbeats(), |json, heartbeat| {
        let status = if heartbeat.is_missed() { "missed" } else { "beating" };
        let (age, max_age) = (heartbeat.age().as_millis(), heartbeat.max_age().as_millis());
        let _ = write!(json, "{{\"status\":\"{status}\",\"age_ms\":{age},\"max_age_ms\":{max_age}}}");
    });
    (is_alive, Body::Json(json))
}

fn readyz(health: &Health, verbose: bool) -> (bool, Body) {
    if !verbose {
        let readiness = health.readiness();
        let text = match readiness {
            Readiness::Ready => "ready",
            Readiness::Unavailable => "dependencies unavailable",
            Readiness::Starting => "starting",
            Readiness::Draining => "draining",
        };
        return (readiness == Readiness::Ready, Body::Text(text));
    }
    // The status is judged by the same reports that are shown, so that they cannot disagree.
    let (phase, checks) = (health.phase(), health.checks());
    let readiness = Readiness::of(phase, checks.iter().map(|check| (check.importance, check.status)));
    let reason = match readiness {
        Readiness::Starting => Some(STARTING),
        Readiness::Draining => Some(DRAINING),
        Readiness::Ready | Readiness::Unavailable => None,
    };
    let mut json = head(readiness.as_str(), phase, reason);
    list(&mut json, "checks", checks, |json, check| push_check(json, &check));
    (readiness == Readiness::Ready, Body::Json(json))
}

fn startupz(health: &Health, verbose: bool) -> (bool, Body) {
    let phase = health.phase();
    let (has_started, text, reason) = match phase {
        Phase::Starting => (false, "starting", Some(STARTING)),
        Phase::Ready | Phase::Draining | Phase::Stopped => (true, "started", None),
    };
    if !verbose {
        return (has_started, Body::Text(text));
    }
    let mut json = head(text, phase, reason);
    json.push('}');
    (has_started, Body::Json(json))
}

/// The beginning of an object, to be closed by the caller.
fn head(status: &str, phase: Phase, reason: Option<&str>) -> String {
    let phase = match phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Draining => "draining",
        Phase::Stopped => "stopped",
    };
    let mut json = format!("{{\"status\":\"{status}\",\"phase\":\"{phase}\"");
    if let Some(reason) = reason {
        json.push_str(",\"reason\":");
        json::push(&mut json, reason);
    }
    json
}

/// The last member, and the end of the object.
fn list<T>(json: &mut String, name: &str, items: Vec<T>, push: impl Fn(&mut String, T)) {
    // Writing to a text cannot fail, here and below.
    let _ = write!(json, ",\"{name}\":[");
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        push(json, item);
    }
    json.push_str("]}");
}

fn push_check(json: &mut String, check: &CheckReport) {
    json.push_str("{\"name\":");
    json::push(json, &check.name);
    let (status, importance) = (check.status.as_str(), check.importance.as_str());
    let _ = write!(json, ",\"status\":\"{status}\",\"importance\":\"{importance}\"");
    if let Some(error) = &check.error {
        json.push_str(",\"error\":");
        json::push(json, error);
    }
    if let Some(age) = check.age {
        let _ = write!(json, ",\"age_ms\":{}", age.as_millis());
    }
    if let Some(duration) = check.duration {
        let _ = write!(json, ",\"duration_ms\":{}", millis(duration));
    }
    json.push('}');
}

/// Milliseconds to the microsecond. `Display` of a float has no exponent, so it is a JSON number.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}
