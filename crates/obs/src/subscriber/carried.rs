//! What of `tracing` goes along with work that is handed to another task or thread.

use tracing::dispatcher::{self, DefaultGuard};
use tracing::span::Entered;
use tracing::{Dispatch, Span};

use super::fused::Fused;

/// The current span, and the subscriber where that is this thread's own.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    span: Span,
    dispatch: Option<Dispatch>,
}

impl Carried {
    /// What is current here.
    pub(crate) fn here() -> Self {
        let (in_span, dispatch) = dispatcher::get_default(|current| match current.downcast_ref::<Fused>() {
            Some(fused) => (fused.is_in_span(), (!fused.is_global()).then(|| current.clone())),
            None => (true, None),
        });
        // A native span needs no handle: its context is carried.
        Self { span: if in_span { Span::current() } else { Span::none() }, dispatch }
    }

    pub(crate) fn enter_subscriber(&self) -> Option<DefaultGuard> {
        self.dispatch.as_ref().map(dispatcher::set_default)
    }

    pub(crate) fn enter_span(&self) -> Entered<'_> {
        self.span.enter()
    }
}
