//! Makes a call once more that nobody has begun with: its connection was told to go in the moment in which it was handed over,
//! or was on its way. Inside of the layer, so that it is one call to whoever looks.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::transport;
use tonic::transport::Channel;
use tower_service::Service;

/// A channel whose calls are made again where that is safe.
#[derive(Clone)]
pub(crate) struct Again(pub(crate) Channel);

impl Service<Request<Body>> for Again {
    type Response = Response<Body>;
    type Error = transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, transport::Error>> + Send>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(task)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready is taken, and a clone of it is left, which has to become so.
        let clone = self.0.clone();
        let mut channel = std::mem::replace(&mut self.0, clone);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            // One message, which is there already.
            let Ok(body) = body.collect().await else {
                return channel.call(Request::from_parts(head, Body::empty())).await;
            };
            let body = body.to_bytes();
            let request = || Request::from_parts(head.clone(), Body::new(Full::new(body.clone())));
            match channel.call(request()).await {
                Err(error) if never_begun(&error) => {
                    std::future::poll_fn(|task| channel.poll_ready(task)).await?;
                    channel.call(request()).await
                }
                answer => answer,
            }
        })
    }
}

/// Whether the call never left, or came after the last one that a server which ends in good order says it has begun with
/// (RFC 9113, section 6.8).
fn never_begun(error: &transport::Error) -> bool {
    let mut cause = error.source();
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
