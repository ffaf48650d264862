//! The requests the checker sends to the quickstart: what each one is to be counted as, and what came back.

use std::net::SocketAddr;

use super::super::requests::{self, Request};
use crate::Result;
use crate::http::Response;
use crate::ids::Ids;

/// How many requests a run sends.
pub(super) const REQUESTS: usize = 500;

/// What a request is to be counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Series {
    pub(super) route: &'static str,
    /// The method as counted, which for an unknown one is not the method as sent.
    pub(super) method: &'static str,
    pub(super) status: u16,
}

/// A request before it is sent.
struct Planned {
    series: Series,
    request: Request,
}

/// A request and its response.
pub(super) struct Sent {
    pub(super) series: Series,
    pub(super) request: Request,
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

/// Sends as many requests as `count`, each with ids of its own.
pub(super) fn send(service: SocketAddr, count: usize) -> Vec<Sent> {
    let plan = plan(count);
    let requests: Vec<_> = plan.iter().map(|planned| &planned.request).collect();
    let responses = requests::send(service, &requests);
    let sent = plan.into_iter().zip(responses);
    sent.map(|(Planned { series, request }, response)| Sent { series, request, response }).collect()
}

fn plan(count: usize) -> Vec<Planned> {
    let mut ids = Ids::new();
    let rounds = ROUND.iter().cycle().take(count).enumerate();
    rounds
        .map(|(number, &(method, target, route, status))| Planned {
            series: Series { route, method: counted(method), status },
            request: Request::new(&mut ids, method, target.replace('N', &number.to_string()), String::new()),
        })
        .collect()
}

/// The closed set of methods, and one name for all others.
fn counted(method: &'static str) -> &'static str {
    if matches!(method, "GET" | "POST") { method } else { "_OTHER" }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_request_has_ids_of_its_own_and_each_kind_is_there() {
        let plan = plan(REQUESTS);
        assert_eq!(plan.len(), REQUESTS);
        let unique = |of: fn(&Request) -> &String| {
            plan.iter().map(|planned| of(&planned.request)).collect::<HashSet<_>>().len()
        };
        assert_eq!(unique(|request| &request.trace_id), REQUESTS);
        assert_eq!(unique(|request| &request.parent_id), REQUESTS);
        assert_eq!(unique(|request| &request.request_id), REQUESTS);
        let statuses: HashSet<_> = plan.iter().map(|planned| planned.series.status).collect();
        assert_eq!(statuses, HashSet::from([200, 404, 500]));
        assert!(plan.iter().any(|planned| planned.series.method == "_OTHER"));
    }
}
