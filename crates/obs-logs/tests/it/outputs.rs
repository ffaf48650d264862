//! Files, standard streams and sinks: what arrives, what is refused, and what the books say.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use obs_core::keys::Metric;
use obs_core::meter::Meter;
use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};
use obs_logs::{BuildError, Colours, Format, Logs, Memory, Output};
use tracing::info;

use crate::{Bench, base, parse};

pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A directory of one test, removed at its end.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("obs-logs-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("orders.log")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn bench_with(output: impl Into<Output>) -> Bench {
    Bench::with("info", |builder| builder.output(output))
}

#[test]
fn a_file_is_appended_to_and_whole_after_a_flush() {
    let directory = Directory::new("append");
    fs::write(directory.file(), "before\n").unwrap();
    let bench = bench_with(Output::file(directory.file()));
    let lines = bench.run(|| (0..1_000).for_each(|n| info!(n, "m")));
    bench.logs.flush(LONG).unwrap();
    let text = fs::read_to_string(directory.file()).unwrap();
    let expected = format!("before\n{}\n", lines.join("\n"));
    assert_eq!(text, expected);
    let counts = bench.logs.queues().next().unwrap().counts();
    assert_eq!((counts.produced, counts.delivered, counts.pending), (1_000, 1_000, 0));
}

#[test]
fn dropping_the_guard_delivers_what_waits() {
    let directory = Directory::new("guard");
    let bench = bench_with(Output::file(directory.file()));
    bench.run(|| info!("m"));
    drop(bench);
    assert_eq!(fs::read_to_string(directory.file()).unwrap().lines().count(), 1);
}

#[test]
fn a_file_that_cannot_be_opened_is_named_with_its_cause() {
    let directory = Directory::new("refused");
    let missing = directory.0.join("no/such/orders.log");
    for (path, cause) in [(missing, "No such file"), (directory.0.clone(), "directory")] {
        let error = Logs::builder(base()).output(Output::file(&path)).build().unwrap_err();
        assert!(matches!(error, BuildError::Open { .. }));
        let text = error.to_string();
        assert!(text.contains(path.to_str().unwrap()) && text.contains(cause), "{text}");
    }
}

#[test]
fn an_output_named_twice_is_refused() {
    let directory = Directory::new("twice");
    let twice = |a, b| Logs::builder(base()).output(a).output(b).build().unwrap_err().to_string();
    let file = || Output::file(directory.file());
    assert_eq!(twice(file(), file()), format!("log output {} is named twice", directory.file().display()));
    assert_eq!(twice(Output::stdout(), Output::stdout()), "log output logs_stdout is named twice");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_drops_every_line_and_counts_each() {
    let bench = bench_with(Output::file("/dev/full"));
    bench.run(|| (0..100).for_each(|n| info!(n, "m")));
    bench.logs.flush(LONG).unwrap();
    let counts = bench.logs.queues().next().unwrap().counts();
    assert_eq!((counts.produced, counts.delivered, counts.pending), (100, 0, 0));
    assert_eq!((counts.dropped(), counts.dropped_for(Reason::Io)), (100, 100));
}

#[derive(Default)]
struct Numbers(Vec<(String, f64)>);

impl Meter for Numbers {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.gauge(metric, labels, value as f64);
    }
    fn gauge(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.0.push((format!("{} {}", metric.name, labels.join(" ")), value));
    }
}

#[test]
fn every_output_has_books_on_metrics() {
    let directory = Directory::new("books");
    let second = directory.0.join("second.log");
    let small = Memory::bounded(400);
    let bench = Bench::with("info", |builder| {
        let files = builder.output(Output::file(directory.file())).output(Output::file(second));
        files.output(Output::discard()).output(Output::memory(&small))
    });
    bench.run(|| (0..10).for_each(|n| info!(n, "m")));
    bench.logs.flush(LONG).unwrap();
    let mut numbers = Numbers::default();
    bench.logs.base().sources.collect(&mut numbers);
    let value = |name: &str| {
        let found: Vec<_> = numbers.0.iter().filter(|(known, _)| known == name).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].1 as u64
    };
    for pipeline in ["logs_memory", "logs_file", "logs_file_2", "logs_discard", "logs_memory_2"] {
        assert_eq!(value(&format!("obs_pipeline_produced_total {pipeline}")), 10, "{pipeline}");
    }
    let kept = small.lines().len() as u64;
    assert!(kept > 0 && kept < 10);
    assert_eq!(value("obs_pipeline_delivered_total logs_memory_2"), kept);
    assert_eq!(value("obs_pipeline_dropped_total logs_memory_2 queue_full"), 10 - kept);
    assert_eq!(value("obs_pipeline_delivered_total logs_file_2"), 10);
}

