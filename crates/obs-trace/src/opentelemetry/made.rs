//! The spans of the API that are open, so that a context which is made of one and knows its ids alone finds the rest: the
//! local root with its fields, its baggage and what waits in it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use obs_core::context::{Context, Ids, WeakContext};

const SHARDS: usize = 16;
/// How many are known of one shard; of more the oldest are as good as others' spans.
const MOST: usize = 64;

static MADE: [Mutex<VecDeque<WeakContext>>; SHARDS] = [const { Mutex::new(VecDeque::new()) }; SHARDS];

/// The flags are left out: those of a context that came through the API are less.
fn is_same(one: Ids, other: Ids) -> bool {
    one.span_id == other.span_id && one.trace_id == other.trace_id
}

fn shard(ids: Ids) -> MutexGuard<'static, VecDeque<WeakContext>> {
    let [first, ..] = &MADE;
    let at = ids.span_id.get() as usize % SHARDS;
    MADE.get(at).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a span that begins.
pub(super) fn begun(span: &Context) {
    let mut shard = shard(span.ids());
    let oldest = if shard.len() >= MOST { shard.pop_front() } else { None };
    shard.push_back(span.downgrade());
    drop(shard);
    // Not under the lock.
    drop(oldest);
}

/// Forgets one that has ended.
pub(super) fn ended(ids: Ids) {
    let mut shard = shard(ids);
    let at = shard.iter().rposition(|made| is_same(made.ids(), ids));
    let gone = at.and_then(|at| shard.remove(at));
    drop(shard);
    drop(gone);
}

/// The span of these ids, while it is open.
pub(super) fn find(ids: Ids) -> Option<Context> {
    shard(ids).iter().rev().find(|made| is_same(made.ids(), ids))?.upgrade()
}
