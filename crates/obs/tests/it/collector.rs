//! The other side of OTLP over HTTP, in process: keeps what is posted, or behaves as badly as it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// What it does with each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Takes it.
    Ok,
    /// Takes all but the first, which it has no time for.
    LaterOk,
    /// Says nothing and keeps the connection open.
    Hang,
    /// Says something that is no HTTP.
    Babble,
    /// Says 200 with a body that is no OTLP.
    WrongBody,
    /// Closes the connection.
    Close,
}

/// Listens until the process ends; its threads end with their connections.
#[derive(Debug)]
pub(crate) struct Collector {
    addr: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    bodies: Mutex<Vec<Vec<u8>>>,
    hanging: Mutex<Vec<TcpStream>>,
    turned_away: AtomicBool,
}

impl Collector {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, answer, &seen));
            }
        });
        Self { addr, seen }
    }

    /// The URL of a collector that nobody runs: of a port that is taken for the life of the process, so that no other
    /// program can listen on it, and not listened on.
    pub(crate) fn absent() -> String {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = socket.local_addr().unwrap();
        std::mem::forget(socket);
        format!("http://{addr}/v1/traces")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/traces", self.addr)
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        self.seen.bodies.lock().unwrap().len()
    }

    /// All that was posted so far.
    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.seen.bodies.lock().unwrap().clone()
    }

    /// All that was posted so far, read by the reference decoder.
    pub(crate) fn decoded(&self) -> Vec<ExportTraceServiceRequest> {
        let bodies = self.seen.bodies.lock().unwrap();
        bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap()).collect()
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.bodies().iter().flat_map(|body| spans_of(body)).collect()
    }
}

/// The spans of one request, read by the reference decoder.
pub(crate) fn spans_of(body: &[u8]) -> Vec<Span> {
    let resources = ExportTraceServiceRequest::decode(body).unwrap().resource_spans;
    let scopes = resources.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn serve(stream: TcpStream, answer: Answer, seen: &Seen) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(body) = read(&mut reader) {
        let is_early = answer == Answer::LaterOk && !seen.turned_away.swap(true, Ordering::SeqCst);
        if !is_early {
            seen.bodies.lock().unwrap().push(body);
        }
        let said: &[u8] = match answer {
            _ if is_early => b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n",
            Answer::Ok | Answer::LaterOk => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            Answer::Babble => b"\x16\x03\x01 220 mail.example ESMTP\r\n",
            Answer::WrongBody => {
                b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\n<html>login<"
            }
            Answer::Hang => return seen.hanging.lock().unwrap().push(stream),
            Answer::Close => return,
        };
        if stream.write_all(said).is_err() || answer == Answer::Babble {
            return;
        }
    }
}

/// The body of the next request; `None` at the end of the connection.
fn read(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}
