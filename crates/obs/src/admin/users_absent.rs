//! There are no users.

use super::caller::Peer;

/// Never asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "nobody is asked for a password")]
pub(super) enum Known {
    Yes,
    No,
    Later,
}

/// Nobody.
pub(super) struct Users;

impl Users {
    pub(super) fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_async, reason = "the shape of the other")]
    pub(super) async fn knows(&self, _: &[u8], _: &[(String, String)], _: Peer) -> Known {
        Known::No
    }
}
