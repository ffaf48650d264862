//! What a scrape is told.

use obs_core::keys::{Kind, Metric};
use obs_core::meter::Meter;
use obs_core::{Base, Phase};
use obs_health::{Importance, Settings};

use super::rig::{Rig, SECOND, settle};

#[derive(Default)]
struct Samples(Vec<String>);

impl Samples {
    fn push(&mut self, kind: Kind, metric: &'static Metric, labels: &[&str], value: String) {
        assert_eq!((metric.kind, metric.labels.len()), (kind, labels.len()), "{}", metric.name);
        let labels: Vec<_> =
            metric.labels.iter().zip(labels).map(|(name, value)| format!("{name}={value}")).collect();
        self.0.push(format!("{}{{{}}} {value}", metric.name, labels.join(",")));
    }
}

impl Meter for Samples {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.push(Kind::Counter, metric, labels, value.to_string());
    }

    fn gauge(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.push(Kind::Gauge, metric, labels, value.to_string());
    }
}

/// One line for each number of the base's sources.
pub(super) fn collect(base: &Base) -> Vec<String> {
    let mut samples = Samples::default();
    base.sources.collect(&mut samples);
    samples.0
}

#[tokio::test(start_paused = true)]
async fn each_check_has_a_status_a_duration_and_a_count_of_each_result() {
    let rig = Rig::new();
    let clock = rig.clock.clone();
    let slow = move || {
        let clock = clock.clone();
        async move {
            clock.advance(SECOND / 4);
            Ok::<(), String>(())
        }
    };
    rig.health.check("db", slow).unwrap();
    let expected = [
        "health_check_status{check=db} 0",
        "health_check_runs_total{check=db,result=passed} 0",
        "health_check_runs_total{check=db,result=failed} 0",
        "health_check_runs_total{check=db,result=timed_out} 0",
        "health_check_runs_total{check=db,result=panicked} 0",
        "health_started{} 1",
        "health_live{} 1",
        "health_ready{} 0",
    ];
    assert_eq!(collect(&rig.base), expected);
    settle().await;
    let expected = [
        "health_check_status{check=db} 1",
        "health_check_duration_seconds{check=db} 0.25",
        "health_check_runs_total{check=db,result=passed} 1",
        "health_check_runs_total{check=db,result=failed} 0",
        "health_check_runs_total{check=db,result=timed_out} 0",
        "health_check_runs_total{check=db,result=panicked} 0",
        "health_started{} 1",
        "health_live{} 1",
        "health_ready{} 1",
    ];
    assert_eq!(collect(&rig.base), expected);
    rig.clock.advance(40 * SECOND);
    let stale = collect(&rig.base);
    assert_eq!(stale.first().unwrap(), "health_check_status{check=db} 0");
    assert_eq!(stale.last().unwrap(), "health_ready{} 0");
}

#[tokio::test(start_paused = true)]
async fn results_are_counted_apart() {
    let rig = Rig::new();
    let degraded = Settings::new().importance(Importance::Degraded);
    rig.health.check_with("failed", degraded, || async { Err("x") }).unwrap();
    rig.health.check_with("timed_out", degraded, std::future::pending::<Result<(), String>>).unwrap();
    let panics = || async {
        if rig_is_odd() {
            panic!("x");
        }
        Ok::<(), String>(())
    };
    rig.health.check_with("panicked", degraded, panics).unwrap();
    rig.pass(25 * SECOND).await;
    let samples = collect(&rig.base);
    for name in ["failed", "timed_out", "panicked"] {
        for result in ["passed", "failed", "timed_out", "panicked"] {
            let runs = if result == name { 3 } else { 0 };
            let sample = format!("health_check_runs_total{{check={name},result={result}}} {runs}");
            assert!(samples.contains(&sample), "{sample} in {samples:?}");
        }
        assert!(samples.contains(&format!("health_check_status{{check={name}}} 0")));
    }
    assert_eq!(samples.last().unwrap(), "health_ready{} 1", "degraded checks do not count");
}

/// Keeps the panic out of the compiler's sight.
fn rig_is_odd() -> bool {
    std::hint::black_box(true)
}

#[test]
fn ready_is_what_the_probe_says_in_each_phase() {
    let rig = Rig::new();
    assert_eq!(collect(&rig.base), ["health_started{} 1", "health_live{} 1", "health_ready{} 1"]);
    rig.base.lifecycle.advance(Phase::Draining);
    assert_eq!(collect(&rig.base), ["health_started{} 1", "health_live{} 1", "health_ready{} 0"]);
}
