//! What tokio tells of its I/O driver.

use obs_core::keys::metric;
use obs_core::meter::Meter;
use tokio::runtime::RuntimeMetrics;

pub(super) fn collect(runtime: &str, metrics: &RuntimeMetrics, meter: &mut dyn Meter) {
    let gone = metrics.io_driver_fd_deregistered_count();
    // Read after those that are gone, so that there are never more of them.
    let registered = metrics.io_driver_fd_registered_count();
    meter.gauge(&metric::TOKIO_IO_FDS, &[runtime], registered.saturating_sub(gone) as f64);
    meter.counter(&metric::TOKIO_IO_READY, &[runtime], metrics.io_driver_ready_count());
}
