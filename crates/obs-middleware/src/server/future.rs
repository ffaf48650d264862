//! Polls the service inside the request's context and hands the guard on to the body.

use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use http::Response;
use http_body::Body;
use obs_core::context;
use pin_project_lite::pin_project;

use super::body::ServerBody;
use super::guard::Guard;

const READY: &str = "polled after it was ready";

pin_project! {
    /// The response future of [`Server`](super::Server).
    ///
    /// # Cancel safety
    /// Dropping it ends the request as cancelled; the service's future is dropped inside the request's context.
    pub struct ServerFuture<F> {
        #[pin]
        inner: Option<F>,
        guard: Option<Guard>,
    }

    impl<F> PinnedDrop for ServerFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let scope = this.guard.as_ref().map(|guard| context::enter_poll(guard.context()));
            this.inner.set(None);
            drop(scope);
        }
    }
}

impl<F> ServerFuture<F> {
    /// `guard` is `None` inside another layer of this kind, which has one already.
    pub(super) fn new(inner: F, guard: Option<Guard>) -> Self {
        Self { inner: Some(inner), guard }
    }
}

impl<F, B, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: Display + 'static,
{
    type Output = Result<Response<ServerBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(guard) = this.guard.as_ref() else {
            let Some(inner) = this.inner.as_pin_mut() else { panic!("{READY}") };
            let result = ready!(inner.poll(task));
            return Poll::Ready(result.map(|response| response.map(ServerBody::bare)));
        };
        let scope = context::enter_poll(guard.context());
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else { panic!("{READY}") };
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
            Ok(Ok(response)) => Poll::Ready(Ok(ServerBody::wrap(response, guard))),
            Ok(Err(error)) => {
                if let Some(guard) = guard {
                    guard.fail(&error);
                }
                Poll::Ready(Err(error))
            }
            Err(panic) => {
                if let Some(guard) = guard {
                    guard.panicked(&*panic);
                }
                resume_unwind(panic)
            }
        }
    }
}

impl<F> fmt::Debug for ServerFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerFuture").finish_non_exhaustive()
    }
}
