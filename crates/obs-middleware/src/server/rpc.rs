//! What the guard of a request knows besides where that is a remote procedure call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use obs_core::Outcome;
use obs_core::context::{Context, Local};
use obs_core::observe::{self, End, RpcCall, RpcCode, RpcEnd};

use super::incoming::Received;
use super::settings::Tell;
use crate::grpc::{self, Messages, Methods};

/// One call.
pub(super) struct Rpc {
    pub(super) call: RpcCall,
    /// How long the caller waits.
    deadline: Option<Duration>,
    told: Option<RpcCode>,
    /// What was asked for by gRPC was answered by nothing but HTTP: nobody here serves it.
    is_plain: bool,
    message: Option<String>,
    sent: Messages,
    pub(super) received: Option<Arc<Received>>,
}

impl Rpc {
    #[cold]
    pub(super) fn begin<B>(methods: &Methods, request: &Request<B>) -> Box<Self> {
        let method = methods.look(request.uri().path());
        Box::new(Self {
            call: RpcCall { began: method, method },
            deadline: grpc::timeout(request.headers()),
            told: None,
            is_plain: false,
            message: None,
            sent: Messages::default(),
            received: None,
        })
    }

    /// Reads the response's head. A content type is all it takes to ask by gRPC, so that it is the answer which says whether
    /// anybody has understood.
    pub(super) fn answers(&mut self, headers: &HeaderMap) {
        self.is_plain = !headers.get(CONTENT_TYPE).is_some_and(grpc::is_grpc);
        self.tells(headers);
    }

    pub(super) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Reads the status of headers or trailers; the last one that is there counts.
    pub(super) fn tells(&mut self, headers: &HeaderMap) {
        if let Some(code) = grpc::code(headers) {
            self.told = Some(code);
            self.is_plain = false;
            self.message = if code.of_server().is_error() { grpc::message(headers) } else { None };
        }
    }

    pub(super) fn sends(&mut self, data: &impl Buf) {
        self.sent.read(data);
    }

    /// A method that is known is its own route, whatever router is in between.
    pub(super) fn route(&self, local: &Local) {
        if let Some(route) = self.call.method.route {
            local.set_route(route);
        }
    }

    /// Tells the observers of its end. `end` is that of a request which is nothing but HTTP.
    #[inline(never)]
    pub(super) fn conclude(
        &mut self,
        tell: &dyn Tell,
        context: &Context,
        request: observe::Request<'_>,
        end: End<'_>,
    ) {
        let (outcome, code) = self.judge(&end);
        let response = self.sent.passed();
        if self.call.method.route.is_none() && !self.is_plain {
            // From this answer on it may be known.
            self.call.method = tell.options().methods.learn(request.path, self.told, response);
            self.route(context.local());
        }
        let received = self.received.as_ref().map(|received| received.passed());
        let how = RpcEnd { code, request: received, response };
        // Both now borrow from here.
        let (mut request, mut end) = (request, end);
        end.outcome = outcome;
        if outcome.is_error() {
            end.error = end.error.or(self.message.as_deref());
        }
        end.rpc = Some(&how);
        request.rpc = Some(&self.call);
        tell.conclude(context, &request, &end);
    }

    fn judge(&self, end: &End<'_>) -> (Outcome, RpcCode) {
        let has_failed = || self.received.as_ref().is_some_and(|received| received.has_failed());
        let is_gone = !self.is_plain && has_failed();
        match (end.outcome, end.error) {
            // What the caller sees is a stream that is reset.
            (Outcome::Panicked, _) => (Outcome::Panicked, RpcCode::Internal),
            (Outcome::Cancelled, _) if self.is_plain => (Outcome::Cancelled, RpcCode::Cancelled),
            (Outcome::Cancelled, _) => self.given_up(end.duration),
            // What the service makes of a request that breaks off, nobody hears.
            _ if is_gone && self.told != Some(RpcCode::Ok) => self.unheard(end.duration),
            (Outcome::TimedOut, Some(_)) => (Outcome::TimedOut, RpcCode::DeadlineExceeded),
            (_, Some(_)) => (Outcome::ServerError, RpcCode::Internal),
            (by_status, None) => {
                let code = self.answered(end.status);
                (if self.is_plain { by_status } else { code.of_server() }, code)
            }
        }
    }

    /// It came to its end, `http` being the status of the response.
    fn answered(&self, http: Option<u16>) -> RpcCode {
        self.told.unwrap_or(match http {
            Some(200) | None => RpcCode::Unknown,
            Some(other) => RpcCode::of_http(other),
        })
    }

    /// Nobody waits for it any more; it may be that all was said.
    fn given_up(&self, after: Duration) -> (Outcome, RpcCode) {
        self.told.map_or_else(|| self.unheard(after), |code| (code.of_server(), code))
    }

    fn unheard(&self, after: Duration) -> (Outcome, RpcCode) {
        if self.deadline.is_some_and(|deadline| is_over(deadline, after)) {
            (Outcome::TimedOut, RpcCode::DeadlineExceeded)
        } else {
            (Outcome::Cancelled, RpcCode::Cancelled)
        }
    }
}

/// Whether the caller's time was over. It began to wait before we did, and gives up by its own clock: an eighth of the time,
/// at most a second, is what the way here may have taken.
fn is_over(deadline: Duration, after: Duration) -> bool {
    after + (deadline / 8).min(Duration::from_secs(1)) >= deadline
}
