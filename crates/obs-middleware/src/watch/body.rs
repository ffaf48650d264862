//! Polls a response's body inside of its context and knows when it is through.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::{Buf, Bytes};
use http::Response;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use obs_core::context;
use pin_project_lite::pin_project;

use super::Watch;

pin_project! {
    /// A response body that is watched: the inner body's frames, unchanged.
    pub struct WatchedBody<B: Body, G: Watch> {
        #[pin]
        inner: Option<B>,
        guard: Option<G>,
        // How many bytes the head promised, where it did.
        expected: Option<u64>,
        // What is said in the place of a body.
        spoken: Option<Box<B::Data>>,
    }

    impl<B: Body, G: Watch> PinnedDrop for WatchedBody<B, G> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let scope = this.guard.as_ref().map(|guard| context::enter_poll(guard.context()));
            this.inner.set(None);
            drop(scope);
        }
    }
}

impl<B: Body, G: Watch> WatchedBody<B, G> {
    /// Nothing is observed.
    pub(crate) fn bare(inner: B) -> Self {
        Self { inner: Some(inner), guard: None, expected: None, spoken: None }
    }

    /// These bytes, where data of the body can be bytes, and nothing at all where it cannot.
    pub(crate) fn spoken(text: Bytes) -> Self
    where
        B::Data: 'static,
    {
        let mut spoken: Option<B::Data> = None;
        if let Some(place) = (&mut spoken as &mut dyn Any).downcast_mut::<Option<Bytes>>() {
            *place = (!text.is_empty()).then_some(text);
        }
        Self { inner: None, guard: None, expected: None, spoken: spoken.map(Box::new) }
    }

    /// Notes the head on the guard, and keeps it for as long as there is a body to come.
    pub(crate) fn wrap(mut response: Response<B>, guard: Option<G>) -> Response<Self> {
        let Some(mut guard) = guard else { return response.map(Self::bare) };
        let through = guard.head(&mut response);
        let (body, headers) = (response.body(), response.headers());
        let promised = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        let expected = body.size_hint().exact().or_else(promised).filter(|_| !guard.ends_with_trailers());
        if through || expected == Some(0) || body.is_end_stream() {
            guard.complete();
            return response.map(Self::bare);
        }
        response.map(|body| Self { inner: Some(body), guard: Some(guard), expected, spoken: None })
    }
}

impl<B, G> Body for WatchedBody<B, G>
where
    B: Body,
    G: Watch,
    B::Error: fmt::Display + 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let Some(guard) = this.guard.as_mut() else {
            return match this.inner.as_pin_mut() {
                Some(inner) => inner.poll_frame(task),
                None => Poll::Ready(this.spoken.take().map(|spoken| Ok(Frame::data(*spoken)))),
            };
        };
        let scope = context::enter_poll(guard.context());
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(mut inner) = this.inner.as_mut().as_pin_mut() else { return (Poll::Ready(None), true) };
            let frame = inner.as_mut().poll_frame(task);
            let last = match &frame {
                Poll::Ready(Some(Ok(_))) => inner.is_end_stream(),
                Poll::Ready(None) => true,
                _ => false,
            };
            if last {
                // What it logs as it is dropped belongs to the request too.
                this.inner.set(None);
            }
            (frame, last)
        }));
        drop(scope);
        let (frame, last) = match polled {
            Ok(polled) => polled,
            Err(panic) => {
                if let Some(guard) = this.guard.take() {
                    guard.panicked(&*panic);
                }
                resume_unwind(panic)
            }
        };
        let through = match &frame {
            Poll::Pending => false,
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(frame))) => match frame.data_ref() {
                Some(data) => {
                    let sent = guard.passed(data);
                    last || this.expected.is_some_and(|expected| sent >= expected)
                }
                None => {
                    if let Some(trailers) = frame.trailers_ref() {
                        guard.trailers(trailers);
                    }
                    last || frame.is_trailers()
                }
            },
            Poll::Ready(Some(Err(error))) => {
                if let Some(guard) = this.guard.take() {
                    guard.fail(error);
                }
                false
            }
        };
        if let (true, Some(guard)) = (through, this.guard.take_if(|_| through)) {
            guard.complete();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().map_or(self.spoken.is_none(), Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let spoken = || self.spoken.as_ref().map_or(0, |spoken| spoken.remaining() as u64);
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(spoken()), Body::size_hint)
    }
}

impl<B: Body, G: Watch> fmt::Debug for WatchedBody<B, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedBody").field("expected", &self.expected).finish_non_exhaustive()
    }
}
