//! `POST /drain` on the admin listener: begins the end, for whoever cannot send a signal.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::handle::ShutdownHandle;
use crate::admin::{Access, Endpoint, Runs};

/// The path, and what has the answer wait.
const DRAIN: &str = "/drain";
const WAIT: &str = "wait";
/// How long an answer waits at most: connections of the admin listener last no longer than this and a bit.
const LONGEST: Duration = Duration::from_secs(25);

impl ShutdownHandle {
    /// Where the end is asked for over HTTP; `delay` is how long connections are still taken then.
    pub(crate) fn endpoint(&self, delay: Duration) -> Option<Endpoint> {
        let handle = self.clone();
        let respond = move |request: &Request<()>| handle.respond(request, delay);
        let endpoint = Endpoint::new(DRAIN, Access::Guarded, Runs::Apart, respond);
        Some(endpoint.about("POST: the end of the service begins"))
    }

    fn respond(&self, request: &Request<()>, delay: Duration) -> Response<Bytes> {
        if request.method() != Method::POST {
            let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, "POST begins the end\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        let waits = match request.uri().query() {
            None | Some("") => false,
            Some(WAIT) => true,
            Some(_) => return answer(StatusCode::BAD_REQUEST, "there is `wait`, and nothing else\n"),
        };
        let asked = self.ask("POST /drain");
        if !waits {
            return answer(StatusCode::ACCEPTED, "draining\n");
        }
        let until = asked.at.checked_add(delay).unwrap_or(asked.at);
        let left = until.saturating_duration_since(Instant::now());
        if left > LONGEST {
            return answer(StatusCode::ACCEPTED, "draining, for longer than an answer can wait\n");
        }
        std::thread::sleep(left);
        answer(StatusCode::OK, "no more connections are taken\n")
    }
}

fn answer(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
