//! Ids for native spans: a request's own span is none of `tracing`'s, but `Span::current()` must find one, so that
//! `in_current_span` carries the request to other tasks.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use obs_core::SpanId;
use obs_core::context::Context;
use obs_core::keys::target;
use tracing_core::callsite::DefaultCallsite;
use tracing_core::{Level, Metadata, metadata};

use super::key::Key;
use super::slab::{Data, Proxy, Slab};

/// What handles of native spans say they are.
static REQUEST: Metadata<'static> = metadata! {
    name: "request",
    target: target::REQUEST,
    level: Level::ERROR,
    fields: &[],
    callsite: &CALLSITE,
    kind: tracing_core::metadata::Kind::SPAN,
};
static CALLSITE: DefaultCallsite = DefaultCallsite::new(&REQUEST);

/// The most native spans of one local root that have an id at once; there is seldom more than one.
const MOST: usize = 16;

/// The ids of the native spans under one local root, which are given back with it.
#[derive(Debug, Default)]
struct Proxies(Mutex<Vec<Held>>);

#[derive(Debug)]
struct Held {
    span_id: SpanId,
    slab: Weak<Slab>,
    key: Key,
}

/// The id that stands for the native span of `context`, made at the first call. `outside` is the span around it.
pub(super) fn of(slab: &Arc<Slab>, context: &Context, outside: Option<Key>) -> Option<Key> {
    let proxies = context.local().kept(Proxies::default)?;
    let mut all = proxies.0.lock().unwrap_or_else(PoisonError::into_inner);
    let is_known = |held: &&Held| {
        held.span_id == context.span_id() && std::ptr::eq(held.slab.as_ptr(), Arc::as_ptr(slab))
    };
    if let Some(known) = all.iter().find(is_known) {
        return Some(known.key);
    }
    if all.len() >= MOST {
        give_one_back(&mut all)?;
    }
    let key = slab.reserve()?.fill(true, |data| {
        data.metadata = Some(&REQUEST);
        data.parent = outside;
        // No strong context while nobody has a handle: the local root would keep itself alive.
        data.proxy = Some(Proxy { handles: 0, of: context.downgrade() });
    });
    all.push(Held { span_id: context.span_id(), slab: Arc::downgrade(slab), key });
    Some(key)
}

/// Makes room: of the ids nobody has a handle of, the oldest goes. Its span has mostly ended; else it gets another id.
#[cold]
fn give_one_back(all: &mut Vec<Held>) -> Option<()> {
    let at = all.iter().position(Held::is_idle)?;
    all.remove(at).give_back();
    Some(())
}

impl Held {
    fn is_idle(&self) -> bool {
        let has_none = |data: &mut Data| data.proxy.as_ref().is_none_or(|proxy| proxy.handles == 0);
        self.slab.upgrade().is_none_or(|slab| slab.with(self.key, has_none) != Some(false))
    }

    fn give_back(self) {
        if let Some(slab) = self.slab.upgrade() {
            // A handle that another thread takes right now keeps the context until here.
            std::mem::drop(slab.vacate(self.key, |data| data.inherited.take()));
        }
    }
}

/// Another handle.
pub(super) fn clone(slab: &Slab, key: Key) {
    slab.with(key, |data| {
        let Some(proxy) = &mut data.proxy else { return };
        proxy.handles = proxy.handles.saturating_add(1);
        if data.inherited.is_none() {
            data.inherited = proxy.of.upgrade();
        }
    });
}

/// One handle less.
pub(super) fn drop(slab: &Slab, key: Key) {
    let context = slab.with(key, |data| {
        let proxy = data.proxy.as_mut()?;
        proxy.handles = proxy.handles.saturating_sub(1);
        if proxy.handles == 0 { data.inherited.take() } else { None }
    });
    // Where that was the last of the local root, its proxies go with it: nothing may be locked here.
    std::mem::drop(context);
}

impl Drop for Proxies {
    fn drop(&mut self) {
        let all = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Nobody has a handle, which would have kept the local root.
        all.drain(..).for_each(Held::give_back);
    }
}
