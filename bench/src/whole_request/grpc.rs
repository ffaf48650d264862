//! The service by gRPC: one unary method of tonic's, with no layer of its own.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use prost::Message;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService};
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tower::{Service, service_fn};

/// The path of the method.
pub(crate) const METHOD: &str = "/bench.Users/Get";

/// What is asked for.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct GetUser {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
}

/// What is answered: as much as over HTTP.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct User {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    email: String,
    #[prost(bool, tag = "4")]
    active: bool,
}

/// The service behind axum's server, as `tonic::service::Routes` puts it there.
pub(crate) fn users() -> Router {
    Routes::new(Users).into_axum_router()
}

#[derive(Clone)]
struct Users;

impl NamedService for Users {
    const NAME: &'static str = "bench.Users";
}

async fn get(request: Request<GetUser>) -> Result<Response<User>, Status> {
    let id = request.into_inner().id;
    let (name, email) = ("Ada Lovelace".to_owned(), "ada@example.com".to_owned());
    Ok(Response::new(User { id, name, email, active: true }))
}

impl Service<http::Request<Body>> for Users {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async {
            if request.uri().path() != METHOD {
                return Ok(Status::unimplemented("").into_http());
            }
            Ok(Grpc::new(Prost).unary(service_fn(get), request).await)
        })
    }
}

/// Messages by prost, as tonic's own codec has them.
#[derive(Clone, Copy)]
struct Prost;

impl Codec for Prost {
    type Encode = User;
    type Decode = GetUser;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Prost {
    type Item = User;
    type Error = Status;

    fn encode(&mut self, item: User, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Prost {
    type Item = GetUser;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<GetUser>, Status> {
        GetUser::decode(buffer).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
