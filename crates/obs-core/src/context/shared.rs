//! The one allocation of a local root, which later ones of the thread use again.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use super::{Local, LocalKind};
use crate::redact::Rules;

/// How many each thread keeps: more local roots than this seldom end in a row before others begin.
const SPARES: usize = 16;

/// Keeps a [`Local`] alive. The last one that goes empties it and leaves its memory to the thread it went on.
#[derive(Clone)]
pub(super) struct Shared(Option<Arc<Local>>);

/// What is behind a [`Shared`] that has been dropped: never seen, as nobody can ask it any more.
static NOBODY: Local = Local::of(LocalKind::Task, None, None);

thread_local! {
    static POOL: RefCell<Vec<Arc<Local>>> = const { RefCell::new(Vec::new()) };
}

/// One that was emptied, and that nobody else knows of.
#[inline]
fn spare() -> Option<Arc<Local>> {
    POOL.try_with(|pool| pool.try_borrow_mut().ok()?.pop()).ok().flatten()
}

impl Shared {
    #[inline]
    pub(super) fn new(local: Local) -> Self {
        Self::arranged(|place| *place = local)
    }

    /// Of a [`Local::task`] that `arrange` makes what it is to be, where it is kept: nothing is moved.
    #[inline]
    pub(super) fn arranged(arrange: impl FnOnce(&mut Local)) -> Self {
        let mut shared = spare().unwrap_or_else(|| Arc::new(Local::task()));
        // Nobody else can know of it: what `put_back` keeps was the last one's.
        if let Some(local) = Arc::get_mut(&mut shared) {
            arrange(local);
        }
        Self(Some(shared))
    }

    /// Of a [`Local::task`], which is what an emptied one is: nothing is moved.
    #[inline]
    pub(super) fn task(rules: &Rules) -> Self {
        let local = spare().unwrap_or_else(|| Arc::new(Local::task()));
        local.judge_by(rules);
        Self(Some(local))
    }

    #[inline]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(&raw const **self, &raw const **other)
    }

    pub(super) fn downgrade(&self) -> Weak<Local> {
        self.0.as_ref().map_or_else(Weak::new, Arc::downgrade)
    }

    pub(super) fn upgrade(weak: &Weak<Local>) -> Option<Self> {
        weak.upgrade().map(|local| Self(Some(local)))
    }
}

impl Deref for Shared {
    type Target = Local;

    #[inline]
    fn deref(&self) -> &Local {
        match &self.0 {
            Some(local) => local,
            None => &NOBODY,
        }
    }
}

impl Drop for Shared {
    #[inline]
    fn drop(&mut self) {
        // Whoever reads one here is the last; others have it freed as ever.
        if let Some(local) = self.0.take_if(|local| Arc::strong_count(local) == 1) {
            put_back(local);
        }
    }
}

fn put_back(mut local: Arc<Local>) {
    // Somebody may look at it weakly, and must not see what another root is.
    let Some(place) = Arc::get_mut(&mut local) else { return };
    place.empty();
    let _ = POOL.try_with(|pool| {
        if let Ok(mut spares) = pool.try_borrow_mut()
            && spares.len() < SPARES
        {
            spares.push(local);
        }
    });
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequestId;
    use crate::fields::Value;

    fn spares() -> usize {
        let spares = POOL.take();
        let count = spares.len();
        POOL.set(spares);
        count
    }

    fn named(id: &str) -> Shared {
        Shared::new(Local::server(RequestId::parse(id).unwrap(), None))
    }

    #[test]
    fn what_the_last_one_leaves_is_used_again_and_empty() {
        let first = named("first");
        first.set_field("user", Value::Str("ada"));
        let dropped = Arc::new(());
        first.kept(|| Arc::clone(&dropped));
        let place = &raw const *first;
        let second = first.clone();
        drop(first);
        assert_eq!(spares(), 0, "somebody has it still");
        drop(second);
        assert_eq!((spares(), Arc::strong_count(&dropped)), (1, 1), "what was in it is gone at once");
        let next = named("next");
        assert!(std::ptr::eq(place, &raw const *next));
        assert_eq!(next.request_id().unwrap().as_str(), "next");
        assert!(next.with_fields(|_| ()).is_none());
        assert_eq!(spares(), 0);
    }

    #[test]
    fn what_is_looked_at_weakly_is_not_used_again() {
        let local = named("looked-at");
        let weak = local.downgrade();
        drop(local);
        assert_eq!(spares(), 0);
        let _next = named("next");
        assert!(Shared::upgrade(&weak).is_none());
    }

    #[test]
    fn threads_that_drop_one_at_once_drop_it_once() {
        for _ in 0..200 {
            let dropped = Arc::new(());
            let local = named("both");
            local.kept(|| Arc::clone(&dropped));
            let other = local.clone();
            std::thread::scope(|scope| {
                scope.spawn(move || drop(local));
                scope.spawn(move || drop(other));
            });
            assert_eq!(Arc::strong_count(&dropped), 1);
        }
    }
}
