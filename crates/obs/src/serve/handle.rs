//! How the end is asked for, and heard of.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use obs_core::{Base, Phase};
use tokio::sync::watch;

/// Asks for the end of serving, as SIGTERM does. Cheap to clone.
#[derive(Clone)]
pub struct ShutdownHandle(Arc<Inner>);

struct Inner {
    asked: watch::Sender<Option<Asked>>,
    base: Arc<Base>,
}

/// When the end was asked for, and by what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) by: &'static str,
}

impl ShutdownHandle {
    pub(crate) fn new(base: &Arc<Base>) -> Self {
        Self(Arc::new(Inner { asked: watch::Sender::new(None), base: Arc::clone(base) }))
    }

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
        self.0.asked.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert(now);
            first
        });
        // Here and not where it is heard: a service whose runtime is blocked is unready all the same. One that is not ready yet
        // becomes so, and unready at once.
        if self.0.base.lifecycle.phase() >= Phase::Ready {
            self.0.base.lifecycle.advance(Phase::Draining);
        }
        let asked = *self.0.asked.borrow();
        asked.unwrap_or(now)
    }

    pub(super) async fn told(&self) -> Asked {
        let mut heard = self.0.asked.subscribe();
        // The sender is here: waiting cannot fail.
        let asked = heard.wait_for(Option::is_some).await.ok().and_then(|asked| *asked);
        asked.unwrap_or(Asked { at: Instant::now(), by: "nobody" })
    }
}

impl fmt::Debug for ShutdownHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownHandle").field("asked", &*self.0.asked.borrow()).finish()
    }
}
