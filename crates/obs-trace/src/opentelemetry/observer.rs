//! Makes the span that is current for OpenTelemetry the one that is open here.
//!
//! OpenTelemetry keeps a stack of contexts for each thread and tells an observer of each step. Its contexts may be
//! detached out of order, of which nothing is told; then the next step back is more than one.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

use ::opentelemetry::Context as TheirContext;
use ::opentelemetry::context::{ContextObserver, GlobalContextObserver, ObserverContextView};
use ::opentelemetry::trace::TraceContextExt;
use obs_core::SpanId;
use obs_core::context::{self, Context};
use obs_core::redact::Rules;

use super::{convert, made};

thread_local! {
    /// The spans of the contexts that are attached here; `None` for one without a span.
    static ATTACHED: RefCell<Vec<Option<SpanId>>> = const { RefCell::new(Vec::new()) };
}

/// Opens the span of each context that is attached, until that is detached; set by [`observe`].
#[derive(Clone, Debug, Default)]
pub struct Observer {
    rules: Rules,
}

/// The span of a context, as it is opened here.
struct View(Context);

impl ObserverContextView for View {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Has the span that is current for OpenTelemetry be the current one for lines, exemplars and spans of `tracing`, in
/// all of the process and for good. OpenTelemetry takes one observer: where there is one already this changes nothing,
/// and OpenTelemetry says so.
///
/// A context that was attached before this is not seen.
pub fn observe() {
    GlobalContextObserver::set(Arc::new(Observer::default()));
}

/// As [`observe`], with `rules` for the fields that are set while a span is current of which nothing else is known here, such
/// as a caller's.
pub fn observe_judging_by(rules: &Rules) {
    GlobalContextObserver::set(Arc::new(Observer { rules: rules.clone() }));
}

/// The context's span as it is opened here. Under OpenTelemetry's own cell: asks it for nothing.
fn view(context: &TheirContext) -> Option<&Context> {
    let view = context.observer_view().as_ref()?;
    view.as_any().downcast_ref::<View>().map(|View(context)| context)
}

/// What a context opens, where it was made under the observer.
pub(super) fn opened_by(context: &TheirContext) -> Option<Context> {
    view(context).cloned()
}

fn span_id(context: &TheirContext) -> Option<SpanId> {
    view(context).map(Context::span_id)
}

impl ContextObserver for Observer {
    fn on_context_enter(&self, _: &TheirContext, to: &TheirContext) {
        let opened = view(to);
        let noted = ATTACHED.try_with(|attached| {
            let mut attached = attached.try_borrow_mut().ok()?;
            attached.push(opened.map(Context::span_id));
            Some(())
        });
        // What could not be noted would never be closed.
        if let (Ok(Some(())), Some(opened)) = (noted, opened) {
            context::push(opened.clone());
        }
    }

    fn on_context_exit(&self, _: &TheirContext, to: &TheirContext) {
        let back_at = span_id(to);
        let mut is_first = true;
        let next = |is_first: bool| {
            ATTACHED.try_with(|attached| {
                let mut attached = attached.try_borrow_mut().ok()?;
                let is_there = !is_first && attached.last().is_none_or(|last| *last == back_at);
                if is_there { None } else { attached.pop() }
            })
        };
        while let Ok(Some(closed)) = next(is_first) {
            is_first = false;
            if let Some(span_id) = closed {
                context::leave(span_id);
            }
        }
    }

    fn make_view(&self, named: &TheirContext) -> Option<Arc<dyn ObserverContextView>> {
        let span = named.span();
        let ids = convert::ids(span.span_context())?;
        let is_beside = |open: &Context| {
            // Inside of one context of another process, a further one is not a part of that.
            let apart = span.span_context().is_remote() && open.local().caller().is_some();
            open.trace_id() == ids.trace_id && !apart
        };
        let opened = match context::current() {
            Some(open) if open.span_id() == ids.span_id && open.trace_id() == ids.trace_id => open,
            open => made::find(ids)
                // Of the same request or job: its lines show its ids and fields.
                .or_else(|| open.filter(is_beside).map(|open| convert::beside(&open, ids)))
                .unwrap_or_else(|| convert::elsewhere(named, ids, &self.rules)),
        };
        Some(Arc::new(View(opened)))
    }
}
