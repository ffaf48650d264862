//! The requests a checker sends, each with ids that the checker made, and what came back.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::http::{Connection, Response};
use crate::ids::Ids;

const CLIENTS: usize = 8;

/// One request with the ids it carries.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) target: String,
    /// The body; empty for none.
    pub(super) json: String,
    pub(super) trace_id: String,
    /// The span the request says it comes from.
    pub(super) parent_id: String,
    pub(super) request_id: String,
}

impl Request {
    pub(super) fn new(ids: &mut Ids, method: &'static str, target: String, json: String) -> Self {
        let number = ids.number();
        Self {
            method,
            target,
            json,
            trace_id: ids.trace_id(),
            parent_id: ids.span_id(),
            // Half of them as a gateway with a business id would write them.
            request_id: if number.is_multiple_of(2) {
                format!("ORD-2026-{number:016x}")
            } else {
                format!("e2e.{number:x}~{}", number % 10)
            },
        }
    }

    /// The target without its query.
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Writes it, and nothing of it is read yet.
    pub(super) fn write(&self, connection: &mut Connection) -> io::Result<()> {
        let traceparent = format!("00-{}-{}-01", self.trace_id, self.parent_id);
        let headers = [("traceparent", traceparent.as_str()), ("X-Request-ID", &self.request_id)];
        if self.json.is_empty() {
            connection.write(self.method, &self.target, &headers)
        } else {
            connection.write_json(self.method, &self.target, &headers, &self.json)
        }
    }
}

/// Sends all of them over a few connections at a time; the answers come in the order of the requests.
pub(super) fn send(service: SocketAddr, requests: &[&Request]) -> Vec<Result<Response>> {
    let next = AtomicUsize::new(0);
    let unsent = || Err("it was not sent".to_owned());
    let answers: Mutex<Vec<_>> = Mutex::new(requests.iter().map(|_| unsent()).collect());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut connection = None;
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(at) else { return };
                    let answer = one(service, &mut connection, request)
                        .map_err(|error| format!("{} {}: {error}", request.method, request.target));
                    answers.lock().unwrap_or_else(PoisonError::into_inner)[at] = answer;
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn one(service: SocketAddr, connection: &mut Option<Connection>, request: &Request) -> io::Result<Response> {
    // Taken out, so that after an error the next request opens a new one.
    let mut open = match connection.take() {
        Some(open) => open,
        None => Connection::open(service)?,
    };
    request.write(&mut open)?;
    let response = open.read(request.method)?;
    if stays_open(&response) {
        *connection = Some(open);
    }
    Ok(response)
}

/// Whether another request may follow on the connection.
pub(super) fn stays_open(response: &Response) -> bool {
    !response.header("connection").eq_ignore_ascii_case("close")
}
