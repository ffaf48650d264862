//! The probes as a pure function: a request in, a response out, from what is known already.

mod asked;
mod health_json;
mod verbose;

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use obs_core::Phase;

use crate::heartbeat::Heartbeat;
use crate::registry::Health;
use crate::report::{CheckReport, Readiness};
use crate::startup::StepReport;
use crate::watchdog::RuntimeReport;
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
/// | `/healthz` | `ok` | why not: `not responding` (a heartbeat is missed), `worker 2 of runtime main blocked for 61.5s`, `broken: ..`; never while the service drains |
/// | `/readyz` | `ready` | `dependencies unavailable`, `starting`, `draining` |
/// | `/startupz` | `started` | `starting`, and the steps that are not done: `starting: migrations 3/7` |
///
/// | `/readyz?group=checkout` | as `/readyz`, of the [group](Health::group) | as `/readyz`; 404 where there is no such group |
///
/// With `verbose` in the query the body is JSON with the phase and, where they matter, each check or heartbeat; with
/// `verbose=history` each check's last runs too. Where `Accept` names `application/health+json` the body is that, as
/// draft-inadarei-api-health-check-06 has it.
pub fn respond<B>(health: &Health, request: &Request<B>) -> Response<Bytes> {
    respond_as(health, request, &Asked::of(request))
}

/// The same in a word or two, whatever form is asked for: for those who are not to see names and errors of checks.
pub fn respond_briefly<B>(health: &Health, request: &Request<B>) -> Response<Bytes> {
    respond_as(health, request, &Asked { form: Form::Text, ..Asked::of(request) })
}

/// Whether a request is for a word or two: neither `verbose` nor `application/health+json`.
pub fn is_brief<B>(request: &Request<B>) -> bool {
    Asked::of(request).form == Form::Text
}

fn respond_as<B>(health: &Health, request: &Request<B>, asked: &Asked<'_>) -> Response<Bytes> {
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
    let Some(found) = Found::of(health, probe, asked) else {
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
        Form::Text => (found.text.into_owned().into(), "text/plain; charset=utf-8"),
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
    text: Cow<'static, str>,
    /// In a word, for programs.
    status: &'static str,
    /// Where readiness is asked for, and the form shows them.
    checks: Vec<CheckReport>,
    heartbeats: Vec<Heartbeat>,
    runtimes: Vec<RuntimeReport>,
    /// Those of the start-up, where it or readiness is asked for.
    steps: Vec<StepReport>,
    /// Which of them are not done.
    outstanding: Option<String>,
}

impl Found {
    /// `None` where there is no such group.
    fn of(health: &Health, probe: Probe, asked: &Asked<'_>) -> Option<Self> {
        let phase = health.phase();
        let (mut checks, mut heartbeats) = (Vec::new(), Vec::new());
        let (mut runtimes, mut steps, mut outstanding) = (Vec::new(), Vec::new(), None);
        if probe != Probe::Live {
            steps = health.steps();
            outstanding = health.outstanding();
        }
        // Steps may end between one look and the next: what is answered and what is shown go by one.
        let stands = health.stands(outstanding.is_some());
        let (is_good, text, status): (_, Cow<'static, str>, _) = match probe {
            Probe::Live => {
                heartbeats = health.heartbeats();
                runtimes = health.runtimes();
                match health.why_not_alive() {
                    None => (true, "ok".into(), "alive"),
                    Some(why) => (false, why.into(), "not_responding"),
                }
            }
            Probe::Started if stands == Phase::Starting => {
                let text = outstanding.as_ref().map(|steps| format!("starting: {steps}").into());
                (false, text.unwrap_or("starting".into()), "starting")
            }
            Probe::Started => (true, "started".into(), "started"),
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
                    Readiness::of(stands, checks.iter().map(CheckReport::stands))
                };
                let text = match readiness {
                    Readiness::Ready => "ready",
                    Readiness::Unavailable => "dependencies unavailable",
                    Readiness::Starting => "starting",
                    Readiness::Draining => "draining",
                };
                (readiness == Readiness::Ready, text.into(), readiness.as_str())
            }
        };
        let shown =
            Self { probe, is_good, phase, text, status, checks, heartbeats, runtimes, steps, outstanding };
        Some(shown)
    }

    /// Why it is not good, where that is not a check.
    fn reason(&self) -> Option<Cow<'_, str>> {
        let is_asked = |probes: &[Probe]| probes.contains(&self.probe);
        match self.phase {
            _ if self.probe == Probe::Live => (!self.is_good).then_some(Cow::Borrowed(&*self.text)),
            Phase::Starting if is_asked(&[Probe::Ready, Probe::Started]) && self.outstanding.is_none() => {
                Some("start-up has not ended: serve or call ready()".into())
            }
            Phase::Starting | Phase::Ready if self.outstanding.is_some() => {
                self.outstanding.as_ref().map(|steps| format!("start-up has not ended: {steps}").into())
            }
            Phase::Draining | Phase::Stopped if is_asked(&[Probe::Ready]) => {
                Some("shutting down: takes nothing new".into())
            }
            _ => None,
        }
    }
}
