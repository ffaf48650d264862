//! Polls a service inside of a context and hands the guard on to the body.

use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use http::Response;
use http_body::Body;
use obs_core::context;
use pin_project_lite::pin_project;

use super::{Watch, WatchedBody};

const READY: &str = "polled after it was ready";

pin_project! {
    /// A response future that is watched.
    ///
    /// # Cancel safety
    /// Dropping it ends the request as cancelled; the service's future is dropped inside of its context.
    pub struct WatchedFuture<F, G: Watch> {
        #[pin]
        inner: Option<F>,
        guard: Option<G>,
    }

    impl<F, G: Watch> PinnedDrop for WatchedFuture<F, G> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let scope = this.guard.as_ref().map(|guard| context::enter_poll(guard.context()));
            this.inner.set(None);
            drop(scope);
        }
    }
}

impl<F, G: Watch> WatchedFuture<F, G> {
    /// Of a call that came to no future.
    pub(crate) fn raised(guard: G) -> Self {
        Self { inner: None, guard: Some(guard) }
    }

    /// `guard` is `None` where nothing is to be watched.
    pub(crate) fn new(inner: F, guard: Option<G>) -> Self {
        Self { inner: Some(inner), guard }
    }
}

impl<F, B, E, G> Future for WatchedFuture<F, G>
where
    G: Watch,
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Data: 'static,
    E: Display + 'static,
{
    type Output = Result<Response<WatchedBody<B, G>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(guard) = this.guard.as_ref() else {
            let Some(inner) = this.inner.as_pin_mut() else { panic!("{READY}") };
            let result = ready!(inner.poll(task));
            return Poll::Ready(result.map(|response| response.map(WatchedBody::bare)));
        };
        let scope = context::enter_poll(guard.context());
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else {
                match guard.raised() {
                    Some(payload) => resume_unwind(payload),
                    None => panic!("{READY}"),
                }
            };
            let polled = inner.poll(task);
            if polled.is_ready() {
                this.inner.set(None);
            }
            polled
        }));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ok(result),
            Err(panic) => Err(panic),
        };
        drop(scope);
        let guard = this.guard.take();
        match result {
            Ok(Ok(response)) => Poll::Ready(Ok(WatchedBody::wrap(response, guard))),
            Ok(Err(error)) => {
                if let Some(guard) = guard {
                    guard.fail(&error);
                }
                Poll::Ready(Err(error))
            }
            Err(panic) => {
                let Some(mut guard) = guard else { resume_unwind(panic) };
                let answer = guard.answer();
                guard.panicked(&*panic);
                let Some(answer) = answer else { resume_unwind(panic) };
                // What it panicked with may be anything, with a drop of its own.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(panic)));
                Poll::Ready(Ok(answer.map(WatchedBody::spoken)))
            }
        }
    }
}

impl<F, G: Watch> fmt::Debug for WatchedFuture<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedFuture").finish_non_exhaustive()
    }
}
