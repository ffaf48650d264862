//! How many workers a runtime has, and what they do.

use obs_core::keys::metric;
use obs_core::meter::Meter;
use tokio::runtime::RuntimeMetrics;

use crate::text::OVERFLOW;

/// How many workers of one runtime are told apart; those beyond are added up.
const MOST: usize = 64;

pub(super) fn collect(runtime: &str, metrics: &RuntimeMetrics, meter: &mut dyn Meter) {
    let workers = metrics.num_workers();
    meter.gauge(&metric::TOKIO_WORKERS, &[runtime], workers as f64);
    let parks = (0..workers).map(|worker| metrics.worker_park_count(worker)).sum();
    meter.counter(&metric::TOKIO_PARKS, &[runtime], parks);
    let mut number = itoa::Buffer::new();
    for worker in 0..workers {
        let label = if worker < MOST { number.format(worker) } else { OVERFLOW };
        let busy = metrics.worker_total_busy_duration(worker).as_secs_f64();
        meter.counter_f64(&metric::TOKIO_WORKER_BUSY, &[runtime, label], busy);
    }
}
