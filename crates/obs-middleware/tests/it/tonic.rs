//! A trace that goes on from a tonic client to a tonic server, by layers around a channel and around a server.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};

use bytes::{Buf, BufMut};
use obs_core::context::{self, Ids};
use obs_core::observe::{Candidate, Operation, OperationEnd, OperationObserver};
use obs_core::{Base, Context, Resource};
use obs_middleware::{ClientLayer, ServerLayer};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use tower::{Layer, Service};

use crate::spy::Spy;

/// Messages that are a text and nothing else.
#[derive(Clone, Copy, Default)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, item: String, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(item.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

/// Answers each call with the ids that are open while it works, and refuses the call of nobody.
#[derive(Clone)]
struct Payments;

impl UnaryService<String> for Payments {
    type Response = String;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<String>, Status>> + Send>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        Box::pin(async move {
            let open =
                context::with_current(Context::ids).ok_or_else(|| Status::internal("nothing is open"))?;
            match request.into_inner().as_str() {
                "nobody" => Err(Status::not_found("nobody")),
                _ => Ok(Response::new(format!("{} {}", open.trace_id, open.span_id))),
            }
        })
    }
}

impl NamedService for Payments {
    const NAME: &'static str = "shop.Payments";
}

impl Service<http::Request<Body>> for Payments {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(tonic::server::Grpc::new(Text).unary(Payments, request).await) })
    }
}

/// The ids of calls that have ended, and under which status.
#[derive(Default)]
struct Calls(Mutex<Vec<(Ids, Option<u16>)>>);

impl OperationObserver for Calls {
    fn sample(&self, _: &Candidate<'_>) -> Option<bool> {
        Some(true)
    }

    fn finish(&self, context: &Context, _: &Operation<'_>, end: &OperationEnd<'_>) {
        self.0.lock().unwrap().push((context.ids(), end.status));
    }
}

#[tokio::test]
async fn a_trace_goes_on_from_a_tonic_client_to_a_tonic_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Spy::default();
    let layer = ServerLayer::new(Base::new(Resource::new("payments")), requests.clone());
    drop(listener);
    let server = Server::builder().layer(layer).add_service(Payments).serve(address);
    let server = tokio::spawn(server);

    let base = Base::new(Resource::new("orders"));
    let calls = Arc::<Calls>::default();
    base.operations.register(Arc::<Calls>::clone(&calls));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let channel = loop {
        match channel.connect().await {
            Ok(channel) => break channel,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let mut client = tonic::client::Grpc::new(ClientLayer::new(base, "payments").layer(channel));
    let path = || http::uri::PathAndQuery::from_static("/shop.Payments/Pay");
    client.ready().await.unwrap();
    let answer = client.unary(Request::new(String::from("ada")), path(), Text).await.unwrap().into_inner();
    client.ready().await.unwrap();
    let refused = client.unary(Request::new(String::from("nobody")), path(), Text).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    drop(client);
    server.abort();

    let calls = calls.0.lock().unwrap().clone();
    let requests = requests.all();
    assert_eq!((calls.len(), requests.len()), (2, 2));
    for ((call, status), request) in calls.iter().zip(&requests) {
        assert_eq!(request.ids.trace_id, call.trace_id);
        assert_eq!(request.parent, Some(call.span_id.to_string()));
        assert!(request.peer.is_some_and(|peer| peer.ip().is_loopback()), "{:?}", request.peer);
        assert_eq!(
            (request.path.as_str(), *status, request.status),
            ("/shop.Payments/Pay", Some(200), Some(200))
        );
    }
    assert_eq!(answer, format!("{} {}", requests[0].ids.trace_id, requests[0].ids.span_id));
}
