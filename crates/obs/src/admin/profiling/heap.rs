//! What memory is allocated for, as jemalloc tells where it is the allocator and was started with profiling.

use jemalloc_pprof::PROF_CTL;

use super::Refusal;

/// A gzipped profile.
pub(super) fn dump() -> Result<Vec<u8>, Refusal> {
    let Some(control) = PROF_CTL.as_ref() else {
        return Err(Refusal::Absent(
            "profiles of the heap need jemalloc as the allocator, started with `prof:true`: see docs/profiling.md",
        ));
    };
    // Nobody else holds it for longer than a dump takes, and this is a thread that may wait.
    let mut control = control.blocking_lock();
    if !control.activated() {
        return Err(Refusal::Absent(
            "profiles of the heap are there and not active: start with `prof_active:true`: see docs/profiling.md",
        ));
    }
    control.dump_pprof().map_err(|error| Refusal::Failed(format!("no profile: {error:#}")))
}
