//! Looks at the bodies of requests as a service reads them, where a body of its type can stand in for another.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Version};
use obs_core::observe::{End, RpcPassed};

use super::settings::Measures;

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

    #[cfg(any(feature = "axum", feature = "tonic"))]
    fn note(&self, messages: &mut crate::grpc::Messages, data: &impl bytes::Buf) {
        messages.read(data);
        let passed = messages.passed();
        self.messages.store(passed.messages, Ordering::Relaxed);
        self.bytes.store(passed.bytes, Ordering::Relaxed);
    }

    /// Whether it broke off: the caller has reset it, or is gone.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

/// What is measured of a request by option.
pub(super) struct Measured {
    wants: Measures,
    head: Option<Duration>,
    request: Size,
}

/// How large a request's body is.
enum Size {
    Unknown,
    Known(u64),
    Watched(Arc<Received>),
}

impl Measured {
    /// `request` may get a watched body.
    pub(super) fn begin<B: 'static>(wants: Measures, request: &mut Request<B>) -> Self {
        let size = if wants.sizes { Size::of(request) } else { Size::Unknown };
        Self { wants, head: None, request: size }
    }

    /// The response has its head after this time.
    pub(super) fn head(&mut self, after: impl FnOnce() -> Duration) {
        if self.wants.head {
            self.head = Some(after());
        }
    }

    pub(super) fn tell(&self, end: &mut End<'_>) {
        end.head = self.head;
        end.request_bytes = match &self.request {
            Size::Unknown => None,
            Size::Known(bytes) => Some(*bytes),
            Size::Watched(received) => Some(received.passed().bytes),
        };
    }
}

impl Size {
    /// Where the body can be looked at, what is read of it; else what the head promises, which may be more.
    fn of<B: 'static>(request: &mut Request<B>) -> Self {
        match seen_empty(request.body()) {
            Some(true) => return Self::Known(0),
            Some(false) => {
                if let Some(received) = watch(request.body_mut(), Counted::Bytes) {
                    return Self::Watched(received);
                }
            }
            None => {}
        }
        promised(request.headers(), request.version()).map_or(Self::Unknown, Self::Known)
    }
}

/// The size of a request's body by its head (RFC 9112, section 6.3; RFC 9110, section 8.6).
fn promised(headers: &HeaderMap, version: Version) -> Option<u64> {
    match headers.get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None if version < Version::HTTP_2 && !headers.contains_key(TRANSFER_ENCODING) => Some(0),
        None => None,
    }
}

/// Whether a body that can be looked at has nothing in it.
fn seen_empty<B: 'static>(body: &B) -> Option<bool> {
    let body: &dyn Any = body;
    #[cfg(feature = "axum")]
    if let Some(body) = body.downcast_ref::<axum::body::Body>() {
        return Some(http_body::Body::is_end_stream(body));
    }
    #[cfg(feature = "tonic")]
    if let Some(body) = body.downcast_ref::<tonic::body::Body>() {
        return Some(http_body::Body::is_end_stream(body));
    }
    let _ = body;
    None
}

/// What is counted of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// The messages of gRPC, and their bytes.
    Messages,
    /// Its bytes.
    Bytes,
}

/// Puts a watched body in the place of `body`; `None` where its type holds no other body.
pub(super) fn watch<B: 'static>(body: &mut B, counted: Counted) -> Option<Arc<Received>> {
    let body: &mut dyn Any = body;
    #[cfg(feature = "axum")]
    if let Some(body) = body.downcast_mut::<axum::body::Body>() {
        let (watched, received) = watched::Watched::new(std::mem::take(body), counted);
        *body = axum::body::Body::new(watched);
        return Some(received);
    }
    #[cfg(feature = "tonic")]
    if let Some(body) = body.downcast_mut::<tonic::body::Body>() {
        let (watched, received) = watched::Watched::new(std::mem::take(body), counted);
        *body = tonic::body::Body::new(watched);
        return Some(received);
    }
    let _ = (body, counted);
    None
}

#[cfg(any(feature = "axum", feature = "tonic"))]
mod watched {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::task::{Context, Poll};

    use bytes::Buf;
    use http_body::{Body, Frame, SizeHint};
    use pin_project_lite::pin_project;

    use super::{Counted, Received};
    use crate::grpc::Messages;

    pin_project! {
        /// The inner body's frames, unchanged.
        pub(super) struct Watched<B> {
            #[pin]
            inner: B,
            messages: Messages,
            counted: Counted,
            received: Arc<Received>,
        }
    }

    impl<B> Watched<B> {
        pub(super) fn new(inner: B, counted: Counted) -> (Self, Arc<Received>) {
            let received = Arc::<Received>::default();
            let messages = Messages::default();
            (Self { inner, messages, counted, received: Arc::clone(&received) }, received)
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
                        match this.counted {
                            Counted::Messages => this.received.note(this.messages, data),
                            Counted::Bytes => {
                                this.received.bytes.fetch_add(data.remaining() as u64, Ordering::Relaxed);
                            }
                        }
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
