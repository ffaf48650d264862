//! Who learns of a request: the trait that joins the signals without any of them knowing another.
//!
//! For each request the middleware calls, in this order:
//! 1. [`Observer::sample`], before anything is built;
//! 2. [`Observer::start`], once the [`Context`] is made, outside any poll;
//! 3. once the request has ended, exactly one [`End`]: every observer's [`Observer::judge`], then, with the joint
//!    verdict stored in the [`Local`](crate::context::Local), every observer's [`Observer::finish`].
//!
//! `finish` follows each `start` exactly once, also when the client goes away, the handler panics or the body is
//! dropped by the server outside any poll; so it gets all it needs as arguments.
//!
//! Where a request asks for another protocol and is granted it, it has ended with that. What its connection is used for
//! afterwards is told by [`Observer::upgraded`] and, once it is over, [`Observer::closed`].
//!
//! What a process asks of others, a call or a query, is an [`Operation`]: whoever does it describes it when it has ended, and
//! the [`OperationObserver`]s of the base make span, count and duration of it.

mod method;
mod operation;
mod operations;
mod quantiles;
mod request;
pub mod rpc;
pub mod work;

pub use method::Method;
pub use operation::{Collection, Measures, Operation, OperationEnd, OperationKind, Target};
pub use operations::{OperationObserver, Operations};
pub use quantiles::Quantiles;
pub use request::{End, Request, UpgradeEnd};
pub use rpc::{RpcCall, RpcCode, RpcEnd, RpcMethod, RpcPassed};

use crate::context::Context;
use crate::id::TraceId;
use crate::propagate::Remote;

/// What is known when the sampling decision is made.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Candidate<'a> {
    /// The trace the request will be part of.
    pub trace_id: TraceId,
    /// The caller's span, where it is trusted.
    pub parent: Option<&'a Remote>,
    /// What a caller that is trusted asks for where it names no span.
    pub asked: Option<bool>,
    /// The method of a request, out of the closed set.
    pub method: Option<Method>,
    /// The path of a request without the query, raw. The route is not known yet: routers match later.
    pub path: Option<&'a str>,
}

impl<'a> Candidate<'a> {
    /// A root, or the child of `parent`.
    pub fn new(trace_id: TraceId, parent: Option<&'a Remote>) -> Self {
        Self { trace_id, parent, asked: None, method: None, path: None }
    }

    /// The same of a request.
    #[inline]
    #[must_use]
    pub fn of_request(mut self, method: Method, path: &'a str) -> Self {
        (self.method, self.path) = (Some(method), Some(path));
        self
    }

    /// The same, asked for by a caller that has no span in it.
    #[must_use]
    pub fn asked(mut self, asked: Option<bool>) -> Self {
        self.asked = asked;
        self
    }

    /// What the caller has decided, where it has.
    #[inline]
    pub fn decided(&self) -> Option<bool> {
        match self.parent {
            Some(parent) if !parent.is_deferred => Some(parent.flags.is_sampled()),
            _ => self.asked,
        }
    }
}

/// What one observer thinks of a request that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Whatever the others and the head decision say.
    Abstain,
    /// Keep it, whatever the head decision was.
    Keep,
}

/// What all signals agree on: whether the request's details are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Span, exemplar and buffered lines stay.
    Keep,
    /// Only counts and the access line stay.
    Drop,
}

/// One signal's view of requests. Called on the request path: must not block, panic or grow.
pub trait Observer: Send + Sync {
    /// The head decision: whether the trace is recorded. `None` leaves it to the next observer.
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        let _ = candidate;
        None
    }

    /// Whether this value of the header for debugging is good: the request is then recorded whatever else decides. Asked only
    /// where there is such a header.
    fn forces(&self, value: &[u8]) -> bool {
        let _ = value;
        false
    }

    /// The request has begun. Of it are known method, path, peer, when it began and under which span, and whether it is a remote
    /// procedure call; the rest is told at its end.
    fn start(&self, context: &Context, request: &Request<'_>) {
        let _ = (context, request);
    }

    /// The request has ended; says whether its details should be kept.
    fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
        let _ = (context, end);
        Keep::Abstain
    }

    /// The request has ended and its fate is decided.
    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
        let _ = (context, request, end, verdict);
    }

    /// The connection of this request, which has ended, is in use for another protocol from here on.
    fn upgraded(&self, context: &Context, request: &Request<'_>) {
        let _ = (context, request);
    }

    /// That connection is not in use any more; follows each `upgraded` once.
    fn closed(&self, context: &Context, request: &Request<'_>, end: &UpgradeEnd<'_>) {
        let _ = (context, request, end);
    }
}

/// Ends a request that was started: judges, stores the verdict, finishes. Call it exactly once for each
/// [`Observer::start`].
pub fn conclude<O: Observer + ?Sized>(
    observers: &O,
    context: &Context,
    request: &Request<'_>,
    end: &End<'_>,
) -> Verdict {
    let keep = observers.judge(context, end) == Keep::Keep || context.is_sampled();
    let verdict = if keep { Verdict::Keep } else { Verdict::Drop };
    context.local().set_verdict(verdict);
    observers.finish(context, request, end, verdict);
    verdict
}

/// Off.
impl Observer for () {}

