//! The batch job, run to its end, and what is known of it afterwards.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::Scene;
use super::gateway::{PASSWORD, USER, certificates};
use crate::Result;
use crate::e2e::eventually::eventually;
use crate::exposition::label;

/// The job's own deadline is 5 s, and a machine may be slow.
const LONGEST: Duration = Duration::from_secs(15);

/// Runs the job against a gateway, with nothing else of the environment that it reads.
fn run(scene: &Scene<'_>, gateway: &str, variables: &[(&str, &str)]) -> Result<(Output, String)> {
    let mut command = Command::new(&scene.job);
    for name in ["JOB_FAILS", "PUSHGATEWAY_CA", "PUSHGATEWAY_USER", "PUSHGATEWAY_PASSWORD"] {
        command.env_remove(name);
    }
    command.env("PUSHGATEWAY", gateway).env("OBS_CONFIG", "off").current_dir(scene.folder);
    command.envs(variables.iter().copied());
    let output = command.output().map_err(|error| format!("cannot start batch-job: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok((output, said))
}

fn open(scene: &Scene<'_>) -> String {
    format!("http://{}", scene.gateway.address)
}

fn expect(holds: bool, what: &str, said: &str) -> Result {
    if holds { Ok(()) } else { Err(format!("{what}; the job said: {said}")) }
}

fn value(scene: &Scene<'_>, query: &str) -> Result<f64> {
    match scene.prometheus.query(query)?.as_slice() {
        [(_, value)] => Ok(*value),
        series => Err(format!("{query}: {} series", series.len())),
    }
}

pub(super) fn found(scene: &Scene<'_>) -> Result<String> {
    let (output, said) = run(scene, &open(scene), &[])?;
    expect(output.status.success() && said.is_empty(), "it failed", &said)?;
    let rows = eventually(|| {
        let rows = scene.prometheus.query("copy_rows_total")?;
        if rows.len() == 3 { Ok(rows) } else { Err(format!("{} tables of 3", rows.len())) }
    })?;
    let total: f64 = rows.iter().map(|(_, rows)| rows).sum();
    let ours = rows.iter().all(|(labels, _)| label(labels, "job") == "nightly-copy");
    expect(total == 1_000.0 && ours, &format!("{total} rows of 1000, or another job's"), &said)?;
    let buckets = value(scene, "copy_table_seconds_bucket{job=\"nightly-copy\",le=\"+Inf\"}")?;
    expect(buckets == 3.0, "three durations", &said)?;
    Ok(format!("{total} rows in {} tables", rows.len()))
}

pub(super) fn failed_run(scene: &Scene<'_>) -> Result<String> {
    const LAST: &str = "copy_last_success_timestamp_seconds{job=\"nightly-copy\"}";
    let before = value(scene, LAST)?;
    let (output, said) = run(scene, &open(scene), &[("JOB_FAILS", "1")])?;
    expect(!output.status.success() && said.contains("the source went away"), "it should fail", &said)?;
    eventually(|| match value(scene, "copy_errors_total{job=\"nightly-copy\"}")? {
        1.0 => Ok(()),
        errors => Err(format!("{errors} errors of 1")),
    })?;
    expect(value(scene, LAST)? == before, "the last success changed", &said)?;
    let newer = value(scene, "push_time_seconds{job=\"nightly-copy\"}")? - before;
    expect(newer > 0.0, "the push is not newer than the success", &said)?;
    Ok(String::new())
}

pub(super) fn gateway_down(scene: &Scene<'_>) -> Result<String> {
    let begun = Instant::now();
    let (output, said) = run(scene, &scene.nobody, &[])?;
    let took = begun.elapsed();
    let told = said.contains("metrics were not pushed") && said.contains("connection failed");
    expect(output.status.success() && told, "it should succeed and tell", &said)?;
    expect(took < LONGEST, &format!("it took {took:?}"), &said)?;
    Ok(format!("after {:.1} s", took.as_secs_f64()))
}

pub(super) fn refused(scene: &Scene<'_>) -> Result<String> {
    const GROUP: &str = "/metrics/job/other";
    // The gateway keeps to the first type it saw, so that the other job has to come before.
    scene.gateway.delete("/metrics/job/nightly-copy")?;
    scene.gateway.put(GROUP, "# TYPE copy_rows_total gauge\ncopy_rows_total 1\n")?;
    let ran = run(scene, &open(scene), &[]);
    scene.gateway.delete(GROUP)?;
    let (output, said) = ran?;
    let told = said.contains("metrics were not pushed: refused with status 400: ");
    let words = said.contains("copy_rows_total");
    expect(output.status.success() && told && words, "it should tell of the clash", &said)?;
    let failure = eventually(|| value(scene, "push_failure_time_seconds{job=\"nightly-copy\"} > 0"))?;
    expect(failure > 0.0, "the gateway knows of no failure", &said)?;
    Ok(String::new())
}

pub(super) fn through_tls(scene: &Scene<'_>) -> Result<String> {
    let ca = certificates().join("ca.pem").display().to_string();
    let good =
        [("PUSHGATEWAY_CA", ca.as_str()), ("PUSHGATEWAY_USER", USER), ("PUSHGATEWAY_PASSWORD", PASSWORD)];
    let (output, said) = run(scene, &format!("https://{}", scene.guarded.address), &good)?;
    expect(output.status.success() && said.is_empty(), "it failed", &said)?;
    Ok(String::new())
}

pub(super) fn shut_out(scene: &Scene<'_>) -> Result<String> {
    let url = format!("https://{}", scene.guarded.address);
    let ca = certificates().join("ca.pem").display().to_string();
    let wrong =
        [("PUSHGATEWAY_CA", ca.as_str()), ("PUSHGATEWAY_USER", USER), ("PUSHGATEWAY_PASSWORD", "hunter2")];
    let (output, said) = run(scene, &url, &wrong)?;
    let told = said.contains("status 401") && !said.contains("hunter2");
    expect(output.status.success() && told, "it should tell of 401", &said)?;
    let (output, said) = run(scene, &url, &[])?;
    let told = said.contains("metrics were not pushed") && said.contains("UnknownIssuer");
    expect(output.status.success() && told, "it should tell of the authority", &said)?;
    Ok(String::new())
}
