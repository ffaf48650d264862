//! An OTLP receiver (http/protobuf) that keeps what it gets and decodes it only after the measuring.

use crate::scenario::Role;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// One receiver on a port of its own, so that what it holds is from one server.
pub(crate) struct Sink {
    address: SocketAddr,
    received: Arc<Mutex<Received>>,
}

/// What arrived, not yet looked at.
#[derive(Default)]
struct Received {
    bodies: Vec<Vec<u8>>,
    complaints: Vec<String>,
}

/// The spans of requests and calls among what arrived.
#[derive(Default)]
pub(crate) struct Spans {
    /// The trace id of each server span, in order of arrival.
    pub(crate) trace_ids: Vec<[u8; 16]>,
    /// The trace id of each client span, in order of arrival.
    pub(crate) called: Vec<[u8; 16]>,
    /// What could not be understood.
    pub(crate) complaints: Vec<String>,
    /// Bytes of all bodies.
    pub(crate) bytes: usize,
}

impl Sink {
    /// Listens on a free port of the loopback interface. Its threads end with the process.
    pub(crate) fn listen() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("sink: {error}"))?;
        let address = listener.local_addr().map_err(|error| format!("sink: {error}"))?;
        let received = Arc::new(Mutex::new(Received::default()));
        let into = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let into = Arc::clone(&into);
                std::thread::spawn(move || {
                    if let Err(complaint) = receive(stream, &into) {
                        locked(&into).complaints.push(complaint);
                    }
                });
            }
        });
        Ok(Self { address, received })
    }

    /// The endpoint without `/v1/traces`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Decodes all that has arrived about the requests and the calls of `role`.
    pub(crate) fn spans(&self, role: &Role) -> Spans {
        let received = locked(&self.received);
        let mut spans = Spans { complaints: received.complaints.clone(), ..Spans::default() };
        for body in &received.bodies {
            spans.bytes += body.len();
            match ExportTraceServiceRequest::decode(body.as_slice()) {
                Ok(request) => collect(request, role, &mut spans),
                Err(error) => spans.complaints.push(format!("undecodable body: {error}")),
            }
        }
        spans
    }
}

fn collect(request: ExportTraceServiceRequest, role: &Role, spans: &mut Spans) {
    let all = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    for span in all.flat_map(|scope| scope.spans) {
        let into = match (span.kind(), role.calls) {
            (SpanKind::Server, _) if span.name.ends_with(role.route.trim_start_matches('/')) => {
                &mut spans.trace_ids
            }
            (SpanKind::Client, Some(called)) if span.name.ends_with(called.route) => &mut spans.called,
            _ => continue,
        };
        match <[u8; 16]>::try_from(span.trace_id.as_slice()) {
            Ok(id) if id != [0; 16] && span.span_id.len() == 8 && ends_after_it_starts(&span) => {
                into.push(id);
            }
            _ => spans.complaints.push("a span with bad ids or times".to_owned()),
        }
    }
}

fn ends_after_it_starts(span: &opentelemetry_proto::tonic::trace::v1::Span) -> bool {
    span.start_time_unix_nano > 0 && span.end_time_unix_nano >= span.start_time_unix_nano
}

/// Takes POSTs from one connection until it closes.
fn receive(mut stream: TcpStream, into: &Mutex<Received>) -> Result<(), String> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read(&mut chunk) {
                Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
                // A closed or broken connection is a complaint only if it cut a request short.
                _ if bytes.is_empty() => return Ok(()),
                _ => return Err("a request without an end".to_owned()),
            }
            continue;
        };
        let length = body_length(&bytes[..end])?;
        let mut body = bytes.split_off(end + 4);
        bytes.clear();
        while body.len() < length {
            match stream.read(&mut chunk) {
                Ok(read) if read > 0 => body.extend_from_slice(&chunk[..read]),
                _ => return Err("a body cut short".to_owned()),
            }
        }
        bytes = body.split_off(length);
        locked(into).bodies.push(body);
        // An empty message is a full success (OTLP specification, section "Full success").
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).map_err(|error| format!("answer: {error}"))?;
    }
}

fn body_length(head: &[u8]) -> Result<usize, String> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if !head.starts_with("post /v1/traces ") {
        return Err(format!("not a trace export: {:?}", head.lines().next().unwrap_or_default()));
    }
    if head.contains("content-encoding: gzip") {
        return Err("a compressed body; rows export uncompressed".to_owned());
    }
    head.lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .ok_or_else(|| "an export without content-length".to_owned())
}

fn locked(received: &Mutex<Received>) -> std::sync::MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}
