//! Who learns of operations: a list on the base that grows while signals start, and is read without a lock.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{Candidate, Operation, OperationEnd};
use crate::Base;
use crate::context::{self, Context, Ids, Local, TraceFlags};
use crate::id::SpanId;
use crate::propagate::{Baggage, Caller, Extractor, Remote};

/// One signal's view of operations. Called where the work is done: must not block, panic or grow.
pub trait OperationObserver: Send + Sync {
    /// Whether a trace that begins with an operation is recorded. `None` leaves it to the next observer.
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        let _ = candidate;
        None
    }

    /// A trace begins with an operation, whose context this is.
    fn begun(&self, root: &Context) {
        let _ = root;
    }

    /// The operation has ended. `context` holds its own ids.
    fn finish(&self, context: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>);
}

/// The observers of one base, in the order they were registered. Erased, so that whoever describes an operation has no
/// type parameter for them.
#[derive(Default)]
pub struct Operations {
    first: OnceLock<Box<Node>>,
}

struct Node {
    observer: Arc<dyn OperationObserver>,
    next: OnceLock<Box<Node>>,
}

impl Operations {
    /// Adds an observer for the life of the base.
    pub fn register(&self, observer: Arc<dyn OperationObserver>) {
        let mut node = Box::new(Node { observer, next: OnceLock::new() });
        let mut place = &self.first;
        loop {
            // One that was registered at the same time may have been faster.
            match place.set(node) {
                Ok(()) => return,
                Err(refused) => node = refused,
            }
            match place.get() {
                Some(taken) => place = &taken.next,
                None => return,
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &dyn OperationObserver> {
        let nodes = std::iter::successors(self.first.get(), |node| node.next.get());
        nodes.map(|node| &*node.observer)
    }

    /// Tells all of them that an operation has ended. Called exactly once for each that was [opened](Base::open_operation).
    pub fn finish(&self, context: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        self.iter().for_each(|observer| observer.finish(context, operation, end));
    }
}

impl Base {
    /// The context of an operation that begins here, and the span it is a part of: a child of what is open, or the root of a trace
    /// of its own. Under a span of another process it is a local root.
    pub fn open_operation(&self) -> (Context, Option<SpanId>) {
        let child = |open: &Context| if open.is_caller() { Err(open.clone()) } else { Ok(self.child(open)) };
        match context::with_current(child) {
            Some(Ok((context, parent))) => (context, Some(parent)),
            // Where nothing is lent: the sampler is asked.
            Some(Err(caller)) => (self.open_behind(&caller), Some(caller.span_id())),
            None => (self.open_root(None, None), None),
        }
    }

    /// The same of one that begins under `open`.
    pub fn open_below(&self, open: &Context) -> (Context, SpanId) {
        if open.is_caller() { (self.open_behind(open), open.span_id()) } else { self.child(open) }
    }

    #[inline]
    fn child(&self, open: &Context) -> (Context, SpanId) {
        (open.child(self.ids.span_id()), open.span_id())
    }

    /// A local root under a span of another process.
    #[cold]
    fn open_behind(&self, caller: &Context) -> Context {
        let remote = Remote::new(caller.ids());
        let candidate = Candidate::new(remote.trace_id, Some(&remote));
        let sampled = self.operations.iter().find_map(|observer| observer.sample(&candidate));
        let root = caller.behind(self.ids.span_id(), sampled.unwrap_or(caller.is_sampled()));
        self.operations.iter().for_each(|observer| observer.begun(&root));
        root
    }

    /// The context of work that is the first of its trace in this process and is no request: a job, a message, a child process. It
    /// goes on from what `caller` says, under that decision as far as the sampler follows it, or begins a trace. The parent of its
    /// span is the caller's span, where it said one.
    pub fn open_root(&self, caller: Option<&Caller>, baggage: Option<Baggage>) -> Context {
        let (mut parent, mut asked) = (None, None);
        // All bits of an id of ours are random; a caller's id is as random as it says.
        let (trace_id, flags) = match caller {
            Some(Caller::Span(remote)) => {
                parent = Some(remote);
                (remote.trace_id, remote.flags)
            }
            Some(Caller::Trace(trace_id)) => (*trace_id, TraceFlags::default()),
            other => {
                if let Some(Caller::Asks(recorded)) = other {
                    asked = Some(*recorded);
                }
                (self.ids.trace_id(), TraceFlags::default().random())
            }
        };
        let candidate = Candidate::new(trace_id, parent).asked(asked);
        let sampled = self.operations.iter().find_map(|observer| observer.sample(&candidate));
        // Where nobody records anything here, what others have decided goes on all the same.
        let flags = flags.sampled(sampled.or(asked).unwrap_or(flags.is_sampled()));
        let trace_state = parent.and_then(|parent| parent.trace_state.clone());
        let local = Local::task().stating(trace_state).judged_by(&self.redaction).carrying(baggage);
        let root = Context::root(Ids { trace_id, span_id: self.ids.span_id(), flags }, local);
        self.operations.iter().for_each(|observer| observer.begun(&root));
        root
    }

    /// As [`Base::open_root`], going on from what a carrier holds: the headers of a message, or the environment of the process.
    /// Returns what it said of a span, too.
    pub fn open_root_from(&self, carrier: &impl Extractor) -> (Context, Option<Remote>) {
        let caller = self.propagation.read(carrier);
        let context = self.open_root(caller.as_ref(), self.propagation.read_baggage(carrier));
        (context, if let Some(Caller::Span(remote)) = caller { Some(remote) } else { None })
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations").field("len", &self.iter().count()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::keys::metric;
    use crate::observe::OperationKind;
    use crate::{Outcome, Resource};

    struct Spy {
        head: Option<bool>,
        seen: Mutex<Vec<(SpanId, Outcome)>>,
    }

    impl OperationObserver for Spy {
        fn sample(&self, _: &Candidate<'_>) -> Option<bool> {
            self.head
        }
        fn finish(&self, context: &Context, _: &Operation<'_>, end: &OperationEnd<'_>) {
            self.seen.lock().unwrap().push((context.span_id(), end.outcome));
        }
    }

    fn spy(head: Option<bool>) -> Arc<Spy> {
        Arc::new(Spy { head, seen: Mutex::default() })
    }

    #[test]
    fn every_observer_is_told_also_those_registered_side_by_side() {
        let base = Base::new(Resource::new("test"));
        let spies: Vec<_> = (0..8).map(|_| spy(None)).collect();
        std::thread::scope(|scope| {
            for spy in &spies {
                scope.spawn(|| base.operations.register(Arc::<Spy>::clone(spy)));
            }
        });
        let (context, parent) = base.open_operation();
        assert_eq!(parent, None);
        let operation = Operation::new(OperationKind::Client, "GET", &metric::HTTP_CLIENT, &[]);
        base.operations.finish(&context, &operation, &OperationEnd::new(Outcome::Success, Duration::ZERO));
        for spy in spies {
            assert_eq!(*spy.seen.lock().unwrap(), [(context.span_id(), Outcome::Success)]);
        }
    }

    #[test]
    fn a_root_is_sampled_by_the_first_that_decides_and_a_child_as_what_is_open() {
        let base = Base::new(Resource::new("test"));
        assert!(!base.open_operation().0.is_sampled(), "nobody records it");
        for head in [None, Some(true), Some(false)] {
            base.operations.register(spy(head));
        }
        let (root, _) = base.open_operation();
        assert!(root.is_sampled());
        let scope = context::enter_poll(&root);
        let (child, parent) = base.open_operation();
        drop(scope);
        assert_eq!((child.trace_id(), parent), (root.trace_id(), Some(root.span_id())));
        assert!(child.is_beside(&root) && child.span_id() != root.span_id());
    }
}
