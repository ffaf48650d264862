//! The function, called a few times, and its samples in a Prometheus that takes remote write and never scrapes it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Scene;
use crate::Result;
use crate::exposition::label;

/// Each of two calls and the end wait two seconds or so, and a machine may be slow.
const LONGEST: Duration = Duration::from_secs(30);

const REMOTE_WRITE: &str = "FUNCTION_REMOTE_WRITE";
const OTLP: &str = "FUNCTION_OTLP";

/// Calls it once for each name; its answers, and what it complained of.
fn call(scene: &Scene<'_>, (way, url): (&str, &str), names: &[&str]) -> Result<(Vec<String>, String)> {
    let mut command = Command::new(&scene.function);
    command.env_remove(REMOTE_WRITE).env_remove(OTLP).env(way, url).env("OBS_CONFIG", "off");
    command.current_dir(scene.folder);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("cannot start function: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(names.join("\n").as_bytes()).map_err(|error| format!("function: {error}"))?;
    }
    let output = child.wait_with_output().map_err(|error| format!("function: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("function: {}: {said}", output.status));
    }
    let answers = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    Ok((answers, said))
}

pub(super) fn found(scene: &Scene<'_>) -> Result<String> {
    let url = scene.prometheus.url("/api/v1/write");
    let (answers, said) = call(scene, (REMOTE_WRITE, &url), &["a", "b", "c"])?;
    let expected = ["a", "b", "c"].map(|name| format!("{name}.thumbnail (flushed: true)"));
    if answers != expected || !said.is_empty() {
        return Err(format!("it answered {answers:?} and said: {said}"));
    }
    // Nothing is waited for: what was flushed is there.
    match scene.prometheus.query("thumbnails_total{job=\"thumbnail\"}")?.as_slice() {
        [(labels, 3.0)] if !label(labels, "instance").is_empty() => Ok("3 calls, 3 counted".to_owned()),
        other => Err(format!("{other:?}")),
    }
}

pub(super) fn whole(scene: &Scene<'_>) -> Result<String> {
    let buckets = scene.prometheus.query("thumbnail_seconds_bucket{job=\"thumbnail\"}")?;
    let count = scene.prometheus.query("thumbnail_seconds_count{job=\"thumbnail\"}")?;
    let all = buckets.iter().find(|(labels, _)| label(labels, "le") == "+Inf").map(|(_, value)| *value);
    if buckets.len() != 9 || all != Some(3.0) || count.first().map(|(_, value)| *value) != Some(3.0) {
        return Err(format!("{buckets:?}, {count:?}"));
    }
    // One snapshot a call and one at the end, each of its own time.
    let samples = scene.prometheus.query("count_over_time(thumbnails_total{job=\"thumbnail\"}[10m])")?;
    match samples.first().map(|(_, value)| *value) {
        Some(4.0) => {}
        other => return Err(format!("{other:?} samples of 4")),
    }
    let lost = scene.prometheus.query("obs_metric_push_samples_lost_total{job=\"thumbnail\"} > 0")?;
    if lost.is_empty() {
        Ok(format!("{} buckets, 4 samples each", buckets.len()))
    } else {
        Err(format!("lost: {lost:?}"))
    }
}

pub(super) fn to_collector(scene: &Scene<'_>) -> Result<String> {
    let url = format!("http://{}", scene.collector);
    let (answers, said) = call(scene, (OTLP, &url), &["a", "b"])?;
    // A refusal, of all or of a part, would have been told.
    if answers == ["a", "b"].map(|name| format!("{name}.thumbnail (flushed: true)")) && said.is_empty() {
        Ok("3 requests".to_owned())
    } else {
        Err(format!("it answered {answers:?} and said: {said}"))
    }
}

pub(super) fn server_down(scene: &Scene<'_>) -> Result<String> {
    let begun = Instant::now();
    let url = format!("{}/api/v1/write", scene.nobody);
    let (answers, _) = call(scene, (REMOTE_WRITE, &url), &["a", "b"])?;
    let took = begun.elapsed();
    if answers != ["a", "b"].map(|name| format!("{name}.thumbnail (flushed: false)")) || took > LONGEST {
        return Err(format!("after {took:?}: {answers:?}"));
    }
    Ok(format!("after {:.1} s", took.as_secs_f64()))
}
