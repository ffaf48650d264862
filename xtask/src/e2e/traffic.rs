//! The requests the checker sends: what each one is, and what came back.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Result;
use crate::http::{Connection, Response};
use crate::ids::Ids;

/// How many requests a run sends.
pub(super) const REQUESTS: usize = 500;

const CLIENTS: usize = 8;

/// What a request is to be counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Series {
    pub(super) route: &'static str,
    pub(super) method: &'static str,
    pub(super) status: u16,
}

/// One request with the ids it carries.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) series: Series,
    /// The method as sent, which for an unknown one is not the method as counted.
    method: &'static str,
    pub(super) target: String,
    pub(super) trace_id: String,
    /// The span the request says it comes from.
    pub(super) parent_id: String,
    pub(super) request_id: String,
}

/// A request and its response.
pub(super) struct Sent {
    pub(super) planned: Planned,
    pub(super) response: Result<Response>,
}

/// A round of the mix: mostly normal, some slow, some faults, some that no route knows.
const ROUND: [(&str, &str, &str, u16); 20] = [
    ("GET", "/api/hello", "/api/hello", 200),
    ("GET", "/api/users/N", "/api/users/{id}", 200),
    ("GET", "/api/hello", "/api/hello", 200),
    ("GET", "/api/slow", "/api/slow", 200),
    ("GET", "/api/fail", "/api/fail", 500),
    ("GET", "/api/hello", "/api/hello", 200),
    ("GET", "/scan/N/.env", "unmatched", 404),
    ("GET", "/api/users/N?verbose=1", "/api/users/{id}", 200),
    ("GET", "/api/hello", "/api/hello", 200),
    ("POST", "/wp-login.php?n=N", "unmatched", 404),
    ("GET", "/api/hello", "/api/hello", 200),
    ("GET", "/api/slow", "/api/slow", 200),
    ("GET", "/api/users/N", "/api/users/{id}", 200),
    ("GET", "/api/hello", "/api/hello", 200),
    ("BREW", "/pot/N", "unmatched", 404),
    ("GET", "/api/fail", "/api/fail", 500),
    ("GET", "/api/hello", "/api/hello", 200),
    ("GET", "/api/users/N", "/api/users/{id}", 200),
    ("GET", "/api/hello?N", "/api/hello", 200),
    ("GET", "/%FF%00/N", "unmatched", 404),
];

/// As many requests as `count`, each with ids of its own.
pub(super) fn plan(count: usize) -> Vec<Planned> {
    let mut ids = Ids::new();
    let rounds = ROUND.iter().cycle().take(count).enumerate();
    rounds
        .map(|(number, &(method, target, route, status))| Planned {
            series: Series { route, method: counted(method), status },
            method,
            target: target.replace('N', &number.to_string()),
            trace_id: ids.trace_id(),
            parent_id: ids.span_id(),
            // Half of them as a gateway with a business id would write them.
            request_id: if number % 2 == 0 {
                format!("ORD-2026-{number:06}")
            } else {
                format!("e2e.{:x}~{number}", ids.number())
            },
        })
        .collect()
}

/// The closed set of methods, and one name for all others.
fn counted(method: &'static str) -> &'static str {
    if matches!(method, "GET" | "POST") { method } else { "_OTHER" }
}

/// Sends all of them, over a few connections at a time.
pub(super) fn send(service: SocketAddr, plan: &[Planned]) -> Vec<Sent> {
    let next = AtomicUsize::new(0);
    let sent = Mutex::new(Vec::with_capacity(plan.len()));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut connection = None;
                while let Some(planned) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let response = one(service, &mut connection, planned)
                        .map_err(|error| format!("{} {}: {error}", planned.method, planned.target));
                    let one = Sent { planned: planned.clone(), response };
                    sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(one);
                }
            });
        }
    });
    sent.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn one(
    service: SocketAddr,
    connection: &mut Option<Connection>,
    planned: &Planned,
) -> std::io::Result<Response> {
    // Taken out, so that after an error the next request opens a new one.
    let mut open = match connection.take() {
        Some(open) => open,
        None => Connection::open(service)?,
    };
    let traceparent = format!("00-{}-{}-01", planned.trace_id, planned.parent_id);
    let headers = [("traceparent", traceparent.as_str()), ("X-Request-ID", &planned.request_id)];
    let response = open.send(planned.method, &planned.target, &headers)?;
    if !response.header("connection").eq_ignore_ascii_case("close") {
        *connection = Some(open);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_request_has_ids_of_its_own_and_each_kind_is_there() {
        let plan = plan(REQUESTS);
        assert_eq!(plan.len(), REQUESTS);
        let unique = |of: fn(&Planned) -> &String| plan.iter().map(of).collect::<HashSet<_>>().len();
        assert_eq!(unique(|planned| &planned.trace_id), REQUESTS);
        assert_eq!(unique(|planned| &planned.parent_id), REQUESTS);
        assert_eq!(unique(|planned| &planned.request_id), REQUESTS);
        let statuses: HashSet<_> = plan.iter().map(|planned| planned.series.status).collect();
        assert_eq!(statuses, HashSet::from([200, 404, 500]));
        assert!(plan.iter().any(|planned| planned.series.method == "_OTHER"));
    }
}