macro_rules! forward {
    ($observer:ty, <$param:ident>) => {
        impl<$param: Observer + ?Sized> Observer for $observer {
            fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
                (**self).sample(candidate)
            }
            fn forces(&self, value: &[u8]) -> bool {
                (**self).forces(value)
            }
            fn start(&self, context: &Context, request: &Request<'_>) {
                (**self).start(context, request);
            }
            fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
                (**self).judge(context, end)
            }
            fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
                (**self).finish(context, request, end, verdict);
            }
            fn upgraded(&self, context: &Context, request: &Request<'_>) {
                (**self).upgraded(context, request);
            }
            fn closed(&self, context: &Context, request: &Request<'_>, end: &UpgradeEnd<'_>) {
                (**self).closed(context, request, end);
            }
        }
    };
}

forward!(std::sync::Arc<O>, <O>);
forward!(&O, <O>);

impl<O: Observer> Observer for Option<O> {
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        self.as_ref()?.sample(candidate)
    }
    fn forces(&self, value: &[u8]) -> bool {
        self.as_ref().is_some_and(|observer| observer.forces(value))
    }
    fn start(&self, context: &Context, request: &Request<'_>) {
        if let Some(observer) = self {
            observer.start(context, request);
        }
    }
    fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
        self.as_ref().map_or(Keep::Abstain, |observer| observer.judge(context, end))
    }
    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
        if let Some(observer) = self {
            observer.finish(context, request, end, verdict);
        }
    }
    fn upgraded(&self, context: &Context, request: &Request<'_>) {
        if let Some(observer) = self {
            observer.upgraded(context, request);
        }
    }
    fn closed(&self, context: &Context, request: &Request<'_>, end: &UpgradeEnd<'_>) {
        if let Some(observer) = self {
            observer.closed(context, request, end);
        }
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt),+) => {
        /// Called in the order of the tuple; the first head decision wins, and one [`Keep::Keep`] is enough.
        impl<$($name: Observer),+> Observer for ($($name,)+) {
            fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
                $(if let Some(decision) = self.$index.sample(candidate) {
                    return Some(decision);
                })+
                None
            }
            fn forces(&self, value: &[u8]) -> bool {
                $(self.$index.forces(value))||+
            }
            fn start(&self, context: &Context, request: &Request<'_>) {
                $(self.$index.start(context, request);)+
            }
            fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
                let mut keep = Keep::Abstain;
                $(if self.$index.judge(context, end) == Keep::Keep {
                    keep = Keep::Keep;
                })+
                keep
            }
            fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
                $(self.$index.finish(context, request, end, verdict);)+
            }
            fn upgraded(&self, context: &Context, request: &Request<'_>) {
                $(self.$index.upgraded(context, request);)+
            }
            fn closed(&self, context: &Context, request: &Request<'_>, end: &UpgradeEnd<'_>) {
                $(self.$index.closed(context, request, end);)+
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::context::{Ids, Local, TraceFlags};
    use crate::{IdSource, Outcome};

    struct Spy {
        head: Option<bool>,
        keep: Keep,
        seen: Mutex<Vec<String>>,
    }

    impl Spy {
        fn new(head: Option<bool>, keep: Keep) -> Self {
            Self { head, keep, seen: Mutex::default() }
        }
        fn note(&self, what: impl Into<String>) {
            self.seen.lock().unwrap().push(what.into());
        }
    }

    impl Observer for Spy {
        fn sample(&self, _: &Candidate<'_>) -> Option<bool> {
            self.head
        }
        fn start(&self, _: &Context, request: &Request<'_>) {
            self.note(format!("start {}", request.path));
        }
        fn judge(&self, _: &Context, _: &End<'_>) -> Keep {
            self.note("judge");
            self.keep
        }
        fn finish(&self, context: &Context, _: &Request<'_>, end: &End<'_>, verdict: Verdict) {
            assert_eq!(context.local().verdict(), Some(verdict));
            self.note(format!("finish {} {verdict:?}", end.outcome.as_str()));
        }
    }

    fn context(sampled: bool) -> Context {
        let ids = IdSource::random();
        let flags = TraceFlags::default().sampled(sampled);
        Context::root(Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags }, Local::task())
    }

    #[test]
    fn the_first_head_decision_wins() {
        let candidate = Candidate::new(IdSource::random().trace_id(), None);
        let decide = |a, b| (Spy::new(a, Keep::Abstain), (), Spy::new(b, Keep::Abstain)).sample(&candidate);
        assert_eq!(decide(None, Some(true)), Some(true));
        assert_eq!(decide(Some(false), Some(true)), Some(false));
        assert_eq!(decide(None, None), None);
        assert_eq!(None::<Spy>.sample(&candidate), None);
    }

    #[test]
    fn all_judge_before_any_finishes_and_one_keep_is_enough() {
        for (sampled, keep, expected) in
            [(false, Keep::Abstain, "Drop"), (false, Keep::Keep, "Keep"), (true, Keep::Abstain, "Keep")]
        {
            let observers = (Some(Spy::new(None, Keep::Abstain)), std::sync::Arc::new(Spy::new(None, keep)));
            let (context, request) = (context(sampled), Request::new(Method::Get, "/x"));
            observers.start(&context, &request);
            let end = End::new(Outcome::Cancelled, Duration::ZERO);
            conclude(&observers, &context, &request, &end);
            let finish = format!("finish cancelled {expected}");
            let seen = observers.1.seen.lock().unwrap();
            let expected = ["start /x", "judge", &finish];
            assert_eq!(*seen, expected);
            assert_eq!(*observers.0.as_ref().unwrap().seen.lock().unwrap(), expected);
        }
    }
}
