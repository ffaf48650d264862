//! The load: a fixed number of requests over a few keep-alive connections, as cheap to send as can be.

use crate::grpc_client;
use crate::scenario::{Asked, Scenario};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Open connections to one server, one request in flight on each.
pub(crate) struct Client {
    scenario: &'static Scenario,
    lanes: Lanes,
    next_id: u64,
    ids: TraceIds,
}

/// One for each request in flight.
enum Lanes {
    Http1(Vec<Connection>),
    Grpc(grpc_client::Lanes),
}

/// The trace context that requests carry.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Propagation {
    /// None: the service is the root and its sampler decides.
    Root,
    /// A random `traceparent` each; this share of them sampled.
    Continue { sampled: f64 },
}

/// The trace ids that were sent with the sampled flag, most significant byte first.
pub(crate) type SentTraces = Vec<[u8; 16]>;

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Opens `connections` connections.
    pub(crate) fn connect(
        scenario: &'static Scenario,
        to: SocketAddr,
        connections: usize,
    ) -> Result<Self, String> {
        let count = connections.max(1);
        let lanes = match scenario.asked {
            Asked::Http1 { .. } => {
                Lanes::Http1((0..count).map(|_| Connection::open(to)).collect::<Result<_, _>>()?)
            }
            Asked::Grpc(method) => Lanes::Grpc(grpc_client::Lanes::open(to, method, count)?),
        };
        Ok(Self { scenario, lanes, next_id: 1, ids: TraceIds::from_clock() })
    }

    /// Sends `requests` requests and reads their answers; each must be a 200 with a body.
    ///
    /// The trace ids sent as sampled are added to `sent`.
    pub(crate) fn run(
        &mut self,
        requests: u64,
        propagation: Propagation,
        sent: &mut SentTraces,
    ) -> Result<(), String> {
        let connections = match &mut self.lanes {
            Lanes::Http1(connections) => connections,
            Lanes::Grpc(lanes) => {
                let mut first = self.next_id;
                self.next_id += requests;
                return lanes.run(requests, || {
                    first += 1;
                    (first, parent(propagation, &mut self.ids, sent))
                });
            }
        };
        let lanes = connections.len() as u64;
        let mut text = Vec::with_capacity(256);
        for turn in 0..requests + lanes {
            let connection = &mut connections[(turn % lanes) as usize];
            if turn >= lanes && turn - lanes < requests {
                connection.read_answer()?;
            }
            if turn < requests {
                write_request(&mut text, self.scenario, self.next_id, propagation, &mut self.ids, sent);
                self.next_id += 1;
                connection.stream.write_all(&text).map_err(|error| format!("send: {error}"))?;
            }
        }
        Ok(())
    }
}

/// `GET path` on a connection of its own; the body.
pub(crate) fn get(from: SocketAddr, path: &str) -> Result<String, String> {
    let mut connection = Connection::open(from)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {from}\r\nConnection: close\r\n\r\n");
    connection.stream.write_all(request.as_bytes()).map_err(|error| format!("send: {error}"))?;
    connection.stream.read_to_end(&mut connection.buffer).map_err(|error| format!("receive: {error}"))?;
    let text = String::from_utf8_lossy(&connection.buffer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("an answer without an end of head")?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("GET {path}: {}", head.lines().next().unwrap_or_default()));
    }
    Ok(body.to_owned())
}

fn write_request(
    text: &mut Vec<u8>,
    scenario: &Scenario,
    id: u64,
    propagation: Propagation,
    ids: &mut TraceIds,
    sent: &mut SentTraces,
) {
    text.clear();
    let Asked::Http1 { request_line, body } = scenario.asked else { return };
    request_line(text, id);
    text.extend_from_slice(b"Host: users.local\r\nUser-Agent: bench\r\nAccept: application/json\r\n");
    // Writing to a vector cannot fail.
    if !body.is_empty() {
        let length = body.len();
        let _ = write!(text, "Content-Type: application/json\r\nContent-Length: {length}\r\n");
    }
    if let Some(parent) = parent(propagation, ids, sent) {
        let _ = write!(text, "traceparent: {parent}\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(body.as_bytes());
}

/// The `traceparent` of the next request, where it has one.
fn parent(propagation: Propagation, ids: &mut TraceIds, sent: &mut SentTraces) -> Option<String> {
    let Propagation::Continue { sampled } = propagation else { return None };
    let (trace, span) = (ids.next_trace(), ids.next() | 1);
    let flag = ids.share() < sampled;
    if flag {
        sent.push(trace.to_be_bytes());
    }
    Some(format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(flag)))
}

impl Connection {
    fn open(to: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(to).map_err(|error| format!("connect to {to}: {error}"))?;
        let settings = stream
            .set_nodelay(true)
            // Long, because a server under callgrind runs some fifty times slower.
            .and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(60))));
        settings.map_err(|error| format!("set up a connection: {error}"))?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Reads one answer: a 200 with a `content-length` and a body that long.
    fn read_answer(&mut self) -> Result<(), String> {
        self.buffer.clear();
        let mut chunk = [0; 4096];
        loop {
            if let Some(length) = answer_length(&self.buffer)?
                && self.buffer.len() >= length
            {
                // With no pipelining nothing can follow the answer.
                return if self.buffer.len() == length {
                    Ok(())
                } else {
                    Err("bytes after the answer".into())
                };
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err("the server closed a connection".to_owned()),
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) => return Err(format!("receive: {error}")),
            }
        }
    }
}

/// The length of head and body together once the head is complete.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "an answer's head is not UTF-8")?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("answered {:?}", head.lines().next().unwrap_or_default()));
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse::<usize>().ok())
        .filter(|length| *length > 0)
        .ok_or("an answer without a body of known length")?;
    Ok(Some(end + 4 + length))
}

/// Ids that no other run sends: a xorshift* generator (Marsaglia, Vigna) seeded by the clock.
struct TraceIds(u64);

impl TraceIds {
    fn from_clock() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(now.as_nanos() as u64 | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn next_trace(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next() | 1)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
