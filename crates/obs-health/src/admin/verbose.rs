//! Answers in JSON of our own.

use std::fmt::Write;
use std::time::Duration;

use obs_core::Phase;

use super::{Found, Probe};
use crate::heartbeat::Heartbeat;
use crate::json;
use crate::report::{CheckReport, RunReport};
use crate::startup::StepReport;
use crate::watchdog::RuntimeReport;

/// All that there is to say; the last runs of each check where they are asked for.
pub(super) fn body(found: &Found, history: bool) -> String {
    let phase = match found.phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Draining => "draining",
        Phase::Stopped => "stopped",
    };
    let mut json = format!("{{\"status\":\"{}\",\"phase\":\"{phase}\"", found.status);
    if let Some(reason) = found.reason() {
        json.push_str(",\"reason\":");
        json::push(&mut json, &reason);
    }
    match found.probe {
        Probe::Live => {
            list(&mut json, "heartbeats", &found.heartbeats, push_heartbeat);
            if !found.runtimes.is_empty() {
                list(&mut json, "runtimes", &found.runtimes, push_runtime);
            }
        }
        Probe::Ready => list(&mut json, "checks", &found.checks, |json, check| {
            push_check(json, check, history);
        }),
        Probe::Started => {}
    }
    if !found.steps.is_empty() {
        list(&mut json, "steps", &found.steps, push_step);
    }
    json.push('}');
    json
}

fn list<T>(json: &mut String, name: &str, items: &[T], push: impl Fn(&mut String, &T)) {
    // Writing to a text cannot fail, here and below.
    let _ = write!(json, ",\"{name}\":[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        push(json, item);
    }
    json.push(']');
}

fn push_heartbeat(json: &mut String, heartbeat: &Heartbeat) {
    let status = if heartbeat.is_missed() { "missed" } else { "beating" };
    let (age, max_age) = (heartbeat.age().as_millis(), heartbeat.max_age().as_millis());
    let _ = write!(json, "{{\"status\":\"{status}\",\"age_ms\":{age},\"max_age_ms\":{max_age}}}");
}

fn push_runtime(json: &mut String, runtime: &RuntimeReport) {
    json.push_str("{\"name\":");
    json::push(json, &runtime.name);
    let _ = write!(json, ",\"workers\":{},\"tasks\":{}", runtime.workers, runtime.tasks);
    list(json, "stalled", &runtime.stalled, |json, stalled| {
        let (worker, away) = (stalled.worker, stalled.away.as_millis());
        let _ = write!(json, "{{\"worker\":{worker},\"blocked_ms\":{away},\"fatal\":{}}}", stalled.is_fatal);
    });
    json.push('}');
}

fn push_step(json: &mut String, step: &StepReport) {
    json.push_str("{\"name\":");
    json::push(json, &step.name);
    let (status, duration) = (step.status.as_str(), step.duration.as_millis());
    let _ = write!(json, ",\"status\":\"{status}\",\"done\":{},\"of\":{}", step.done, step.of);
    push_error(json, step.error.as_deref());
    let _ = write!(json, ",\"duration_ms\":{duration}}}");
}

fn push_check(json: &mut String, check: &CheckReport, history: bool) {
    json.push_str("{\"name\":");
    json::push(json, &check.name);
    let (status, importance) = (check.status.as_str(), check.importance.as_str());
    let _ = write!(json, ",\"status\":\"{status}\",\"importance\":\"{importance}\"");
    if check.is_excused {
        json.push_str(",\"excused\":true");
    }
    push_error(json, check.error.as_deref());
    if let Some(age) = check.age {
        let _ = write!(json, ",\"age_ms\":{}", age.as_millis());
    }
    if let Some(duration) = check.duration {
        let _ = write!(json, ",\"duration_ms\":{}", millis(duration));
    }
    if let Some(since) = check.since {
        let _ = write!(json, ",\"since_ms\":{}", since.as_millis());
    }
    // Where that is what is wrong now, it is said already.
    if let Some(run) = check.last_failure.as_ref().filter(|run| run.error != check.error) {
        json.push_str(",\"last_failure\":");
        push_run(json, run);
    }
    if history {
        list(json, "history", &check.history, push_run);
    }
    json.push('}');
}

fn push_run(json: &mut String, run: &RunReport) {
    let (result, age) = (run.result.as_str(), run.age.as_millis());
    let _ =
        write!(json, "{{\"result\":\"{result}\",\"age_ms\":{age},\"duration_ms\":{}", millis(run.duration));
    push_error(json, run.error.as_deref());
    json.push('}');
}

fn push_error(json: &mut String, error: Option<&str>) {
    if let Some(error) = error {
        json.push_str(",\"error\":");
        json::push(json, error);
    }
}

/// Milliseconds to the microsecond. `Display` of a float has no exponent, so it is a JSON number.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}
