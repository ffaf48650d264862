//! Answers as `application/health+json` (draft-inadarei-api-health-check-06), for whoever reads probes of all languages
//! alike.

use std::fmt::Write;

use super::verbose::millis;
use super::{Found, Probe};
use crate::json;
use crate::registry::Health;
use crate::report::{CheckReport, Status};
use crate::startup::{StepReport, StepStatus};

/// The media type.
pub(super) const TYPE: &str = "application/health+json";

/// `pass`, `fail`, or `warn` where it is good although something is not; and each check with what was observed last.
pub(super) fn body(health: &Health, found: &Found) -> String {
    let base = health.base();
    let all_pass = found.checks.iter().all(|check| check.status == Status::Passed);
    let status = match (found.is_good, all_pass) {
        (true, true) => "pass",
        (true, false) => "warn",
        (false, _) => "fail",
    };
    let mut json = format!("{{\"status\":\"{status}\"");
    let text = |json: &mut String, name: &str, value: &str| {
        // Writing to a text cannot fail, here and below.
        let _ = write!(json, ",\"{name}\":");
        json::push(json, value);
    };
    text(&mut json, "serviceId", &base.resource.name);
    if let Some(version) = &base.resource.version {
        text(&mut json, "releaseId", version);
    }
    text(&mut json, "description", found.status);
    if let Some(reason) = found.reason() {
        text(&mut json, "output", &reason);
    }
    if found.probe == Probe::Ready || !found.steps.is_empty() {
        json.push_str(",\"checks\":{");
        for (at, step) in found.steps.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            json.push_str(comma);
            push_step(&mut json, step);
        }
        for (at, check) in found.checks.iter().enumerate() {
            if at + found.steps.len() > 0 {
                json.push(',');
            }
            json::push(&mut json, &format!("{}:responseTime", check.name));
            json.push_str(":[{\"componentType\":\"component\"");
            let _ = write!(json, ",\"status\":\"{}\"", word(check));
            if let Some(duration) = check.duration {
                let _ = write!(json, ",\"observedValue\":{},\"observedUnit\":\"ms\"", millis(duration));
            }
            if let Some(age) = check.age {
                text(&mut json, "time", &base.clock.now().before(age).rfc3339());
            }
            if let Some(error) = &check.error {
                text(&mut json, "output", error);
            }
            json.push_str("}]");
        }
        json.push('}');
    }
    json.push('}');
    json
}

/// How much of a step of the start-up is done.
fn push_step(json: &mut String, step: &StepReport) {
    json::push(json, &format!("{}:progress", step.name));
    let status = match step.status {
        StepStatus::Done => "pass",
        StepStatus::Running => "warn",
        StepStatus::Failed => "fail",
    };
    let percent = (step.ratio() * 100.0).floor();
    let _ = write!(
        json,
        ":[{{\"componentType\":\"component\",\"status\":\"{status}\",\"observedValue\":{percent},\"observedUnit\":\"%\""
    );
    if let Some(error) = &step.error {
        json.push_str(",\"output\":");
        json::push(json, error);
    }
    json.push_str("}]");
}

/// What does not take the service out of traffic is a warning.
fn word(check: &CheckReport) -> &'static str {
    match (check.status, check.stands().0) {
        (Status::Passed, _) => "pass",
        (_, crate::Importance::Degraded) => "warn",
        (_, crate::Importance::Critical) => "fail",
    }
}
