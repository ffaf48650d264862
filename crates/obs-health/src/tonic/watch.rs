//! One `Watch`: a stream that looks at what is known already, and tells what has changed.

use std::fmt;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use obs_core::Phase;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tonic::Status;

use super::messages::{ServingStatus, Told};
use super::service::Shared;

/// How often each watch looks. Nothing tells it: results get stale and phases go by without anybody doing anything.
const EVERY: Duration = Duration::from_millis(100);

pub(super) struct Watch {
    shared: Arc<Shared>,
    name: String,
    told: Option<ServingStatus>,
    is_over: bool,
    ticks: Interval,
    _place: Place,
}

impl Watch {
    /// Refused where there are as many as there may be, or no timers.
    pub(super) fn begin(shared: &Arc<Shared>, name: String) -> Result<Self, Status> {
        let place = Place::take(shared)?;
        let Ok(ticks) = catch_unwind(ticks) else {
            return Err(Status::internal("the server's runtime has no timers"));
        };
        let shared = Arc::clone(shared);
        Ok(Self { shared, name, told: None, is_over: false, ticks, _place: place })
    }
}

fn ticks() -> Interval {
    let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Stream for Watch {
    type Item = Result<Told, Status>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.is_over {
                return Poll::Ready(None);
            }
            // Before the status, which cannot be of an earlier phase then: what a drain means is told before the end.
            self.is_over = self.shared.health.phase() >= Phase::Draining;
            let now = self.shared.status(&self.name).unwrap_or(ServingStatus::ServiceUnknown);
            if self.told.replace(now) != Some(now) {
                return Poll::Ready(Some(Ok(now.into())));
            }
            if !self.is_over {
                ready!(self.ticks.poll_tick(task));
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("name", &self.name).field("told", &self.told).finish_non_exhaustive()
    }
}

/// One of the watches there may be, until this is dropped.
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> Result<Self, Status> {
        let watches: &AtomicUsize = &shared.watches;
        let more = |open| (open < super::MAX_WATCHES).then_some(open + 1);
        match watches.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Self(Arc::clone(shared))),
            Err(open) => {
                Err(Status::resource_exhausted(format!("{open} watches are open, as many as may be")))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.watches.fetch_sub(1, Ordering::Relaxed);
    }
}
