//! Nothing of the heap: the program was built without.

use super::Refusal;

pub(super) fn dump() -> Result<Vec<u8>, Refusal> {
    Err(Refusal::Absent(
        "profiles of the heap need the feature `profiling-heap`, and jemalloc with profiling as the allocator: see docs/profiling.md",
    ))
}
