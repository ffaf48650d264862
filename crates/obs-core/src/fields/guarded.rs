//! Running a user's `Debug` and `Display` so that nothing of ours breaks with it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Stands where the code that prints a value panicked; what it printed until then stays in front.
pub const PANICKED: &str = "[panicked]";

/// Prints `value`, which is a user's code, and ends its text with [`PANICKED`] where that panics: telemetry never
/// harms the service. Whatever happens, `out` stays usable.
#[inline]
pub fn guarded<W: fmt::Write>(out: &mut W, value: fmt::Arguments<'_>) {
    let printed = catch_unwind(AssertUnwindSafe(|| out.write_fmt(value)));
    if let Err(payload) = printed {
        // The payload's own drop is a user's code too.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        let _ = out.write_str(PANICKED);
    }
}
