//! The probes as a pure function: a request in, a response out, from what is known already.

mod asked;
mod health_json;
mod verbose;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use obs_core::Phase;

use crate::heartbeat::Heartbeat;
use crate::registry::Health;
use crate::report::{CheckReport, Readiness};
use asked::{Asked, Form};

/// Liveness: whether the process should be left running.
pub const HEALTHZ: &str = "/healthz";

/// Readiness: whether the service takes traffic.
pub const READYZ: &str = "/readyz";

/// Start-up: whether it has ended.
pub const STARTUPZ: &str = "/startupz";

/// The paths that [`respond`] answers.
pub const PATHS: [&str; 3] = [HEALTHZ, READYZ, STARTUPZ];

/// Answers `GET` and `HEAD` of [`PATHS`]; anything else with 404 or 405. Runs no check and waits for none.
///
/// | path | 200 | 503 |
/// |---|---|---|
/// | `/healthz` | `ok` | `not responding`: a heartbeat is missed, and the service is not draining |
/// | `/readyz` | `ready` | `dependencies unavailable`, `starting`, `draining` |
/// | `/startupz` | `started` | `starting` |
///
/// | `/readyz?group=checkout` | as `/readyz`, of the [group](Health::group) | as `/readyz`; 404 where there is no such group |
///
/// With `verbose` in the query the body is JSON with the phase and, where they matter, each check or heartbeat; with
/// `verbose=history` each check's last runs too. Where `Accept` names `application/health+json` the body is that, as
/// draft-inadarei-api-health-check-06 has it.
pub fn respond<B>(health: &Health, request: &Request<B>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let probe = match request.uri().path() {
        HEALTHZ => Probe::Live,
        READYZ => Probe::Ready,
        STARTUPZ => Probe::Started,
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
    let asked = Asked::of(request);
    let Some(found) = Found::of(health, probe, &asked) else {
        *response.status_mut() = StatusCode::NOT_FOUND;
        if request.method() == Method::GET {
            *response.body_mut() = Bytes::from_static(b"no such group");
        }
        return response;
    };
    if !found.is_good {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    let (body, kind) = match asked.form {
        Form::Text => (Bytes::from_static(found.text.as_bytes()), "text/plain; charset=utf-8"),
        Form::Verbose { history } => (verbose::body(&found, history).into(), "application/json"),
        Form::HealthJson => (health_json::body(health, &found).into(), health_json::TYPE),
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    if request.method() == Method::GET {
        *response.body_mut() = body;
    }
    response
}

/// Which of [`PATHS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    Live,
    Ready,
    Started,
}

/// What is answered, in whatever form. The status is judged by the same reports that are shown, so that they cannot
/// disagree.
struct Found {
    probe: Probe,
    is_good: bool,
    phase: Phase,
    /// In a word or two, for people.
    text: &'static str,
    /// In a word, for programs.
    status: &'static str,
    /// Where readiness is asked for, and the form shows them.
    checks: Vec<CheckReport>,
    heartbeats: Vec<Heartbeat>,
}

impl Found {
    /// `None` where there is no such group.
    fn of(health: &Health, probe: Probe, asked: &Asked<'_>) -> Option<Self> {
        let phase = health.phase();
        let (mut checks, mut heartbeats) = (Vec::new(), Vec::new());
        let (is_good, text, status) = match probe {
            Probe::Live => {
                heartbeats = health.heartbeats();
                if health.is_alive() {
                    (true, "ok", "alive")
                } else {
                    (false, "not responding", "not_responding")
                }
            }
            Probe::Started if phase == Phase::Starting => (false, "starting", "starting"),
            Probe::Started => (true, "started", "started"),
            Probe::Ready => {
                let readiness = if asked.form == Form::Text {
                    match &asked.group {
                        Some(group) => health.group_readiness(group)?,
                        None => health.readiness(),
                    }
                } else {
                    checks = match &asked.group {
                        Some(group) => health.group_checks(group)?,
                        None => health.checks(),
                    };
                    Readiness::of(phase, checks.iter().map(|check| (check.importance, check.status)))
                };
                let text = match readiness {
                    Readiness::Ready => "ready",
                    Readiness::Unavailable => "dependencies unavailable",
                    Readiness::Starting => "starting",
                    Readiness::Draining => "draining",
                };
                (readiness == Readiness::Ready, text, readiness.as_str())
            }
        };
        Some(Self { probe, is_good, phase, text, status, checks, heartbeats })
    }

    /// Why it is not good, where the phase is why.
    fn reason(&self) -> Option<&'static str> {
        let is_asked = |probes: &[Probe]| probes.contains(&self.probe);
        match self.phase {
            Phase::Starting if is_asked(&[Probe::Ready, Probe::Started]) => {
                Some("start-up has not ended: serve or call ready()")
            }
            Phase::Draining | Phase::Stopped if is_asked(&[Probe::Ready]) => {
                Some("shutting down: takes nothing new")
            }
            _ => None,
        }
    }
}
