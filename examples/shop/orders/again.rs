//! Makes a call once more that nobody has begun with: its connection was told to go in the moment in which it was handed over,
//! or was on its way. Inside of the layer, so that it is one call to whoever looks.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;
use tonic::TimeoutExpired;
use tonic::body::Body;
use tonic::transport::Channel;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// A channel whose calls are made again where that is safe.
#[derive(Clone)]
pub(crate) struct Again<S = Channel> {
    channel: S,
    /// How long a call may take, with all that is done for it.
    within: Duration,
}

impl<S> Again<S> {
    pub(crate) fn new(channel: S, within: Duration) -> Self {
        Self { channel, within }
    }
}

impl<S> Service<Request<Body>> for Again<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + 'static,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.channel.poll_ready(task).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready is taken, and a clone of it is left, which has to become so.
        let clone = self.channel.clone();
        let channel = std::mem::replace(&mut self.channel, clone);
        let within = self.within;
        // The channel's own time begins anew with each attempt, and knows nothing of what is waited for in between.
        Box::pin(async move {
            timeout(within, made(channel, request)).await.unwrap_or_else(|_| Err(TimeoutExpired(()).into()))
        })
    }
}

async fn made<S>(mut channel: S, request: Request<Body>) -> Result<Response<Body>, BoxError>
where
    S: Service<Request<Body>, Response = Response<Body>, Error: Into<BoxError>>,
{
    let (head, body) = request.into_parts();
    // One message, which is there already. What breaks off is no call: the other side would take it for an empty one.
    let body = body.collect().await?.to_bytes();
    let request = || Request::from_parts(head.clone(), Body::new(Full::new(body.clone())));
    let error: BoxError = match channel.call(request()).await {
        Ok(answer) => return Ok(answer),
        Err(error) => error.into(),
    };
    if !never_begun(&*error) {
        return Err(error);
    }
    std::future::poll_fn(|task| channel.poll_ready(task)).await.map_err(Into::into)?;
    channel.call(request()).await.map_err(Into::into)
}

/// Whether the call never left, or came after the last one that a server which ends in good order says it has begun with
/// (RFC 9113, section 6.8).
fn never_begun(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            return true;
        }
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            return error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR);
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::future::{Pending, pending};

    use hyper::body::{Body as HttpBody, Bytes, Frame};
    use tonic::{Code, Status};

    use super::*;

    /// Has no answer for anybody.
    #[derive(Clone)]
    struct Silent;

    impl Service<Request<Body>> for Silent {
        type Response = Response<Body>;
        type Error = BoxError;
        type Future = Pending<Result<Response<Body>, BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            pending()
        }
    }

    /// A body that breaks off, or never ends.
    struct Unfinished {
        breaks_off: bool,
    }

    impl HttpBody for Unfinished {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            if self.breaks_off {
                Poll::Ready(Some(Err(Status::data_loss("broken off"))))
            } else {
                Poll::Pending
            }
        }
    }

    #[tokio::test]
    async fn a_request_that_breaks_off_is_never_sent_as_an_empty_one() {
        let request = Request::new(Body::new(Unfinished { breaks_off: true }));
        let error = Again::new(Silent, Duration::MAX).call(request).await.unwrap_err();
        let status = error.downcast::<Status>().unwrap();
        assert_eq!((status.code(), status.message()), (Code::DataLoss, "broken off"));
    }

    #[tokio::test]
    async fn all_that_is_waited_for_is_within_the_time() {
        for body in [Body::empty(), Body::new(Unfinished { breaks_off: false })] {
            let error =
                Again::new(Silent, Duration::from_millis(1)).call(Request::new(body)).await.unwrap_err();
            assert!(error.is::<TimeoutExpired>(), "{error}");
        }
    }
}
