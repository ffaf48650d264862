//! An OTLP sink over http/protobuf, inside of this command: the demo needs no collector to show a span.

use std::collections::VecDeque;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use super::bounded::Bounded;
use super::span::{Span, spans};
use crate::Result;
use crate::http::{Head, Unframed, read_body};
use crate::ports::loopback;

/// How many of the newest spans are kept: some minutes of the demo's load.
const KEPT: usize = 20_000;

/// A listening sink. Its threads end with this command.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    store: Arc<Mutex<Store>>,
}

#[derive(Default)]
struct Store {
    spans: VecDeque<Span>,
    received: u64,
    /// Requests as they came, each behind its length, for who asks after the demo is gone.
    file: Option<Bounded>,
}

impl Sink {
    /// Starts it; it keeps what it takes in `file` as well.
    pub(crate) fn start(file: Option<Bounded>) -> Result<Self> {
        let failed = |error: io::Error| format!("cannot start the OTLP sink: {error}");
        let listener = TcpListener::bind(loopback(0)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let store = Arc::new(Mutex::new(Store { file, ..Store::default() }));
        let kept = Arc::clone(&store);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, &store));
            }
        });
        Ok(Self { address, store })
    }

    /// How many spans have come.
    pub(crate) fn received(&self) -> u64 {
        lock(&self.store).received
    }

    /// The spans of one trace, by their start.
    pub(crate) fn trace(&self, trace_id: &str) -> Vec<Span> {
        let store = lock(&self.store);
        let mut spans: Vec<_> =
            store.spans.iter().filter(|span| span.trace_id == trace_id).cloned().collect();
        spans.sort_by_key(|span| span.start_nanos);
        spans
    }
}

/// The spans of one trace out of what a sink has kept in its file, by their start.
pub(crate) fn kept(file: &[u8], trace_id: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let Some(id) = bytes(trace_id) else { return found };
    let mut rest = file;
    while let Some((length, after)) = rest.split_first_chunk() {
        // The last one may still be being written.
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((request, after)) = after.split_at_checked(length) else { break };
        rest = after;
        // Most requests have nothing of it, and need not be read in whole.
        if request.windows(id.len()).any(|window| window == id) {
            let spans = spans(request).unwrap_or_default();
            found.extend(spans.into_iter().filter(|span| span.trace_id == trace_id));
        }
    }
    found.sort_by_key(|span| span.start_nanos);
    found
}

/// What a trace id is written as in a request.
fn bytes(trace_id: &str) -> Option<[u8; 16]> {
    (trace_id.len() == 32).then_some(())?;
    u128::from_str_radix(trace_id, 16).ok().map(u128::to_be_bytes)
}

fn lock(store: &Mutex<Store>) -> std::sync::MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, store: &Mutex<Store>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(head) = Head::read(&mut reader)? {
        let body = read_body(&mut reader, &head, Unframed::Empty)?;
        let answer = answer(&head, &body, store);
        let response =
            format!("HTTP/1.1 {answer}\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n");
        reader.get_mut().write_all(response.as_bytes())?;
    }
    Ok(())
}

/// Takes the spans of one request, and says with which status.
fn answer(head: &Head, body: &[u8], store: &Mutex<Store>) -> &'static str {
    if !head.first.starts_with("POST /v1/traces ") {
        return "404 Not Found";
    }
    let plain = head.header("content-encoding").is_none_or(|encoding| encoding == "identity");
    if !plain || head.header("content-type") != Some("application/x-protobuf") {
        return "415 Unsupported Media Type";
    }
    let Ok(spans) = spans(body) else { return "400 Bad Request" };
    let mut store = lock(store);
    if let (Some(file), Ok(length)) = (&mut store.file, u32::try_from(body.len())) {
        file.append(&[&length.to_be_bytes(), body].concat());
    }
    for span in spans {
        store.received += 1;
        store.spans.push_back(span);
        if store.spans.len() > KEPT {
            store.spans.pop_front();
        }
    }
    "200 OK"
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn post(address: SocketAddr, target: &str, kind: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head =
            format!("POST {target} HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.split(' ').nth(1).unwrap().to_owned()
    }

    #[test]
    fn spans_are_taken_and_nothing_else_is() {
        let path = std::env::temp_dir().join(format!("xtask-sink-{}", std::process::id()));
        let sink = Sink::start(Some(Bounded::create("spans", &path, 1_000).unwrap())).unwrap();
        let protobuf = "application/x-protobuf";
        // One span with the trace id 0x7878...: 1 { 2 { 2 { 1: "x" * 16 } } }
        let mut body = vec![0x0a, 22, 0x12, 20, 0x12, 18, 0x0a, 16];
        body.extend([b'x'; 16]);
        assert_eq!(post(sink.address, "/v1/traces", protobuf, &body), "200");
        assert_eq!(post(sink.address, "/v1/traces", protobuf, b"x"), "400");
        assert_eq!(post(sink.address, "/v1/traces", "application/json", b"{}"), "415");
        assert_eq!(post(sink.address, "/v1/logs", protobuf, b""), "404");
        assert_eq!(sink.received(), 1);
        assert_eq!(sink.trace(&"78".repeat(16)).len(), 1);
        assert!(sink.trace("other").is_empty());
        let file = std::fs::read(&path).unwrap();
        assert_eq!(kept(&file, &"78".repeat(16)), sink.trace(&"78".repeat(16)));
        assert!(kept(&file[..file.len() - 1], &"78".repeat(16)).is_empty(), "cut short");
        std::fs::remove_file(path).unwrap();
    }
}
