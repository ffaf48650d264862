//! CPU time of the whole process, because wall time on a shared machine measures the neighbours too.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// CPU time this process has used over all its threads, ended ones included.
pub fn process_cpu() -> Duration {
    now(ClockId::ProcessCPUTime)
}

/// CPU time that the calling thread has used.
pub fn thread_cpu() -> Duration {
    now(ClockId::ThreadCPUTime)
}

fn now(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}
