//! What tokio tells only to programs built with `--cfg tokio_unstable`; of workers the sums, so that series stay few.

use obs_core::keys::metric;
use obs_core::meter::Meter;
use tokio::runtime::RuntimeMetrics;

pub(super) fn collect(runtime: &str, metrics: &RuntimeMetrics, meter: &mut dyn Meter) {
    let workers = 0..metrics.num_workers();
    let sum = |count: fn(&RuntimeMetrics, usize) -> u64| workers.clone().map(|at| count(metrics, at)).sum();
    let waiting: usize = workers.clone().map(|at| metrics.worker_local_queue_depth(at)).sum();
    for (metric, value) in [
        (&metric::TOKIO_BLOCKING_THREADS, metrics.num_blocking_threads()),
        (&metric::TOKIO_IDLE_BLOCKING_THREADS, metrics.num_idle_blocking_threads()),
        (&metric::TOKIO_BLOCKING_QUEUE_DEPTH, metrics.blocking_queue_depth()),
        (&metric::TOKIO_LOCAL_QUEUE_DEPTH, waiting),
    ] {
        meter.gauge(metric, &[runtime], value as f64);
    }
    for (metric, value) in [
        (&metric::TOKIO_SPAWNED_TASKS, metrics.spawned_tasks_count()),
        (&metric::TOKIO_POLLS, sum(RuntimeMetrics::worker_poll_count)),
        (&metric::TOKIO_STEALS, sum(RuntimeMetrics::worker_steal_count)),
        (&metric::TOKIO_OVERFLOWS, sum(RuntimeMetrics::worker_overflow_count)),
        (&metric::TOKIO_REMOTE_SCHEDULES, metrics.remote_schedule_count()),
        (&metric::TOKIO_FORCED_YIELDS, metrics.budget_forced_yield_count()),
    ] {
        meter.counter(metric, &[runtime], value);
    }
}
