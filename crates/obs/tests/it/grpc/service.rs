//! A service of gRPC written by hand, whose messages are texts, and a client of it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut};
use futures_core::Stream;
use http::uri::PathAndQuery;
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status, Streaming};
use tower::{Layer, Service, service_fn};

/// Messages that are a text and nothing else.
#[derive(Clone, Copy, Default)]
pub(crate) struct Text;

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

/// What there is, and then the end, at once or once that is told, or nothing for ever.
pub(crate) struct Items<T> {
    items: VecDeque<T>,
    ends: bool,
    told: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl<T> Items<T> {
    pub(crate) fn new(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().collect(), ends: true, told: None }
    }

    pub(crate) fn endless(items: impl IntoIterator<Item = T>) -> Self {
        Self { ends: false, ..Self::new(items) }
    }

    pub(crate) fn after(self, told: tokio::sync::oneshot::Receiver<()>) -> Self {
        Self { told: Some(told), ..self }
    }
}

impl<T: Unpin> Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        match (this.items.pop_front(), &mut this.told) {
            (None, _) if !this.ends => Poll::Pending,
            (None, Some(told)) => Pin::new(told).poll(task).map(|_| None),
            (item, _) => Poll::Ready(item),
        }
    }
}

/// Orders of a shop.
#[derive(Clone, Default)]
pub(crate) struct Orders {
    /// Told when a method waits that never answers.
    pub(crate) waits: Arc<Notify>,
}

impl NamedService for Orders {
    const NAME: &'static str = "shop.Orders";
}

type Answer<T> = Result<Response<T>, Status>;

impl Orders {
    async fn place(self, request: Request<String>) -> Answer<String> {
        match request.into_inner().as_str() {
            "nothing" => Err(Status::not_found("no such order")),
            "broken" => Err(Status::internal("the shelf, 100% broken")),
            "panic" => panic!("no shelf"),
            "wait" => {
                self.waits.notify_one();
                pending().await
            }
            other => Ok(Response::new(format!("placed {other}"))),
        }
    }

    async fn list(self, request: Request<String>) -> Answer<Items<Result<String, Status>>> {
        let items = |count: usize| (0..count).map(|number| Ok(format!("order {number}")));
        Ok(Response::new(match request.into_inner().as_str() {
            "two and broken" => Items::new(items(2).chain([Err(Status::unavailable("the shelf is gone"))])),
            "one and more" => Items::endless(items(1)),
            count => Items::new(items(count.parse().unwrap())),
        }))
    }

    async fn gather(self, request: Request<Streaming<String>>) -> Answer<String> {
        let (mut all, mut count) = (request.into_inner(), 0);
        while all.message().await?.is_some() {
            count += 1;
            if count == 2 {
                self.waits.notify_one();
            }
        }
        Ok(Response::new(format!("gathered {count}")))
    }

    async fn call(self, request: http::Request<Body>) -> http::Response<Body> {
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/shop.Orders/WhoAmI" => {
                let who = service_fn(async |request: Request<String>| {
                    Ok::<_, Status>(Response::new(format!(
                        "{:?}",
                        request.remote_addr().map(|peer| peer.ip())
                    )))
                });
                Grpc::new(Text).unary(who, request).await
            }
            "/shop.Orders/Place" => {
                let place = service_fn(|request| self.clone().place(request));
                Grpc::new(Text).unary(place, request).await
            }
            "/shop.Orders/List" => {
                let list = service_fn(|request| self.clone().list(request));
                Grpc::new(Text).server_streaming(list, request).await
            }
            "/shop.Orders/Gather" => {
                let gather = service_fn(|request| self.clone().gather(request));
                Grpc::new(Text).client_streaming(gather, request).await
            }
            "/shop.Orders/Chat" => {
                let chat = service_fn(async |request: Request<Streaming<String>>| {
                    Ok::<_, Status>(Response::new(request.into_inner()))
                });
                Grpc::new(Text).streaming(chat, request).await
            }
            // One message, and no status behind it.
            "/shop.Orders/Silent" => {
                let message = http_body_util::Full::new(bytes::Bytes::from_static(b"\0\0\0\0\x02hm"));
                let response = http::Response::builder().header("content-type", "application/grpc");
                response.body(Body::new(message)).unwrap()
            }
            _ => Status::unimplemented("").into_http(),
        }
    }
}

