//! The load by gRPC: a connection of HTTP/2 for each call in flight, driven from one thread.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use prost::Message;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::grpc::{GetUser, User};

/// Long, because a server under callgrind runs some fifty times slower.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connections, and what drives them.
pub(crate) struct Lanes {
    runtime: Runtime,
    senders: Vec<SendRequest<Bytes>>,
    uri: String,
}

impl Lanes {
    pub(crate) fn open(to: SocketAddr, method: &str, count: usize) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("runtime: {error}"))?;
        let senders = runtime.block_on(async {
            let mut senders = Vec::new();
            for _ in 0..count {
                let stream =
                    TcpStream::connect(to).await.map_err(|error| format!("connect to {to}: {error}"))?;
                stream.set_nodelay(true).map_err(|error| format!("set up a connection: {error}"))?;
                let (sender, connection) =
                    h2::client::handshake(stream).await.map_err(|error| format!("handshake: {error}"))?;
                tokio::spawn(connection);
                senders.push(sender);
            }
            Ok::<_, String>(senders)
        })?;
        Ok(Self { runtime, senders, uri: format!("http://{to}{method}") })
    }

    /// Makes `calls` calls, each with the id and `traceparent` that `next` gives; each must be answered by the user of that id.
    pub(crate) fn run(
        &mut self,
        calls: u64,
        mut next: impl FnMut() -> (u64, Option<String>),
    ) -> Result<(), String> {
        let Self { runtime, senders, uri } = self;
        runtime.block_on(async {
            let mut under_way = JoinSet::new();
            let mut free: Vec<_> = senders.clone();
            for _ in 0..calls {
                let sender = match free.pop() {
                    Some(sender) => sender,
                    None => ended(under_way.join_next().await)?,
                };
                let (id, parent) = next();
                under_way.spawn(tokio::time::timeout(PATIENCE, call(sender, uri.clone(), id, parent)));
            }
            while !under_way.is_empty() {
                ended(under_way.join_next().await)?;
            }
            Ok(())
        })
    }
}

type Ended = Result<Result<SendRequest<Bytes>, String>, tokio::time::error::Elapsed>;

fn ended(call: Option<Result<Ended, tokio::task::JoinError>>) -> Result<SendRequest<Bytes>, String> {
    match call {
        Some(Ok(Ok(ended))) => ended,
        Some(Ok(Err(_))) => Err("a call took longer than a minute".to_owned()),
        Some(Err(error)) => Err(format!("a call: {error}")),
        None => Err("no call is under way".to_owned()),
    }
}

async fn call(
    sender: SendRequest<Bytes>,
    uri: String,
    id: u64,
    parent: Option<String>,
) -> Result<SendRequest<Bytes>, String> {
    let mut sender = sender.ready().await.map_err(|error| format!("ready: {error}"))?;
    let mut request = http::Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "bench");
    if let Some(parent) = parent {
        request = request.header("traceparent", parent);
    }
    let request = request.body(()).map_err(|error| format!("request: {error}"))?;
    let (answer, mut stream) =
        sender.send_request(request, false).map_err(|error| format!("send: {error}"))?;
    let message = GetUser { id }.encode_to_vec();
    let mut body = BytesMut::with_capacity(5 + message.len());
    body.put_u8(0);
    body.put_u32(message.len() as u32);
    body.put_slice(&message);
    stream.send_data(body.freeze(), true).map_err(|error| format!("send: {error}"))?;

    let mut answer = answer.await.map_err(|error| format!("receive: {error}"))?.into_body();
    let mut read = BytesMut::new();
    while let Some(chunk) = answer.data().await {
        let chunk = chunk.map_err(|error| format!("receive: {error}"))?;
        let _ = answer.flow_control().release_capacity(chunk.len());
        read.put_slice(&chunk);
    }
    let trailers = answer.trailers().await.map_err(|error| format!("receive: {error}"))?;
    let status = trailers.as_ref().and_then(|trailers| trailers.get("grpc-status"));
    if status.is_none_or(|status| status != "0") || read.len() < 5 {
        return Err(format!("answered {status:?}"));
    }
    read.advance(5);
    let user = User::decode(read).map_err(|error| format!("an answer: {error}"))?;
    if user.id == id { Ok(sender) } else { Err(format!("asked for {id} and got {}", user.id)) }
}
