//! The stacks a request can go through: one file each, one list, nothing else here knows a name.

mod assembled;
mod bare;
mod call;
mod obs;
mod pipeline;
mod ready_made;

use crate::scenario::{Called, Role};
use axum::Router;
use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

/// One row of the tables.
pub(crate) struct Row {
    /// The name on the command line and in the tables.
    pub(crate) name: &'static str,
    /// The share of requests that are traced.
    pub(crate) ratio: f64,
    /// How many instructions over the first row a request may cost: the row fails above it.
    pub(crate) gate: Option<u32>,
    /// Builds the stack around a service, inside the server's runtime.
    pub(crate) build: fn(Service, &Surroundings) -> Result<Stack, String>,
    /// What must be found outside for the row to count; `None` for a stack without telemetry.
    pub(crate) evidence: Option<Evidence>,
}

/// Every row, in the order of the tables. The first one is what ratios are taken to.
pub(crate) const ROWS: &[Row] = &[
    Row { name: "bare", ratio: 0.0, gate: None, build: bare::build, evidence: None },
    Row { name: "obs-100", ratio: 1.0, gate: Some(12_000), build: obs::build, evidence: Some(obs::EVIDENCE) },
    Row { name: "obs-10", ratio: 0.1, gate: None, build: obs::build, evidence: Some(obs::EVIDENCE) },
    Row {
        name: "assembled-100",
        ratio: 1.0,
        gate: None,
        build: assembled::build,
        evidence: Some(assembled::EVIDENCE),
    },
    Row {
        name: "assembled-10",
        ratio: 0.1,
        gate: None,
        build: assembled::build,
        evidence: Some(assembled::EVIDENCE),
    },
    Row {
        name: "ready-made-100",
        ratio: 1.0,
        gate: None,
        build: ready_made::build,
        evidence: Some(ready_made::EVIDENCE),
    },
    Row {
        name: "ready-made-10",
        ratio: 0.1,
        gate: None,
        build: ready_made::build,
        evidence: Some(ready_made::EVIDENCE),
    },
];

/// The names of all rows.
pub(crate) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.name).collect()
}

/// The row called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// The service to be surrounded.
pub(crate) struct Service {
    pub(crate) role: &'static Role,
    /// The address of what it calls.
    pub(crate) next: String,
}

type Answer = Pin<Box<dyn Future<Output = reqwest::Result<reqwest::Response>> + Send>>;

/// How a stack sends a call that is ready to be sent.
pub(crate) type Sends = dyn Fn(reqwest::RequestBuilder, Called) -> Answer + Send + Sync;

/// Makes the calls of a service; the box around each is the same for every stack.
#[derive(Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    url: Arc<str>,
    called: Called,
    send: Arc<Sends>,
}

impl Service {
    /// The service itself, which makes its calls by `send`.
    pub(crate) fn router(self, send: Arc<Sends>) -> Router {
        let called = self.role.calls.unwrap_or(Called { target: "", route: "" });
        let url = format!("http://{}{}", self.next, called.route).into();
        (self.role.router)(Caller { http: reqwest::Client::new(), url, called, send })
    }
}

impl Caller {
    /// Asks the next service.
    pub(crate) async fn call<T: DeserializeOwned>(&self, body: &impl Serialize) -> Result<T, StatusCode> {
        let request = self.http.post(&*self.url).json(body);
        let answer = (self.send)(request, self.called).await.and_then(reqwest::Response::error_for_status);
        answer.map_err(|_| StatusCode::BAD_GATEWAY)?.json().await.map_err(|_| StatusCode::BAD_GATEWAY)
    }
}

/// A call as reqwest makes it.
pub(crate) fn plain() -> Arc<Sends> {
    Arc::new(|request, _| Box::pin(request.send()))
}

/// Where a stack's telemetry goes.
pub(crate) struct Surroundings {
    /// The share of requests to trace, by a parent-based ratio sampler.
    pub(crate) ratio: f64,
    /// The file for access lines.
    pub(crate) log_file: PathBuf,
    /// The OTLP receiver for http/protobuf: `http://127.0.0.1:PORT`, without `/v1/traces`.
    pub(crate) otlp: String,
}

/// A service with its telemetry, ready to be served.
pub(crate) struct Stack {
    /// The service, instrumented.
    pub(crate) app: Router,
    /// Where `GET /metrics` answers; `None` if the app itself does, or if there is none.
    pub(crate) metrics: Option<SocketAddr>,
    /// Hands finished telemetry to the outside; called from a plain thread, more than once.
    pub(crate) flush: Box<dyn Fn() + Send>,
    /// Ends the stack and leaves nothing behind; called once, outside async code, after the last request.
    pub(crate) shutdown: Box<dyn FnOnce()>,
}

/// How to recognise a request in what a stack gave out.
#[derive(Clone, Copy)]
pub(crate) struct Evidence {
    /// Whether a line of the log file is the access line of a request for the route.
    pub(crate) is_access_line: fn(&str, &str) -> bool,
    /// Whether an access line says that its request is traced, where lines say so.
    pub(crate) says_sampled: Option<fn(&str) -> bool>,
    /// The family on `/metrics` that counts requests; the series of the route are summed.
    pub(crate) counter: &'static str,
}
