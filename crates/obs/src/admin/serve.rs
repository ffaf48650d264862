//! Answers requests by path, each to whom it is for.

use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Request, Response, StatusCode};

use super::caller::Caller;
use super::counts::{Counts, Refused};
use super::exposed::{self, Exposed};
use super::guard::Guard;
use super::places::{Places, Stage};
use super::rate::Rate;
use super::web::{Current, Web};
use super::{Access, Endpoint, Runs, reply};

/// A body may be as long as this, though nobody reads it.
const MAX_BODY: u64 = 64 * 1024;

/// What a listener serves, and whom.
pub(super) struct Served {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) guard: Guard,
    pub(super) exposed: Exposed,
    pub(super) web: Web,
    pub(super) rate: Rate,
    pub(super) places: Places,
    pub(super) counts: Arc<Counts>,
}

/// Which endpoint it is that answers, and whether in a word or two though more was asked for.
struct Chosen {
    at: usize,
    is_brief: bool,
}

impl Served {
    /// How long a connection may last that is at an endpoint whose answers take long.
    pub(super) fn longest(&self, usual: Duration) -> Duration {
        self.endpoints.iter().filter_map(|endpoint| endpoint.lasts).fold(usual, Duration::max)
    }

    /// Answers a request; `stage` is told how far it is.
    pub(super) async fn respond(
        self: &Arc<Self>,
        request: &Request<()>,
        web: &Current,
        caller: Caller,
        stage: &AtomicU8,
    ) -> Response<Bytes> {
        let mut response = match self.choose(request, web, caller).await {
            Err(refusal) => refusal,
            Ok(Chosen { at, is_brief }) => match &self.endpoints[at] {
                Endpoint { brief: Some(brief), .. } if is_brief => (brief.respond)(request),
                endpoint => {
                    if endpoint.lasts.is_some() {
                        Stage::Lasting.reach(stage);
                    }
                    self.run(at, request).await
                }
            },
        };
        let headers = response.headers_mut();
        headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
        for (name, value) in &web.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }

    async fn choose(
        &self,
        request: &Request<()>,
        web: &Current,
        caller: Caller,
    ) -> Result<Chosen, Response<Bytes>> {
        let path = request.uri().path();
        let found = self.endpoints.iter().position(|endpoint| endpoint.path == path);
        let access = found.map_or(Access::Open, |at| self.endpoints[at].access);
        let is_more = found.is_some_and(|at| self.endpoints[at].is_asked_for_more(request));
        // Probes are not counted against anybody: an orchestrator that is turned away ends the service. What says more
        // than one needs is for people.
        if (access != Access::Probe || is_more) && !self.rate.allows(caller.peer.house(), Instant::now()) {
            self.counts.refused(Refused::Rate);
            return Err(later(reply::text(
                StatusCode::TOO_MANY_REQUESTS,
                "more often than 250 times a second",
            )));
        }
        if let Some(refusal) = body(request) {
            self.counts.refused(Refused::Malformed);
            return Err(refusal);
        }
        if found.is_some_and(|at| !self.exposed.shows(&self.endpoints[at])) {
            return Err(reply::text(StatusCode::NOT_FOUND, exposed::WHY));
        }
        if let Some((why, refusal)) = self.guard.judge(access, request, caller, web, &self.web).await {
            self.counts.refused(why);
            return Err(refusal);
        }
        let at = found.ok_or_else(|| self.not_found())?;
        // The status is the same, so that whoever probes is told what matters and nothing beside it.
        let is_brief = is_more
            && !self.exposed.shows_strangers_more()
            && self.guard.judge(Access::Guarded, request, caller, web, &self.web).await.is_some();
        Ok(Chosen { at, is_brief })
    }

    async fn run(self: &Arc<Self>, at: usize, request: &Request<()>) -> Response<Bytes> {
        let endpoint = &self.endpoints[at];
        if endpoint.runs == Runs::AtOnce {
            return (endpoint.respond)(request);
        }
        let (served, request) = (Arc::clone(self), request.clone());
        let answer = tokio::task::spawn_blocking(move || {
            // As on the admin thread: what is done here is not telemetry.
            let _silence = obs_core::context::silence();
            (served.endpoints[at].respond)(&request)
        });
        answer.await.unwrap_or_else(|_| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }

    fn not_found(&self) -> Response<Bytes> {
        let shown = self.endpoints.iter().filter(|endpoint| self.exposed.shows(endpoint));
        let paths: Vec<_> = shown.map(|endpoint| endpoint.path).collect();
        reply::text(StatusCode::NOT_FOUND, &format!("not found; there is {}", paths.join(", ")))
    }
}

/// How a request with a body that has no place here is refused. None is read: what is asked for stands in the head, and the
/// connection ends with the answer. One without a length, or with one in two ways, is what smugglers send.
fn body(request: &Request<()>) -> Option<Response<Bytes>> {
    if request.headers().contains_key(TRANSFER_ENCODING) {
        return Some(reply::text(
            StatusCode::BAD_REQUEST,
            "no `transfer-encoding` here: bodies are not read",
        ));
    }
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| length > MAX_BODY).then(|| {
        reply::text(StatusCode::PAYLOAD_TOO_LARGE, "bodies are not read, and may have 64 KiB at most")
    })
}

/// The same, with when to come again.
pub(super) fn later(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
