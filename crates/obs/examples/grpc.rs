//! Serves gRPC, or calls it as it is told, and says what came of each call: see `cargo xtask e2e --only grpc`.
//!
//! `grpc serve` says where it serves, and ends with its input. `grpc call ADDRESS` has a line on standard input for each call:
//! `unary TEXT`, `list TEXT`, `gather COUNT`, `chat COUNT`; a word `soon` in front gives it 200 ms, `cancel` gives up after the first
//! message. Messages are texts and nothing else.

use std::convert::Infallible;
use std::error::Error;
use std::io::{BufRead, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut};
use futures_core::Stream;
use http::uri::{PathAndQuery, Uri};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, Streaming};
use tower::{Layer, Service, service_fn};

const METHODS: [&str; 4] = ["e2e.Judge/Unary", "e2e.Judge/List", "e2e.Judge/Gather", "e2e.Judge/Chat"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match *words {
        ["serve"] => serve().await,
        ["call", address] => call(address).await,
        _ => Err("grpc serve, or grpc call ADDRESS".into()),
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let obs = obs::init("grpc-server")?.grpc_services(METHODS);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    say(listener.local_addr()?);
    let handle = obs.shutdown_handle();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        handle.shut_down();
    });
    let ended = obs::tonic::serve(obs, listener, Routes::new(Judge)).await;
    say(if ended.is_drained() { "drained" } else { "cut" });
    Ok(())
}

async fn call(address: &str) -> Result<(), Box<dyn Error>> {
    let obs = obs::init("grpc-client")?;
    let origin: Uri = format!("http://{address}").parse()?;
    let channel = Channel::builder(origin.clone()).connect_lazy();
    let mut calls = tonic::client::Grpc::with_origin(obs.client("python").layer(channel), origin);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (soon, rest) = line.strip_prefix("soon ").map_or((false, &*line), |rest| (true, rest));
        let (cancel, rest) = rest.strip_prefix("cancel ").map_or((false, rest), |rest| (true, rest));
        let (method, text) = rest.split_once(' ').unwrap_or((rest, ""));
        calls.ready().await?;
        let count = || text.parse().unwrap_or(0);
        let answer = match method {
            "unary" => {
                let unary = calls.unary(timed(text.to_owned(), soon), path("Unary"), Text).await;
                unary.map(|answer| answer.into_inner())
            }
            "list" => {
                let list = calls.server_streaming(timed(text.to_owned(), soon), path("List"), Text).await;
                read(list, cancel).await
            }
            "gather" => {
                let gather = calls.client_streaming(timed(Texts(count()), soon), path("Gather"), Text).await;
                gather.map(|answer| answer.into_inner())
            }
            _ => read(calls.streaming(timed(Texts(count()), soon), path("Chat"), Text).await, cancel).await,
        };
        match answer {
            Ok(answer) => say(format!("OK {answer}")),
            Err(status) => say(format!("{:?} {}", status.code(), status.message())),
        }
    }
    Ok(())
}

fn timed<T>(message: T, soon: bool) -> Request<T> {
    let mut request = Request::new(message);
    if soon {
        request.set_timeout(Duration::from_millis(200));
    }
    request
}

fn path(method: &str) -> PathAndQuery {
    let path = METHODS.iter().find(|name| name.ends_with(method)).map(|name| format!("/{name}"));
    path.and_then(|path| path.parse().ok()).unwrap_or_else(|| PathAndQuery::from_static("/"))
}

/// How many messages came, all of them or one.
async fn read(answer: Result<Response<Streaming<String>>, Status>, cancel: bool) -> Result<String, Status> {
    let (mut stream, mut count) = (answer?.into_inner(), 0);
    while stream.message().await?.is_some() {
        count += 1;
        if cancel {
            break;
        }
    }
    Ok(count.to_string())
}

fn say(what: impl std::fmt::Display) {
    // Whoever listened is gone.
    let _ = writeln!(std::io::stdout(), "{what}");
}

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
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// So many texts.
struct Texts(u32);

impl Stream for Texts {
    type Item = String;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<String>> {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or_default();
        Poll::Ready(left.map(|left| left.to_string()))
    }
}

/// The same as what a service gives, and then the end or nothing for ever.
struct Listed {
    texts: Texts,
    ends: bool,
}

impl Stream for Listed {
    type Item = Result<String, Status>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match Pin::new(&mut self.texts).poll_next(task) {
            Poll::Ready(None) if !self.ends => Poll::Pending,
            polled => polled.map(|text| text.map(Ok)),
        }
    }
}

#[derive(Clone)]
struct Judge;

impl NamedService for Judge {
    const NAME: &'static str = "e2e.Judge";
}

/// `wait` never answers, `fail N` fails with that code, `panic` panics; anything else comes back with the trace it is part of.
async fn unary(request: Request<String>) -> Result<Response<String>, Status> {
    let text = request.into_inner();
    match text.split_once(' ').unwrap_or((&text, "")) {
        ("wait", _) => std::future::pending().await,
        ("panic", _) => panic!("as asked"),
        ("fail", code) => Err(Status::new(Code::from(code.parse().unwrap_or(2)), "as asked")),
        _ => {
            let trace_id = obs::current().trace_id().map(|id| id.to_string()).unwrap_or_default();
            Ok(Response::new(format!("{text} {trace_id}")))
        }
    }
}

/// So many messages; `wait` is one and nothing more.
async fn list(request: Request<String>) -> Result<Response<Listed>, Status> {
    let text = request.into_inner();
    let ends = text != "wait";
    Ok(Response::new(Listed { texts: Texts(text.parse().unwrap_or(1)), ends }))
}

async fn gather(request: Request<Streaming<String>>) -> Result<Response<String>, Status> {
    let (mut all, mut count) = (request.into_inner(), 0);
    while all.message().await?.is_some() {
        count += 1;
    }
    Ok(Response::new(count.to_string()))
}

impl Service<http::Request<Body>> for Judge {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let chat = async |request: Request<Streaming<String>>| {
                Ok::<_, Status>(Response::new(request.into_inner()))
            };
            Ok(match request.uri().path() {
                "/e2e.Judge/Unary" => Grpc::new(Text).unary(service_fn(unary), request).await,
                "/e2e.Judge/List" => Grpc::new(Text).server_streaming(service_fn(list), request).await,
                "/e2e.Judge/Gather" => Grpc::new(Text).client_streaming(service_fn(gather), request).await,
                "/e2e.Judge/Chat" => Grpc::new(Text).streaming(service_fn(chat), request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}
