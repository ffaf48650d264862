//! A service that always takes a request and waits inside for the one it wraps, so that the waiting is part of the
//! request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

#[derive(Clone, Debug)]
pub(crate) struct Ready<S>(pub(crate) S);

impl<S, R> Service<R> for Ready<S>
where
    S: Service<R> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Oneshot<S, R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        Oneshot::Waiting { service: self.0.clone(), request: Some(request) }
    }
}

pin_project! {
    #[project = Step]
    pub(crate) enum Oneshot<S: Service<R>, R> {
        Waiting { service: S, request: Option<R> },
        Called { #[pin] future: S::Future },
    }
}

impl<S: Service<R>, R> Future for Oneshot<S, R> {
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let future = match self.as_mut().project() {
                Step::Called { future } => return future.poll(task),
                Step::Waiting { service, request } => {
                    ready!(service.poll_ready(task))?;
                    let Some(request) = request.take() else { panic!("polled after it was ready") };
                    service.call(request)
                }
            };
            self.set(Self::Called { future });
        }
    }
}
