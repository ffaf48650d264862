//! A strict gRPC server in process: keeps every call whole, and answers, hangs, closes or babbles as told.
//!
//! It is h2 alone, so that nothing between the frames and the test is kind.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, Bytes};
use h2::Reason;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one call. The last one of a script is repeated.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// A message, and `OK` in the trailers.
    Message(Vec<u8>),
    /// These trailers behind headers and no message.
    Trailers(Vec<(&'static str, String)>),
    /// These headers and nothing else: what gRPC calls trailers-only.
    Only(Vec<(&'static str, String)>),
    /// A status of HTTP and a text, as a proxy has them.
    Http(u16, Vec<(&'static str, String)>),
    /// These bytes as the body, and `OK` in the trailers.
    Body(Vec<u8>),
    /// Headers and half a message, then the end of the connection.
    Cut,
    /// The stream is reset.
    Reset,
    /// A body that does not end.
    Endless,
    /// Nothing, and the connection stays open.
    Hang,
    /// The connection is closed without a frame.
    Close,
}

impl Say {
    /// A status in headers alone.
    pub(crate) fn status(code: u32) -> Self {
        Self::Only(vec![("grpc-status", code.to_string())])
    }
}

/// One call as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// The message as it was sent, without its prefix.
    pub(crate) message: Vec<u8>,
    /// Whether the prefix says that it is compressed.
    pub(crate) is_compressed: bool,
    /// Which connection brought it, counted from 0.
    pub(crate) connection: usize,
}

impl Call {
    /// The one value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} came twice");
        value
    }
}

type Script = Arc<Mutex<VecDeque<Say>>>;

/// The server; it ends with the test's process.
pub(crate) struct Called {
    scheme: &'static str,
    pub(crate) address: SocketAddr,
    calls: Receiver<Call>,
}

impl Called {
    pub(crate) fn start(script: impl IntoIterator<Item = Say>) -> Self {
        Self::over("http", "127.0.0.1", script, |stream| async { Some(stream) })
    }

    /// Over what `wrap` makes of each connection, if it makes anything, at a local address.
    pub(crate) fn over<S, F>(
        scheme: &'static str,
        ip: &'static str,
        script: impl IntoIterator<Item = Say>,
        wrap: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = Option<S>> + Send + 'static,
    {
        let (send, calls) = channel();
        let (bound, address) = channel();
        let script: Script = Arc::new(Mutex::new(script.into_iter().collect()));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind((ip, 0)).await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                for connection in 0.. {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (wrapped, script, send) = (wrap(stream), Arc::clone(&script), send.clone());
                    tokio::spawn(async move {
                        if let Some(stream) = wrapped.await {
                            serve(stream, (scheme, connection), script, send).await;
                        }
                    });
                }
            });
        });
        Self { scheme, address: address.recv().unwrap(), calls }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Waits for the next call.
    #[track_caller]
    pub(crate) fn next(&self) -> Call {
        self.calls.recv_timeout(Duration::from_secs(30)).expect("a call")
    }

    /// Calls that have come and were not taken by `next`.
    pub(crate) fn rest(&self) -> Vec<Call> {
        self.calls.try_iter().collect()
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    (scheme, connection): (&'static str, usize),
    script: Script,
    send: Sender<Call>,
) {
    let Ok(mut http) = h2::server::handshake(stream).await else { return };
    let (end, mut ends) = tokio::sync::mpsc::unbounded_channel();
    loop {
        // Bodies come and answers leave only while the connection is looked after.
        let next = std::future::poll_fn(|cx| match ends.poll_recv(cx) {
            Poll::Ready(then) => Poll::Ready(Err(then)),
            Poll::Pending => http.poll_accept(cx).map(Ok),
        });
        match next.await {
            Ok(Some(Ok((request, mut respond)))) => {
                let (script, send, end) = (Arc::clone(&script), send.clone(), end.clone());
                tokio::spawn(async move {
                    let call = read(request, (scheme, connection)).await;
                    let say = {
                        let mut script = script.lock().unwrap();
                        if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
                    };
                    let _ = send.send(call);
                    let then = answer(&mut respond, say.expect("a script")).await;
                    // Whoever drops it resets the stream.
                    let _ = end.send((then, respond));
                });
            }
            Err(Some((Then::GoOn, respond))) => std::mem::forget(respond),
            Err(Some((Then::CloseAfter, _respond))) => {
                // What was said is to arrive before the end does.
                http.abrupt_shutdown(Reason::INTERNAL_ERROR);
                let _ = std::future::poll_fn(|cx| http.poll_closed(cx)).await;
                return;
            }
            _ => return,
        }
    }
}

enum Then {
    GoOn,
    Close,
    CloseAfter,
}

async fn read(request: Request<h2::RecvStream>, (scheme, connection): (&str, usize)) -> Call {
    let (head, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(head.method, "POST");
    assert_eq!(head.uri.scheme_str(), Some(scheme));
    assert!(head.uri.query().is_none());
    assert_eq!(head.headers["te"], "trailers");
    let content_type = head.headers["content-type"].to_str().unwrap();
    assert!(content_type == "application/grpc" || content_type == "application/grpc+proto");
    let mut rest = &bytes[..];
    let flag = rest.get_u8();
    assert!(flag < 2);
    assert_eq!(rest.get_u32() as usize, rest.len(), "one message and no more");
    let path = head.uri.path().to_owned();
    Call { path, headers: head.headers, message: rest.to_vec(), is_compressed: flag == 1, connection }
}

async fn answer(respond: &mut SendResponse<Bytes>, say: Say) -> Then {
    let head = |status: u16, headers: &[(&'static str, String)]| {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, value);
        }
        response.body(()).unwrap()
    };
    let grpc = ("content-type", "application/grpc".to_owned());
    let trailers = |headers: &[(&'static str, String)]| {
        let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        HeaderMap::from_iter(pairs)
    };
    let framed = |message: &[u8]| {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], &length[..], message].concat()
    };
    let ok = [("grpc-status", "0".to_owned())];
    match say {
        Say::Message(message) => {
            let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
            stream.send_data(framed(&message).into(), false).unwrap();
            stream.send_trailers(trailers(&ok)).unwrap();
        }
        Say::Body(body) => {
            let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
            stream.send_data(body.into(), false).unwrap();
            stream.send_trailers(trailers(&ok)).unwrap();
        }
        Say::Trailers(said) => {
            let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
            stream.send_trailers(trailers(&said)).unwrap();
        }
        Say::Only(mut said) => {
            said.push(grpc);
            respond.send_response(head(200, &said), true).unwrap();
        }
        Say::Http(status, said) => {
            let mut stream = respond.send_response(head(status, &said), false).unwrap();
            stream.send_data(Bytes::from_static(b"<html>"), true).unwrap();
        }
        Say::Cut => {
            let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
            stream.send_data(Bytes::from_static(b"\0\0\0\0\x09half"), false).unwrap();
            return Then::CloseAfter;
        }
        Say::Reset => respond.send_reset(Reason::INTERNAL_ERROR),
        Say::Endless => {
            let mut stream = respond.send_response(head(200, &[grpc]), false).unwrap();
            let chunk = Bytes::from(vec![b'x'; 0x4000]);
            loop {
                stream.reserve_capacity(chunk.len());
                let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
                let Some(Ok(room)) = room else { return Then::GoOn };
                if stream.send_data(chunk.slice(..room.min(chunk.len())), false).is_err() {
                    return Then::GoOn;
                }
            }
        }
        Say::Hang => {}
        Say::Close => return Then::Close,
    }
    Then::GoOn
}