/// Hangs until the deadline.
struct Hangs;

impl Sink for Hangs {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        while control.wait(LONG) {}
        Delivery::Dropped(Reason::Shutdown, batch.records)
    }
}

#[test]
fn an_output_that_hangs_takes_no_time_from_another() {
    let directory = Directory::new("hangs");
    let memory = Memory::new();
    let builder =
        Logs::builder(base()).output(Output::sink("logs_hangs", Hangs)).output(Output::memory(&memory));
    let (logs, mut guard) = builder.output(Output::file(directory.file())).build().unwrap();
    let bench = Bench { logs, memory, _guard: Bench::new()._guard };
    bench.run(|| info!("m"));
    let begun = Instant::now();
    guard.shutdown(Duration::from_millis(100));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(fs::read_to_string(directory.file()).unwrap().lines().count(), 1);
    let counts: Vec<_> = bench.logs.queues().map(|queue| queue.counts()).collect();
    assert_eq!((counts[0].delivered, counts[0].dropped_for(Reason::Shutdown)), (0, 1));
    assert_eq!((counts[1].delivered, counts[1].dropped()), (1, 0));
    // Later lines are counted, not lost without a trace.
    bench.run(|| info!("late"));
    assert!(bench.logs.queues().all(|queue| queue.counts().dropped_for(Reason::Closed) == 1));
}

#[test]
fn a_flush_says_what_is_still_pending() {
    let bench = bench_with(Output::sink("logs_hangs", Hangs));
    bench.run(|| info!("m"));
    assert_eq!(bench.logs.flush(Duration::from_millis(20)).unwrap_err().pending, 1);
    let Bench { _guard: mut guard, .. } = bench;
    assert!(guard.flush(Duration::from_millis(20)).is_err());
    guard.shutdown(Duration::from_millis(20));
}

#[test]
fn for_ever_is_a_time_like_any_other() {
    let directory = Directory::new("for-ever");
    let Bench { logs, memory, _guard: mut guard } = bench_with(Output::file(directory.file()));
    let bench = Bench { logs, memory, _guard: Bench::new()._guard };
    bench.run(|| info!("one"));
    bench.logs.flush(Duration::MAX).unwrap();
    bench.run(|| info!("two"));
    guard.flush(Duration::MAX).unwrap();
    bench.run(|| info!("three"));
    guard.shutdown(Duration::MAX);
    assert_eq!(fs::read_to_string(directory.file()).unwrap().lines().count(), 3);
}

#[test]
fn each_output_has_its_own_format() {
    let directory = Directory::new("formats");
    let output = Output::file(directory.file()).format(Format::Pretty(Colours::Auto));
    let bench = bench_with(output);
    let lines = bench.run(|| info!(target: "t", n = 1, "m"));
    bench.logs.flush(LONG).unwrap();
    parse(&lines[0]);
    assert_eq!(fs::read_to_string(directory.file()).unwrap(), "2026-10-03T12:34:56.123Z INFO  t: m n=1\n");
}

#[test]
fn standard_error_takes_lines_until_the_end() {
    let (logs, mut guard) =
        Logs::builder(base()).output(Output::stderr().format(Format::Logfmt)).build().unwrap();
    let bench = Bench { logs, ..Bench::new() };
    let counts = || bench.logs.queues().next().unwrap().counts();
    bench.run(|| info!("this line on standard error is part of the test"));
    bench.logs.flush(LONG).unwrap();
    assert_eq!(counts().delivered, 1);
    bench.run(|| info!("so is this one"));
    guard.shutdown(LONG);
    bench.run(|| info!("never"));
    assert_eq!((counts().delivered, counts().dropped_for(Reason::Closed)), (2, 1));
}

#[test]
fn standard_streams_can_be_built_and_closed() {
    let builder = Logs::builder(base()).output(Output::stdout()).output(Output::stderr());
    let (logs, _guard) = builder.build().unwrap();
    let pipelines: Vec<_> = logs.queues().map(|queue| queue.pipeline()).collect();
    assert_eq!(pipelines, ["logs_stdout", "logs_stderr"]);
}

#[test]
fn a_name_that_begins_as_metrics_have_it_is_called_by_routes_as_it_is() {
    let memory = Memory::new();
    let output = Output::memory(&memory).named("logs_audit");
    let route = obs_logs::Route::otherwise(["logs_audit"]);
    drop(Logs::builder(base()).output(output).routes([route]).build().unwrap());
}
