//! CPU time of the whole process, because wall time on a shared machine measures the neighbours too.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// CPU time this process has used over all its threads, ended ones included.
pub fn process_cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}
