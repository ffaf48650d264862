//! How the end is asked for, and heard of.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

/// Asks for the end of serving, as SIGTERM does. Cheap to clone.
#[derive(Clone)]
pub struct ShutdownHandle(Arc<watch::Sender<Option<Asked>>>);

/// When the end was asked for, and by what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) by: &'static str,
}

impl ShutdownHandle {
    /// Begins the end; `serve` returns when it is complete. Further calls change nothing.
    pub fn shut_down(&self) {
        self.ask("shut_down");
    }

    /// Resolves once the end has begun, by whatever means: for what a service does beside requests, such as
    /// connections it has upgraded.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub async fn asked(&self) {
        self.told().await;
    }

    /// The first to ask is the one; returns when that was.
    pub(super) fn ask(&self, by: &'static str) -> Asked {
        let now = Asked { at: Instant::now(), by };
        self.0.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert(now);
            first
        });
        self.0.borrow().unwrap_or(now)
    }

    pub(super) async fn told(&self) -> Asked {
        let mut heard = self.0.subscribe();
        // The sender is here: waiting cannot fail.
        let asked = heard.wait_for(Option::is_some).await.ok().and_then(|asked| *asked);
        asked.unwrap_or(Asked { at: Instant::now(), by: "nobody" })
    }
}

impl Default for ShutdownHandle {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl fmt::Debug for ShutdownHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownHandle").field("asked", &*self.0.borrow()).finish()
    }
}
