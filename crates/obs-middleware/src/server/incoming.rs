//! Looks at the bodies of requests as a service reads them, where a body of its type can stand in for another.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use obs_core::observe::RpcPassed;

/// What the service has read so far.
#[derive(Debug, Default)]
pub(super) struct Received {
    messages: AtomicU64,
    bytes: AtomicU64,
    has_failed: AtomicBool,
}

impl Received {
    pub(super) fn passed(&self) -> RpcPassed {
        RpcPassed {
            messages: self.messages.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Whether it broke off: the caller has reset it, or is gone.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

/// Puts a watched body in the place of `body`; `None` where its type holds no other body.
pub(super) fn watch<B: 'static>(body: &mut B) -> Option<Arc<Received>> {
    let body: &mut dyn Any = body;
    #[cfg(feature = "axum")]
    if let Some(body) = body.downcast_mut::<axum::body::Body>() {
        let (watched, received) = watched::Watched::new(std::mem::take(body));
        *body = axum::body::Body::new(watched);
        return Some(received);
    }
    #[cfg(feature = "tonic")]
    if let Some(body) = body.downcast_mut::<tonic::body::Body>() {
        let (watched, received) = watched::Watched::new(std::mem::take(body));
        *body = tonic::body::Body::new(watched);
        return Some(received);
    }
    let _ = body;
    None
}

#[cfg(any(feature = "axum", feature = "tonic"))]
mod watched {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::task::{Context, Poll};

    use http_body::{Body, Frame, SizeHint};
    use pin_project_lite::pin_project;

    use super::Received;
    use crate::grpc::Messages;

    pin_project! {
        /// The inner body's frames, unchanged.
        pub(super) struct Watched<B> {
            #[pin]
            inner: B,
            messages: Messages,
            received: Arc<Received>,
        }
    }

    impl<B> Watched<B> {
        pub(super) fn new(inner: B) -> (Self, Arc<Received>) {
            let received = Arc::<Received>::default();
            (Self { inner, messages: Messages::default(), received: Arc::clone(&received) }, received)
        }
    }

    impl<B: Body> Body for Watched<B> {
        type Data = B::Data;
        type Error = B::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            task: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
            let this = self.project();
            let frame = this.inner.poll_frame(task);
            match &frame {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(data) = frame.data_ref() {
                        this.messages.read(data);
                        let passed = this.messages.passed();
                        this.received.messages.store(passed.messages, Ordering::Relaxed);
                        this.received.bytes.store(passed.bytes, Ordering::Relaxed);
                    }
                }
                Poll::Ready(Some(Err(_))) => this.received.has_failed.store(true, Ordering::Relaxed),
                _ => {}
            }
            frame
        }

        fn is_end_stream(&self) -> bool {
            self.inner.is_end_stream()
        }

        fn size_hint(&self) -> SizeHint {
            self.inner.size_hint()
        }
    }
}
