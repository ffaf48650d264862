//! One connection to a real hyper server, HTTP/1 or HTTP/2, and a client that can break off.

use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::{BoxError, Service};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

pub(crate) type Body = Full<Bytes>;

/// Sends requests over one connection; dropping it breaks the connection off.
pub(crate) enum Client {
    Http1(hyper::client::conn::http1::SendRequest<Body>, JoinHandle<()>),
    Http2(hyper::client::conn::http2::SendRequest<Body>, JoinHandle<()>),
}

impl Client {
    /// Serves `service` on a loopback port, on a task of its own, and connects to it.
    pub(crate) async fn connected_to<S, B>(service: S, version: Version) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper_util::service::TowerToHyperService::new(service);
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            // A connection that breaks is part of the tests.
            let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        });
        let stream = TokioIo::new(TcpStream::connect(addr).await.unwrap());
        match version {
            Version::Http1 => {
                let (send, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
                Self::Http1(send, spawned(async { drop(connection.with_upgrades().await) }))
            }
            Version::Http2 => {
                let (send, connection) =
                    hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
                Self::Http2(send, spawned(async { drop(connection.await) }))
            }
        }
    }

    pub(crate) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        match self {
            Self::Http1(send, _) => {
                send.ready().await?;
                request.headers_mut().insert("host", http::HeaderValue::from_static("shop.test:8080"));
                send.send_request(request).await
            }
            Self::Http2(send, _) => {
                send.ready().await?;
                let path = request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned();
                *request.uri_mut() = if request.method() == http::Method::CONNECT {
                    "shop.test:8080".parse().unwrap()
                } else {
                    format!("http://shop.test:8080{path}").parse().unwrap()
                };
                send.send_request(request).await
            }
        }
    }

    /// Breaks the connection off at once.
    pub(crate) fn abort(self) {
        match self {
            Self::Http1(_, connection) | Self::Http2(_, connection) => connection.abort(),
        }
    }
}

fn spawned(connection: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(connection)
}
