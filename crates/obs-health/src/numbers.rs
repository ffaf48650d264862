//! The registry's numbers, told at each scrape.

use std::sync::Weak;

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

use crate::registry::Inner;
use crate::report::{Readiness, RunResult, Status};

/// Registered with the base for the base's life, which may be longer than the registry's.
pub(crate) struct Numbers(pub(crate) Weak<Inner>);

impl Source for Numbers {
    fn collect(&self, meter: &mut dyn Meter) {
        let Some(inner) = self.0.upgrade() else { return };
        let now = inner.base.clock.monotonic();
        let mut states = Vec::new();
        for entry in inner.checks().iter() {
            let name = entry.name.as_str();
            let numbers = entry.numbers(now);
            states.push((entry.settings.importance, numbers.status));
            let passed = f64::from(u8::from(numbers.status == Status::Passed));
            meter.gauge(&metric::HEALTH_CHECK_STATUS, &[name], passed);
            if let Some(took) = numbers.took {
                meter.gauge(&metric::HEALTH_CHECK_DURATION, &[name], took.as_secs_f64());
            }
            for (result, runs) in RunResult::ALL.into_iter().zip(numbers.runs) {
                meter.counter(&metric::HEALTH_CHECK_RUNS, &[name, result.as_str()], runs);
            }
        }
        for group in inner.groups() {
            let states: Vec<_> = group.states(&inner.checks(), now).collect();
            let ready = Readiness::of(inner.base.lifecycle.phase(), states) == Readiness::Ready;
            meter.gauge(&metric::HEALTH_GROUP_READY, &[&group.name], f64::from(u8::from(ready)));
        }
        let ready = Readiness::of(inner.base.lifecycle.phase(), states) == Readiness::Ready;
        meter.gauge(&metric::HEALTH_READY, &[], f64::from(u8::from(ready)));
    }
}
