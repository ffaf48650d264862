//! What is in flight: the requests that have begun and not ended, for `/debug/requests`.

mod shown;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use obs_core::observe::{End, Method, Request, Verdict};
use obs_core::time::Monotonic;
use obs_core::{Base, Context, Observer, SpanId};

use super::{Access, Endpoint, Runs};
use crate::config::{Admin, Config};

/// The path they are shown at.
const REQUESTS: &str = "/debug/requests";
/// So many places of their own, so that requests on different threads seldom meet.
const SHARDS: usize = 32;
/// How many each of them holds; further requests are counted.
const EACH: usize = 256;

/// All requests that are in flight; clones share them.
#[derive(Clone)]
pub(crate) struct InFlight(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    shards: [Mutex<HashMap<SpanId, Entry>>; SHARDS],
    unlisted: AtomicU64,
}

struct Entry {
    /// Has ids, and by now or later the route.
    context: Context,
    method: Method,
    is_rpc: bool,
    began: Monotonic,
}

impl InFlight {
    /// `None` where nobody is to see them, so that requests pay nothing for it.
    pub(crate) fn of(config: &Config, base: &Arc<Base>) -> Option<Self> {
        (config.admin_requests && config.admin != Admin::Off).then(|| Self::new(base))
    }

    fn new(base: &Arc<Base>) -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self(Arc::new(Inner { base: Arc::clone(base), shards, unlisted: AtomicU64::new(0) }))
    }

    /// Where they are shown.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let in_flight = self.clone();
        let respond = move |request: &http::Request<()>| shown::respond(&in_flight, request);
        // Apart: with thousands of them the page is long.
        Endpoint::new(REQUESTS, Access::Guarded, Runs::Apart, respond)
            .about("the requests that are in flight")
    }

    fn shard(&self, span_id: SpanId) -> MutexGuard<'_, HashMap<SpanId, Entry>> {
        #[expect(clippy::cast_possible_truncation, reason = "any bits are as good")]
        let at = span_id.get() as usize % SHARDS;
        // Held for as long as a map takes, or as the entries of one shard are copied.
        self.0.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for InFlight {
    fn start(&self, context: &Context, request: &Request<'_>) {
        let began = self.0.base.clock.monotonic();
        let (method, is_rpc) = (request.method, request.rpc.is_some());
        let entry = Entry { context: context.clone(), method, is_rpc, began };
        let mut shard = self.shard(context.span_id());
        if shard.len() < EACH {
            shard.insert(context.span_id(), entry);
        } else {
            self.0.unlisted.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn finish(&self, context: &Context, _: &Request<'_>, _: &End<'_>, _: Verdict) {
        let found = self.shard(context.span_id()).remove(&context.span_id());
        if found.is_none() {
            self.0.unlisted.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
