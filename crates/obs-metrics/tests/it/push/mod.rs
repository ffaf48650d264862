//! Push: what leaves, in which order and form, and what is counted when it does not arrive.

mod durable;
mod flush;
mod gateway;
mod gateway_periodic;
mod otlp;
mod receiver;
mod remote_write;
mod remote_write_answers;
mod remote_write_messages;
mod stub;

use std::time::Duration;

use obs_metrics::Recorder;
use obs_metrics::push::{ClientSettings, Retry, Settings};

/// Longer than any test should take.
const LONG: Duration = Duration::from_secs(30);

fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(2)).longest_pause(Duration::from_millis(20))
}

/// Snapshots only when they are asked for, and hardly any pause between attempts.
fn told() -> Settings {
    Settings::new().on_flush().retry(quick()).client(ClientSettings::new().request_timeout(LONG))
}

/// `obs_metric_pushes_total` of one way out by result, those that are zero apart.
fn pushes(recorder: &Recorder, pipeline: &str) -> Vec<(String, u64)> {
    let start = format!("obs_metric_pushes_total{{pipeline=\"{pipeline}\",result=\"");
    let text = super::text(recorder);
    let counts = text.lines().filter_map(|line| line.strip_prefix(&start)?.split_once("\"} "));
    let counts = counts.map(|(result, count)| (result.to_owned(), count.parse().unwrap()));
    counts.filter(|(_, count)| *count > 0).collect()
}

fn samples_lost(recorder: &Recorder, pipeline: &str) -> f64 {
    super::value(recorder, &format!("obs_metric_push_samples_lost_total{{pipeline=\"{pipeline}\"}}")).unwrap()
}

fn counted(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
    counts.iter().map(|&(result, count)| (result.to_owned(), count)).collect()
}
