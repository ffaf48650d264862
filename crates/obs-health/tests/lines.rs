//! What is told in lines: changes, once each.
//!
//! Alone in its process: a place in the code that is first reached on a thread without a subscriber stays silent for as
//! long as there is one subscriber somewhere.

#[expect(dead_code, reason = "shared with the other tests, which use all of it")]
#[path = "it/rig.rs"]
mod rig;

use std::fmt;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use obs_core::keys::{field, label, target};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use obs_core::{Base, Phase, Resource};
use obs_health::{Health, StallLimits};
use rig::{Rig, SECOND, Switch, settle};

/// Keeps each event as one text.
#[derive(Clone, Default)]
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    panics: bool,
}

impl Lines {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("obs::")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut fields);
        self.lines.lock().unwrap().push(fields.0);
        assert!(!self.panics, "the subscriber's own fault");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_once_each_way() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let (rig, switch) = (Rig::new(), Switch::default());
    rig.health.check("db", switch.check()).unwrap();
    rig.pass(60 * SECOND).await;
    assert!(lines.take().is_empty(), "a check that passes from the start is no news");
    let fails = format!(
        "WARN {} message=health check fails {}=\"db\" {}=\"refused\"",
        target::HEALTH,
        label::CHECK,
        field::ERROR
    );
    let passes = format!("INFO {} message=health check passes again {}=\"db\"", target::HEALTH, label::CHECK);
    for _ in 0..3 {
        switch.fail(true);
        rig.pass(60 * SECOND).await;
        assert_eq!(lines.take(), [fails.as_str()]);
        switch.fail(false);
        rig.pass(60 * SECOND).await;
        assert_eq!(lines.take(), [passes.as_str()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_from_the_start_is_told_without_its_secrets() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let rig = Rig::new();
    rig.health.check("cache", || async { Err("redis://:hunter2@cache\nis down") }).unwrap();
    rig.pass(30 * SECOND).await;
    let text = "\"redis://[redacted]@cache\\nis down\"";
    assert_eq!(
        lines.take(),
        [format!("WARN obs::health message=health check fails check=\"cache\" error={text}")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_does_not_end_the_check() {
    let lines = Lines { panics: true, ..Lines::default() };
    let _guard = tracing::subscriber::set_default(lines.clone());
    let (rig, switch) = (Rig::new(), Switch::default());
    switch.fail(true);
    rig.health.check("db", switch.check()).unwrap();
    settle().await;
    assert_eq!(lines.take().len(), 1);
    switch.fail(false);
    rig.pass(10 * SECOND).await;
    assert_eq!(rig.status("db"), obs_health::Status::Passed);
}

#[test]
fn what_a_service_says_of_itself_is_told_once_each_way() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let rig = Rig::new();
    for _ in 0..3 {
        rig.health.broken("token=hunter2");
    }
    let text = "token=[redacted]";
    let broken = "ERROR obs::health message=not alive: the service says it is broken";
    assert_eq!(lines.take(), [format!("{broken} {}=\"{text}\"", field::ERROR)]);
    rig.health.mended();
    rig.health.mended();
    assert_eq!(lines.take(), ["INFO obs::health message=the service says it is mended"]);
}

#[test]
fn each_end_of_a_step_is_told() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let rig = Rig::starting();
    let step = rig.health.step("migrations", 2).unwrap();
    rig.clock.advance(SECOND);
    step.advance();
    step.done();
    let done =
        format!("INFO obs::health message=a step of the start-up is done {}=\"migrations\"", label::STEP);
    assert_eq!(lines.take(), [format!("{done} seconds=1.0")]);
    drop(rig.health.step("cache", 2).unwrap());
    let failed = "ERROR obs::health message=a step of the start-up has failed step=\"cache\" seconds=0.0";
    assert_eq!(lines.take(), [format!("{failed} error=\"given up before it had ended\"")]);
}

/// On the machine's clock.
fn watched(limits: StallLimits) -> (Health, tokio::runtime::Runtime) {
    let base = Base::new(Resource::new("orders"));
    base.lifecycle.advance(Phase::Ready);
    let health = Health::new(base);
    health.stall_limits(limits);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).name("orders").build().unwrap();
    health.watch_runtime(runtime.handle()).unwrap();
    (health, runtime)
}

#[test]
fn a_stall_is_told_by_its_warning_its_limit_and_its_end() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let short = Duration::from_millis(100);
    let (health, runtime) = watched(StallLimits::new().warning(short).stall(short * 4));
    let (go, gone) = channel::<()>();
    runtime.spawn(async move { gone.recv() });
    while health.is_alive() {
        std::thread::yield_now();
    }
    drop(go);
    let mut told = Vec::new();
    while told.len() < 3 {
        told.extend(lines.take());
        std::thread::yield_now();
    }
    let told: Vec<_> = told.iter().map(|line| line.split(" seconds=").next().unwrap()).collect();
    let labels = format!("{}=\"orders\" {}=0", label::RUNTIME, label::WORKER);
    let expected = [
        "WARN obs::health message=a worker does not come back from its tasks",
        "ERROR obs::health message=not alive: a worker does not come back from its tasks",
        "INFO obs::health message=a worker has come back to its tasks",
    ];
    assert_eq!(told, expected.map(|line| format!("{line} {labels}")));
}

#[test]
fn whoever_holds_up_the_line_does_not_hold_up_the_verdict() {
    let lines = Lines::default();
    let held = Arc::clone(&lines.lines);
    let _held = held.lock().unwrap();
    let _guard = tracing::subscriber::set_default(lines);
    let short = Duration::from_millis(100);
    let (health, runtime) = watched(StallLimits::new().warning(short).stall(short * 4));
    let (_go, gone) = channel::<()>();
    runtime.spawn(async move { gone.recv() });
    while health.is_alive() {
        std::thread::yield_now();
    }
    assert!(health.why_not_alive().unwrap().starts_with("worker 0 of runtime orders blocked for"));
    runtime.shutdown_background();
}
