//! The gateway of the shop between the checker, which calls it, and the checker, which it calls: what it makes of headers is seen
//! on its line, on its spans and on its call.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::judge::Headers;
use crate::Result;
use crate::demo::sink::Sink;
use crate::demo::span::Span;
use crate::e2e::eventually::eventually;
use crate::e2e::lines::{self, ACCESS, field};
use crate::http::{Connection, Head, Unframed, read_body};
use crate::ids::Ids;
use crate::ports::{self, loopback};
use crate::service::{Addresses, Inherited, Lines, Plan, Service};

/// What orders would answer.
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

type Called = Arc<Mutex<HashMap<String, Headers>>>;

pub(super) struct Gateway {
    service: Service,
    sink: Sink,
    called: Called,
    ids: Ids,
}

/// What was seen of one request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// On its access line.
    pub(super) trace_id: String,
    /// The headers of the call it made.
    pub(super) called: Headers,
    /// Its own span and that of its call, where they came to the sink.
    pub(super) spans: Option<(Span, Span)>,
}

impl Gateway {
    /// Starts one that reads and writes these formats.
    pub(super) fn start(binary: &Path, formats: &str, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let sink = Sink::start(None)?;
        let called = Called::default();
        let orders = listen(&called).map_err(|error| format!("the place of orders: {error}"))?;
        let [service, admin] = ports::free()?;
        let service = Service::start(&Plan {
            lines: Lines::Configured,
            name: "gateway",
            binary,
            config: "examples/shop/gateway/obs.yaml",
            configuration: "",
            addresses: Addresses { service, admin },
            otlp: sink.address,
            folder,
            inherited: Inherited::Nothing,
            variables: &[
                ("SHOP_EXIT_ON_STDIN_EOF", "1".to_owned()),
                ("GATEWAY_ADDR", service.to_string()),
                ("ORDERS_URL", format!("http://{orders}")),
                ("OTEL_PROPAGATORS", formats.to_owned()),
            ],
        })?;
        Ok(Self { service, sink, called, ids: Ids::new() })
    }

    /// Sends a request with each of these headers, one after the other, and tells what was seen of them.
    pub(super) fn send(&mut self, all: &[Headers]) -> Result<Vec<Seen>> {
        let mut requests = Vec::new();
        // The last one begins a trace of its own: what came before it is in the sink once that is.
        for headers in all.iter().chain([&Headers::new()]) {
            let request_id = format!("propagated-{}", self.ids.span_id());
            let mut headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            headers.push(("x-request-id", &request_id));
            let json = r#"{"user":"ada","item":"teapot","quantity":1}"#;
            let answer = Connection::open(self.service.service)
                .and_then(|mut connection| connection.send_json("POST", "/v1/orders", &headers, json))
                .map_err(|error| format!("the gateway, asked with {headers:?}: {error}"))?;
            if answer.status != 200 {
                return Err(format!("the gateway answered {} to {headers:?}", answer.status));
            }
            requests.push(request_id);
        }
        let mut seen = Vec::new();
        for request_id in &requests {
            let trace_id = eventually(|| self.trace_of(request_id))?;
            let called = self.called.lock().unwrap_or_else(PoisonError::into_inner).remove(request_id);
            let called = called.ok_or_else(|| format!("no call came of {request_id}"))?;
            seen.push(Seen { trace_id, called, spans: None });
        }
        let last = seen.pop().ok_or("nothing was sent")?;
        eventually(|| {
            self.spans(&last.trace_id).map(drop).ok_or_else(|| "no span of the last one".to_owned())
        })?;
        for seen in &mut seen {
            seen.spans = self.spans(&seen.trace_id);
        }
        Ok(seen)
    }

    fn trace_of(&self, request_id: &str) -> Result<String> {
        let lines = lines::parse(self.service.lines())?;
        let is = |line: &crate::json::Json| {
            field(line, "target") == ACCESS && field(line, "request_id") == request_id
        };
        let line = lines.iter().find(|(_, line)| is(line));
        let (_, line) = line.ok_or_else(|| format!("no line of {request_id}"))?;
        Ok(field(line, "trace_id").to_owned())
    }

    /// The span of the request, and that of the call.
    fn spans(&self, trace_id: &str) -> Option<(Span, Span)> {
        let spans = self.sink.trace(trace_id);
        let of = |kind: &str| spans.iter().find(|span| span.kind_word() == kind).cloned();
        of("server").zip(of("client"))
    }
}

/// Takes what the gateway calls, and notes its headers by its request id.
fn listen(called: &Called) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(loopback(0))?;
    let address = listener.local_addr()?;
    let called = Arc::clone(called);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let called = Arc::clone(&called);
            std::thread::spawn(move || serve(stream, &called));
        }
    });
    Ok(address)
}

fn serve(stream: TcpStream, called: &Called) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(head) = Head::read(&mut reader)? {
        read_body(&mut reader, &head, Unframed::Empty)?;
        let request_id = head.header("x-request-id").unwrap_or_default().to_owned();
        called.lock().unwrap_or_else(PoisonError::into_inner).insert(request_id, head.headers().to_vec());
        reader.get_mut().write_all(ANSWER.as_bytes())?;
    }
    Ok(())
}
