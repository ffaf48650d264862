//! Which phase the service is in and how long each took, as numbers of a scrape.
//!
//! The base knows four phases, because that is what probes and middleware go by; whoever serves tells the end apart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

/// The phases in their only order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Installed, and not yet ready for traffic.
    Starting,
    /// Serving.
    Ready,
    /// Unready, and still serving.
    Draining,
    /// Taking no connections, finishing what had begun.
    Finishing,
    /// Delivering what was recorded.
    Flushing,
}

impl Step {
    const ALL: [Self; 5] = [Self::Starting, Self::Ready, Self::Draining, Self::Finishing, Self::Flushing];

    /// As it stands in labels and on lines.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Finishing => "finishing",
            Self::Flushing => "flushing",
        }
    }
}

/// When each phase began. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Phases(Arc<Mutex<[Option<Instant>; Step::ALL.len()]>>);

impl Phases {
    /// Starting, from now on.
    pub(crate) fn new() -> Self {
        let phases = Self(Arc::default());
        phases.enter(Step::Starting, Instant::now());
        phases
    }

    /// The phase has begun at that moment, unless it or a later one has before.
    pub(crate) fn enter(&self, step: Step, at: Instant) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if begun[step as usize..].iter().all(Option::is_none) {
            begun[step as usize] = Some(at);
        }
    }

    /// Those that have begun, with their seconds by now.
    fn seconds(&self, now: Instant) -> Vec<(Step, f64)> {
        let begun = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun: Vec<_> =
            Step::ALL.into_iter().filter_map(|step| Some((step, begun[step as usize]?))).collect();
        let ends = begun.iter().skip(1).map(|(_, at)| *at).chain([now]);
        let took = |(at, end): (Instant, Instant)| end.saturating_duration_since(at).as_secs_f64();
        begun.iter().zip(ends).map(|((step, at), end)| (*step, took((*at, end)))).collect()
    }
}

impl Source for Phases {
    fn collect(&self, meter: &mut dyn Meter) {
        let seconds = self.seconds(Instant::now());
        let current = seconds.last().map(|(step, _)| *step);
        for step in Step::ALL {
            let is_current = if current == Some(step) { 1.0 } else { 0.0 };
            meter.gauge(&metric::LIFECYCLE_PHASE, &[step.as_str()], is_current);
        }
        for (step, seconds) in seconds {
            meter.gauge(&metric::LIFECYCLE_PHASE_SECONDS, &[step.as_str()], seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn steps(phases: &Phases, after: Duration) -> Vec<(Step, bool)> {
        let now = Instant::now() + after;
        phases
            .seconds(now)
            .into_iter()
            .map(|(step, seconds)| (step, seconds >= after.as_secs_f64()))
            .collect()
    }

    #[test]
    fn only_the_last_phase_goes_on_and_none_begins_twice_or_after_a_later_one() {
        const HOUR: Duration = Duration::from_secs(3_600);
        let phases = Phases::new();
        assert_eq!(steps(&phases, HOUR), [(Step::Starting, true)]);
        phases.enter(Step::Draining, Instant::now());
        phases.enter(Step::Ready, Instant::now());
        phases.enter(Step::Draining, Instant::now());
        assert_eq!(steps(&phases, HOUR), [(Step::Starting, false), (Step::Draining, true)]);
    }
}
