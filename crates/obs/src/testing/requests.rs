//! Counts requests, so that a test can wait for their end: a response has been read before its request has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use obs_core::Context;
use obs_core::observe::{End, Observer, Request, Verdict};
use tokio::sync::Notify;

/// Longer than any request of a test should take.
const LONGEST: Duration = Duration::from_secs(10);

/// Told of each request after all signals.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests(Arc<Ended>);

#[derive(Debug, Default)]
struct Ended {
    count: AtomicU64,
    more: Notify,
}

impl Observer for Requests {
    fn finish(&self, _: &Context, _: &Request<'_>, _: &End<'_>, _: Verdict) {
        self.0.count.fetch_add(1, Ordering::AcqRel);
        self.0.more.notify_waiters();
    }
}

impl Requests {
    pub(super) fn ended(&self) -> u64 {
        self.0.count.load(Ordering::Acquire)
    }

    /// Waits until `count` requests have ended since the start; how many have where that does not come about.
    pub(super) async fn wait(&self, count: u64) -> Result<(), u64> {
        let all = async {
            loop {
                let more = self.0.more.notified();
                if self.ended() >= count {
                    return;
                }
                more.await;
            }
        };
        tokio::time::timeout(LONGEST, all).await.map_err(|_| self.ended())
    }
}
