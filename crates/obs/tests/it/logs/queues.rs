//! An output that does not read: what becomes of lines is what the file says.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;

use serde_json::Value;

use super::running::{Running, ids};

/// More lines than a pipe and a queue of 4 KiB take.
const LINES: u64 = 3_000;

/// A pipe at this path, of which nothing is read yet.
fn pipe(path: &Path) -> File {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    // For reading and writing, so that opening it waits for nobody.
    File::options().read(true).write(true).open(path).unwrap()
}

struct Outcome {
    lines: Vec<Value>,
    dropped: u64,
    blocked: f64,
}

/// Writes to a pipe that is read only after all lines have been logged, and reads all there is then.
fn full(name: &str, keys: &str, warn: impl Fn(u64) -> bool) -> Outcome {
    let text = format!(
        "
logs:
  outputs: {{ main: {{ type: file, path: FOLDER/pipe, queue: 4KiB, {keys} }}, all: {{ type: memory }} }}
"
    );
    let yaml = super::running::yaml(name, &text);
    let reader = pipe(&yaml.beside("pipe"));
    let obs = yaml.builder().build().unwrap();
    let running = Running { obs, yaml };
    running.within(|| {
        for id in 0..LINES {
            if warn(id) {
                tracing::warn!(target: "shop", id);
            } else {
                tracing::info!(target: "shop", id);
            }
        }
    });
    let (send, received) = mpsc::channel();
    let writer = reader.try_clone().unwrap();
    let thread = std::thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok).take_while(|line| line != "end") {
            send.send(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))).unwrap();
        }
    });
    running.flush();
    let scrape = running.scrape();
    let of = |metric: &str| scrape.sum(metric, &[("pipeline", "logs_main")]);
    assert_eq!(of("obs_pipeline_produced_total"), LINES as f64);
    assert_eq!(
        of("obs_pipeline_delivered_total") + of("obs_pipeline_dropped_total"),
        LINES as f64,
        "nothing is pending"
    );
    let (dropped, blocked) =
        (of("obs_pipeline_dropped_total") as u64, of("obs_pipeline_blocked_seconds_total"));
    assert_eq!(running.memory("all").len() as u64, LINES, "another output is not held up");
    drop(running);
    std::io::Write::write_all(&mut &writer, b"end\n").unwrap();
    thread.join().unwrap();
    let lines: Vec<Value> = received.into_iter().collect();
    let told: u64 = lines.iter().filter_map(|line| line["lost"].as_u64()).sum();
    assert_eq!(
        (told, ids(&lines).len() as u64),
        (dropped, LINES - dropped),
        "each loss is told in its place"
    );
    Outcome { lines, dropped, blocked }
}

/// The reasons of all losses, each once.
fn reasons(lines: &[Value]) -> Vec<&str> {
    let mut reasons: Vec<_> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

#[test]
fn the_newest_are_dropped_unless_the_file_says_otherwise() {
    let Outcome { lines, dropped, blocked } = full("newest", "", |_| false);
    assert!(dropped > 0);
    assert_eq!((reasons(&lines), blocked), (vec!["queue_full"], 0.0));
    assert_eq!(ids(&lines)[..10], (0..10).collect::<Vec<_>>());
    let lost = lines.iter().find(|line| line.get("lost").is_some()).unwrap();
    assert_eq!((&lost["output"], &lost["target"]), (&"logs_main".into(), &"obs::logs".into()));
}

#[test]
fn the_oldest_are_dropped_where_the_file_says_so() {
    let Outcome { lines, dropped, .. } = full("oldest", "when_full: drop_oldest", |_| false);
    assert!(dropped > 0);
    assert_eq!(reasons(&lines), ["evicted"]);
    assert_eq!(ids(&lines).last(), Some(&(LINES - 1)), "the last one is there");
}

#[test]
fn severe_lines_stay_where_the_file_says_so() {
    // So few that there is room for all of them.
    let warn = |id: u64| id % 600 == 599;
    let Outcome { lines, dropped, .. } = full("below", "when_full: drop_below, keep_level: warn", warn);
    assert!(dropped > 0);
    let kept: Vec<_> = ids(&lines).into_iter().filter(|id| warn(*id)).collect();
    assert_eq!(kept, [599, 1_199, 1_799, 2_399, 2_999]);
}

#[test]
fn whoever_logs_waits_where_the_file_says_so() {
    let Outcome { lines, dropped, blocked } = full("block", "when_full: block, wait: 1ms", |_| false);
    assert!(dropped > 0 && blocked > 0.001, "{dropped} {blocked}");
    assert_eq!(reasons(&lines), ["queue_full"]);
}
