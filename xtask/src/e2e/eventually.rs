//! Waits for what arrives by itself, such as a scrape or a batch, and says what was still missing when it did not.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;

/// Long enough for a slow machine; what is right is seen as soon as it is.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Tries `check` until it holds or the time is over; the last error is the answer then.
pub(super) fn eventually<T>(mut check: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + LIMIT;
    loop {
        match check() {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > deadline => return Err(format!("after {LIMIT:?}: {error}")),
            Err(_) => sleep(Duration::from_millis(100)),
        }
    }
}
