//! A call with all its attempts: what the layer around a retry layer makes of it, and what the attempts know of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::Extensions;
use obs_core::context::Route;
use obs_core::keys::{attribute, metric};
use obs_core::observe::{Method, Operation, OperationEnd, OperationKind};

use super::call::{List, Open};

/// How many attempts there were so far: an extension of the request, which whoever tries again hands on with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts(Arc<AtomicU32>);

/// What a call is.
#[derive(Debug)]
pub(super) enum Part {
    /// One attempt, or the only one.
    One {
        /// How many there were before.
        before: u32,
    },
    /// All of them.
    Whole(Attempts),
}

impl Part {
    /// An attempt, of the call among the request's extensions where there is one.
    pub(super) fn one(extensions: &Extensions) -> Self {
        let before = extensions.get::<Attempts>().map(|all| all.0.fetch_add(1, Ordering::Relaxed));
        Self::One { before: before.unwrap_or(0) }
    }

    /// A call whose attempts are to know of it.
    pub(super) fn whole(extensions: &mut Extensions) -> Self {
        let attempts = Attempts::default();
        extensions.insert(attempts.clone());
        Self::Whole(attempts)
    }

    /// Says on the span of an attempt that there were others before it.
    pub(super) fn describe(&self, list: &mut List<'_>, key: &'static str) {
        if let Self::One { before: before @ 1.. } = self {
            list.number(key, i64::from(*before));
        }
    }
}

impl Attempts {
    /// Tells the observers of the call as a whole. What answered it, and where, is on the spans of its attempts.
    #[cold]
    pub(super) fn close(&self, open: &Open, mut end: OperationEnd<'_>) {
        let method = if open.method == Method::Other { "HTTP" } else { open.method.as_str() };
        let (name, route) = match open.rpc_method() {
            Some(rpc) => ((rpc, None), rpc),
            None => {
                let route = open.route.map(Route::as_str);
                ((method, route), route.unwrap_or(Route::UNMATCHED.as_str()))
            }
        };
        // An answer's status is counted with its attempt.
        end.status = None;
        end.result = Some(end.outcome.as_str());
        let labels = [open.target.as_str(), route];
        let mut operation = Operation::new(OperationKind::Internal, name.0, &metric::CLIENT_CALLS, &labels);
        operation.name = name;
        operation.parent = open.parent;
        operation.is_parent_remote = open.context.is_called_by(open.parent);
        operation.started = open.started;
        let mut list = List::new();
        if open.context.is_recording() {
            list.text(attribute::SERVICE_PEER_NAME, open.target.as_str());
            // None where the extension was lost on the way.
            let attempts = self.0.load(Ordering::Relaxed);
            if attempts > 0 {
                list.number(attribute::CLIENT_ATTEMPTS, attempts.into());
            }
            list.text(attribute::OUTCOME, end.outcome.as_str());
            if let Some(fault) = end.fault {
                list.text(attribute::ERROR_TYPE, fault);
            }
        }
        operation.attributes = list.as_slice();
        open.base.operations.finish(&open.context, &operation, &end);
    }
}