impl Service<http::Request<Body>> for Orders {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let orders = self.clone();
        Box::pin(async move { Ok(orders.call(request).await) })
    }
}

/// A client of it.
#[derive(Clone)]
pub(crate) struct Client<C = Channel>(tonic::client::Grpc<C>);

/// Serves by tonic's own server under `layer`, and connects to it.
pub(crate) async fn start(layer: obs::Layer) -> (Client, Orders) {
    let (orders, address) = serve(layer);
    (connect(address).await, orders)
}

/// Connects to what is served already.
pub(crate) async fn connect(address: std::net::SocketAddr) -> Client {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    Client(tonic::client::Grpc::new(channel))
}

fn serve(layer: obs::Layer) -> (Orders, std::net::SocketAddr) {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let orders = Orders::default();
    let server = Server::builder().layer(layer).add_service(orders.clone());
    tokio::spawn(server.serve_with_incoming(incoming));
    (orders, address)
}

/// A client of it whose calls are seen, too.
pub(crate) async fn start_seen(
    layer: obs::Layer,
    calls: obs::ClientLayer,
) -> (Client<obs::Client<Channel>>, Orders) {
    let (orders, address) = serve(layer);
    let origin: http::Uri = format!("http://{address}").parse().unwrap();
    let channel = Channel::builder(origin.clone()).connect().await.unwrap();
    (Client(tonic::client::Grpc::with_origin(calls.layer(channel), origin)), orders)
}

/// A client of what is not there.
pub(crate) fn nobody(calls: obs::ClientLayer, uri: &'static str) -> Client<obs::Client<Channel>> {
    of(calls, Channel::from_static(uri).connect_lazy())
}

/// A client of what is behind `channel`.
pub(crate) fn of(calls: obs::ClientLayer, channel: Channel) -> Client<obs::Client<Channel>> {
    Client(tonic::client::Grpc::new(calls.layer(channel)))
}

impl<C> Client<C>
where
    C: GrpcService<Body>,
    C::Error: std::fmt::Debug,
    C::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    async fn ready(&mut self) {
        self.0.ready().await.unwrap();
    }

    pub(crate) async fn unary(&mut self, path: &'static str, text: &str) -> Result<String, Status> {
        self.within(path, text, None).await
    }

    pub(crate) async fn within(
        &mut self,
        path: &'static str,
        text: &str,
        patience: Option<Duration>,
    ) -> Result<String, Status> {
        self.ready().await;
        let mut request = Request::new(text.to_owned());
        if let Some(patience) = patience {
            request.set_timeout(patience);
        }
        self.0.unary(request, PathAndQuery::from_static(path), Text).await.map(Response::into_inner)
    }

    pub(crate) async fn list(&mut self, text: &str) -> Result<Streaming<String>, Status> {
        self.ready().await;
        let path = PathAndQuery::from_static("/shop.Orders/List");
        let stream = self.0.server_streaming(Request::new(text.to_owned()), path, Text).await;
        stream.map(Response::into_inner)
    }

    pub(crate) async fn gather(&mut self, items: Items<String>) -> Result<String, Status> {
        self.ready().await;
        let path = PathAndQuery::from_static("/shop.Orders/Gather");
        let answer = self.0.client_streaming(Request::new(items), path, Text).await;
        answer.map(Response::into_inner)
    }

    pub(crate) async fn chat(
        &mut self,
        items: impl Stream<Item = String> + Send + 'static,
    ) -> Result<Streaming<String>, Status> {
        self.ready().await;
        let path = PathAndQuery::from_static("/shop.Orders/Chat");
        self.0.streaming(Request::new(items), path, Text).await.map(Response::into_inner)
    }
}

/// All that is still to come, and how it ends.
pub(crate) async fn rest(mut stream: Streaming<String>) -> (Vec<String>, Option<Status>) {
    let mut all = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => all.push(message),
            Ok(None) => return (all, None),
            Err(status) => return (all, Some(status)),
        }
    }
}
