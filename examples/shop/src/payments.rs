//! `payments.proto` for Rust, written by hand: one method is less than a compiler of such files would bring with it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::body::Body;
use tonic::client::{Grpc as Calls, GrpcService};
use tonic::codegen::{Body as HttpBody, Bytes, StdError};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// The one method, as a path; without its slash the name by which it is known.
const PAY: &str = "/shop.v2.Payments/Pay";

/// What methods there are, for `grpc_services` of both sides.
pub const METHODS: [&str; 1] = ["shop.v2.Payments/Pay"];

/// Has an order paid.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PayRequest {
    /// The order's number.
    #[prost(int64, tag = "1")]
    pub order: i64,
    /// What is to be paid.
    #[prost(uint64, tag = "2")]
    pub amount_cents: u64,
}

/// The order is paid.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PayReply {
    /// What the bank calls the payment.
    #[prost(string, tag = "1")]
    pub payment: String,
}

/// Whoever takes payments.
pub trait Payments: Send + Sync + 'static {
    /// Has an order paid.
    ///
    /// # Errors
    /// `UNAVAILABLE` where the bank cannot be reached.
    fn pay(
        &self,
        request: Request<PayRequest>,
    ) -> impl Future<Output = Result<Response<PayReply>, Status>> + Send;
}

/// Calls payments. Clones share the connection.
#[derive(Clone, Debug)]
pub struct PaymentsClient<T>(Calls<T>);

impl<T> PaymentsClient<T>
where
    T: GrpcService<Body, Error: Into<StdError>>,
    T::ResponseBody: HttpBody<Data = Bytes, Error: Into<StdError> + Send> + Send + 'static,
{
    /// By `channel`, to what is at `origin`.
    pub fn with_origin(channel: T, origin: Uri) -> Self {
        Self(Calls::with_origin(channel, origin))
    }

    /// Has an order paid.
    ///
    /// # Errors
    /// What payments says, or `UNAVAILABLE` where it says nothing.
    pub async fn pay(&mut self, request: Request<PayRequest>) -> Result<Response<PayReply>, Status> {
        self.0.ready().await.map_err(|error| Status::from_error(error.into()))?;
        self.0.unary(request, PathAndQuery::from_static(PAY), ProstCodec::default()).await
    }
}

/// Serves payments. Clones share them.
#[derive(Debug)]
pub struct PaymentsServer<P>(Arc<P>);

impl<P> PaymentsServer<P> {
    /// Serves these.
    pub fn new(payments: Arc<P>) -> Self {
        Self(payments)
    }
}

impl<P> Clone for PaymentsServer<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> NamedService for PaymentsServer<P> {
    const NAME: &'static str = "shop.v2.Payments";
}

type Answering<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<P, B> tower_service::Service<HttpRequest<B>> for PaymentsServer<P>
where
    P: Payments,
    B: HttpBody<Data = Bytes, Error: Into<StdError> + Send> + Send + 'static,
{
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Answering<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let method = Pay(Arc::clone(&self.0));
        Box::pin(async move {
            if request.uri().path() != PAY {
                return Ok(Status::unimplemented("").into_http());
            }
            Ok(Grpc::new(ProstCodec::default()).unary(method, request).await)
        })
    }
}

struct Pay<P>(Arc<P>);

impl<P: Payments> UnaryService<PayRequest> for Pay<P> {
    type Response = PayReply;
    type Future = Answering<Result<Response<PayReply>, Status>>;

    fn call(&mut self, request: Request<PayRequest>) -> Self::Future {
        let payments = Arc::clone(&self.0);
        Box::pin(async move { payments.pay(request).await })
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    /// The number of a field, as the file has it.
    fn number(message: &str, field: &str) -> u8 {
        let file = include_str!("../payments.proto");
        let (_, message) = file.split_once(&format!("message {message} {{")).unwrap();
        let (message, _) = message.split_once('}').unwrap();
        let line =
            message.lines().find_map(|line| line.trim().strip_suffix(';')?.strip_prefix(field)).unwrap();
        line.trim().trim_start_matches('=').trim().parse().unwrap()
    }

    #[test]
    fn messages_and_the_method_are_those_of_the_file() {
        // The wire format: a number's key ends in 0, a text's in 2.
        let request = PayRequest { order: 5, amount_cents: 7 };
        let [order, amount] =
            [number("PayRequest", "int64 order"), number("PayRequest", "uint64 amount_cents")];
        assert_eq!(request.encode_to_vec(), [order << 3, 5, amount << 3, 7]);
        let reply = PayReply { payment: "a".to_owned() };
        assert_eq!(reply.encode_to_vec(), [number("PayReply", "string payment") << 3 | 2, 1, b'a']);
        let file = include_str!("../payments.proto");
        assert!(file.contains("package shop.v2;") && file.contains("service Payments {"));
        assert!(file.contains("rpc Pay(PayRequest) returns (PayReply);"));
        assert_eq!(PAY, format!("/{}", METHODS[0]));
        assert_eq!(PAY, format!("/{}/Pay", PaymentsServer::<()>::NAME));
    }
}
