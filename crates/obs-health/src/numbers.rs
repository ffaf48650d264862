//! The registry's numbers, told at each scrape.

use std::sync::Weak;

use obs_core::Phase;
use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

use crate::registry::{Health, Inner};
use crate::report::{Readiness, RunResult, Status};

/// Registered with the base for the base's life, which may be longer than the registry's.
pub(crate) struct Numbers(pub(crate) Weak<Inner>);

impl Source for Numbers {
    fn collect(&self, meter: &mut dyn Meter) {
        let Some(inner) = self.0.upgrade() else { return };
        let now = inner.base.clock.monotonic();
        let (mut states, stands) = (Vec::new(), inner.stands());
        for entry in inner.checks().iter() {
            let name = entry.name.as_str();
            let numbers = entry.numbers(now);
            states.push((numbers.weight, numbers.status));
            let passed = f64::from(u8::from(numbers.status == Status::Passed));
            meter.gauge(&metric::HEALTH_CHECK_STATUS, &[name], passed);
            if entry.settings.fails_open {
                let excused = numbers.weight != entry.settings.importance;
                meter.gauge(&metric::HEALTH_CHECK_EXCUSED, &[name], f64::from(u8::from(excused)));
            }
            if let Some(took) = numbers.took {
                meter.gauge(&metric::HEALTH_CHECK_DURATION, &[name], took.as_secs_f64());
            }
            for (result, runs) in RunResult::ALL.into_iter().zip(numbers.runs) {
                meter.counter(&metric::HEALTH_CHECK_RUNS, &[name, result.as_str()], runs);
            }
        }
        for group in inner.groups() {
            let states: Vec<_> = group.states(&inner.checks(), now).collect();
            let ready = Readiness::of(stands, states) == Readiness::Ready;
            meter.gauge(&metric::HEALTH_GROUP_READY, &[&group.name], f64::from(u8::from(ready)));
        }
        meter.gauge(&metric::HEALTH_STARTED, &[], f64::from(u8::from(stands > Phase::Starting)));
        for step in inner.startup.reports(now) {
            meter.gauge(&metric::HEALTH_STARTUP_STEP, &[&step.name], step.ratio());
        }
        for runtime in inner.watchdog.reports() {
            let name = runtime.name.as_str();
            meter.gauge(&metric::TOKIO_WORKER_STALL, &[name], runtime.longest.as_secs_f64());
            meter.counter(&metric::TOKIO_WORKER_STALLS, &[name], runtime.stalls);
        }
        let health = Health(inner);
        meter.gauge(&metric::HEALTH_LIVE, &[], f64::from(u8::from(health.is_alive())));
        let ready = Readiness::of(stands, states) == Readiness::Ready;
        meter.gauge(&metric::HEALTH_READY, &[], f64::from(u8::from(ready)));
    }
}
