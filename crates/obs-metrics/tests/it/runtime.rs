//! What is told of tokio runtimes, of those that idle, work, have ended or come again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::Base;
use obs_metrics::Recorder;
use obs_metrics::runtime::{register, register_new};
use tokio::runtime::{Builder, Runtime};

use super::parse::parse;
use super::{base, text, value};

fn told() -> (Arc<Base>, Recorder) {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    (base, recorder)
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// The lines of a scrape that begin with `tokio_`, without what only some builds tell.
fn stable(recorder: &Recorder) -> String {
    let known = ["workers", "alive_tasks", "global_queue_depth", "worker_busy_seconds_total", "parks_total"];
    let text = text(recorder);
    let lines = text.lines().filter(|line| {
        let name = line.split('{').next().unwrap();
        known.iter().any(|known| name.strip_prefix("tokio_") == Some(known))
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn a_runtime_tells_its_workers_tasks_and_queue() {
    let (base, recorder) = told();
    let runtime = one_thread();
    register(&base, runtime.handle(), "main");
    for _ in 0..3 {
        // Nobody drives it yet, so that all of them wait.
        runtime.spawn(std::future::pending::<()>());
    }
    let expected = r#"tokio_alive_tasks{runtime="main"} 3.0
tokio_global_queue_depth{runtime="main"} 3.0
tokio_parks_total{runtime="main"} 0
tokio_worker_busy_seconds_total{runtime="main",worker="0"} 0.0
tokio_workers{runtime="main"} 1.0
"#;
    assert_eq!(stable(&recorder), expected);
    parse(&text(&recorder), false).unwrap();
}

#[test]
fn a_worker_that_works_was_busy_and_rests_between() {
    let (base, recorder) = told();
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    register(&base, runtime.handle(), "main");
    let worked = Duration::from_millis(2);
    let work = move || {
        let begun = Instant::now();
        while begun.elapsed() < worked {}
    };
    runtime.block_on(runtime.spawn(async move { work() })).unwrap();
    let of = |worker| {
        value(&recorder, &format!("tokio_worker_busy_seconds_total{{runtime=\"main\",worker=\"{worker}\"}}"))
    };
    // A worker says how long it was busy as it goes to sleep.
    let end = Instant::now() + Duration::from_secs(30);
    while of(0).unwrap() + of(1).unwrap() < worked.as_secs_f64() {
        assert!(Instant::now() < end, "{}", text(&recorder));
        std::thread::yield_now();
    }
    assert!(value(&recorder, "tokio_parks_total{runtime=\"main\"}") >= Some(1.0));
    assert_eq!(value(&recorder, "tokio_workers{runtime=\"main\"}"), Some(2.0));
    assert_eq!(of(2), None);
}

#[test]
fn workers_beyond_those_that_are_told_apart_are_added_up() {
    let (base, recorder) = told();
    let runtime = Builder::new_multi_thread().worker_threads(70).build().unwrap();
    register(&base, runtime.handle(), "wide");
    let text = text(&recorder);
    let workers = text.lines().filter(|line| line.starts_with("tokio_worker_busy_seconds_total{"));
    let workers: Vec<_> = workers.collect();
    assert_eq!(workers.len(), 65);
    assert!(
        workers[64].starts_with("tokio_worker_busy_seconds_total{runtime=\"wide\",worker=\"_overflow\"} ")
    );
}

#[test]
fn a_runtime_that_has_ended_has_no_tasks_and_harms_no_scrape() {
    let (base, recorder) = told();
    let runtime = one_thread();
    register(&base, runtime.handle(), "main");
    runtime.spawn(std::future::pending::<()>());
    runtime.block_on(async {});
    assert_eq!(value(&recorder, "tokio_alive_tasks{runtime=\"main\"}"), Some(1.0));
    drop(runtime);
    assert_eq!(value(&recorder, "tokio_alive_tasks{runtime=\"main\"}"), Some(0.0));
    parse(&text(&recorder), false).unwrap();
    // What comes in its place is told in its place.
    let runtime = one_thread();
    register(&base, runtime.handle(), "main");
    runtime.spawn(std::future::pending::<()>());
    assert_eq!(value(&recorder, "tokio_alive_tasks{runtime=\"main\"}"), Some(1.0));
    assert_eq!(value(&recorder, "tokio_workers{runtime=\"main\"}"), Some(1.0));
}

#[test]
fn a_runtime_has_one_name_and_a_name_one_runtime() {
    let (base, recorder) = told();
    let (a, b, c) = (one_thread(), one_thread(), one_thread());
    assert!(register_new(&base, a.handle(), "main"));
    assert!(!register_new(&base, a.handle(), "other"));
    assert!(register_new(&base, b.handle(), "main"));
    assert!(register_new(&base, c.handle(), "main"));
    let names = || -> Vec<String> {
        let text = text(&recorder);
        let lines = text.lines().filter_map(|line| line.strip_prefix("tokio_workers{runtime=\""));
        lines.map(|line| line.split('"').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(), ["main", "main_2", "main_3"]);
    register(&base, a.handle(), "requests");
    assert_eq!(names(), ["main_2", "main_3", "requests"]);
    // Under a name that is another's: that one is told no more.
    register(&base, b.handle(), "main_3");
    assert_eq!(names(), ["requests", "main_3"]);
}

#[cfg(tokio_unstable)]
#[test]
fn what_tokio_tells_to_some_is_told() {
    let (base, recorder) = told();
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    register(&base, runtime.handle(), "main");
    runtime.block_on(runtime.spawn(async {})).unwrap();
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    let of = |name: &str| value(&recorder, &format!("tokio_{name}{{runtime=\"main\"}}"));
    assert_eq!(of("blocking_threads"), Some(1.0));
    assert!(of("spawned_tasks_total") >= Some(1.0) && of("polls_total") >= Some(1.0));
    for name in [
        "idle_blocking_threads",
        "blocking_queue_depth",
        "local_queue_depth",
        "steals_total",
        "overflows_total",
        "remote_schedules_total",
        "forced_yields_total",
        "io_fds",
        "io_ready_total",
    ] {
        assert!(of(name).is_some(), "{name}\n{}", text(&recorder));
    }
}
