//! Nothing of an I/O driver.

use obs_core::meter::Meter;
use tokio::runtime::RuntimeMetrics;

pub(super) fn collect(_: &str, _: &RuntimeMetrics, _: &mut dyn Meter) {}
