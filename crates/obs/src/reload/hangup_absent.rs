//! No SIGHUP: this system has none.

use super::Hear;

/// Never hears anything.
pub(super) struct Hangup;

impl Hangup {
    pub(super) fn new(_: Hear) -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn heard(&mut self) {
        std::future::pending().await
    }
}
