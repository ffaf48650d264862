//! The guard of one call: opened with its context, closed exactly once with its outcome.

use std::any::Any;
use std::fmt::{self, Display, Write};
use std::sync::Arc;

use bytes::Buf;
use http::{HeaderMap, Response, StatusCode};
use obs_core::context::{Context, Route};
use obs_core::fields::Value;
use obs_core::keys::{attribute, metric};
use obs_core::observe::{Method, Operation, OperationEnd, OperationKind, RpcCode, Target};
use obs_core::time::Monotonic;
use obs_core::{Base, Outcome, SpanId, Timestamp};

use super::attempts::Part;
use super::place::Place;
use super::rpc::{Ended, Rpc};
use crate::cause::{self, Fault};
use crate::watch::{Watch, is_bodiless, panic_text};

/// Moves from the client's future to the answer's body. Dropped before it was closed, it closes: by the status if the head has
/// come, and as cancelled otherwise.
pub struct Call(Box<Open>);

pub(super) struct Open {
    calling: bool,
    closed: bool,
    pub(super) base: Arc<Base>,
    pub(super) context: Context,
    pub(super) parent: Option<SpanId>,
    pub(super) target: Target,
    pub(super) route: Option<Route>,
    pub(super) method: Method,
    /// Where it is none of those that [`Method`] knows.
    method_original: Option<Box<http::Method>>,
    /// Of a call that is not recorded nobody is told where it went.
    place: Option<Place>,
    pub(super) started: Timestamp,
    begun: Monotonic,
    pub(super) status: Option<StatusCode>,
    response_bytes: u64,
    /// Where it is one of gRPC.
    rpc: Option<Box<Rpc>>,
    part: Part,
}

/// How many attributes a call has at most.
const MAX_ATTRIBUTES: usize = 12;
/// The kind of a call that was answered by a fault of the other side.
pub(super) const SERVER_ERROR: &str = Outcome::ServerError.as_str();
const PANICKED: &str = Outcome::Panicked.as_str();

impl Call {
    pub(super) fn open(
        base: &Arc<Base>,
        target: Target,
        route: Option<Route>,
        method: &http::Method,
        part: Part,
        place: impl FnOnce() -> Place,
    ) -> Self {
        let (started, begun) = base.clock.moment();
        let (context, parent) = base.open_operation();
        let known = Method::parse(method.as_str());
        // What is made where it stays is moved less.
        Self(Box::new(Open {
            calling: false,
            closed: false,
            base: Arc::clone(base),
            place: context.is_recording().then(place),
            context,
            parent,
            target,
            route,
            method: known,
            method_original: (known == Method::Other).then(|| Box::new(method.clone())),
            started,
            begun,
            status: None,
            response_bytes: 0,
            rpc: None,
            part,
        }))
    }

    pub(super) fn is_rpc(&mut self, rpc: Box<Rpc>) {
        self.0.rpc = Some(rpc);
    }

    /// Whether the client's `call` runs right now, so that a drop meanwhile is its panic.
    pub(super) fn calls(&mut self, calling: bool) {
        self.0.calling = calling;
    }
}

impl Watch for Call {
    fn context(&self) -> &Context {
        &self.0.context
    }

    fn head<B>(&mut self, response: &mut Response<B>) -> bool {
        self.0.status = Some(response.status());
        if let Some(rpc) = &mut self.0.rpc {
            rpc.answers(response.headers());
        }
        is_bodiless(self.0.method, response.status())
    }

    fn ends_with_trailers(&self) -> bool {
        self.0.rpc.is_some()
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(rpc) = &mut self.0.rpc {
            rpc.tells(trailers);
        }
    }

    fn passed<D: Buf>(&mut self, data: &D) -> u64 {
        self.0.response_bytes = self.0.response_bytes.saturating_add(data.remaining() as u64);
        if let Some(rpc) = &mut self.0.rpc {
            rpc.receives(data);
        }
        self.0.response_bytes
    }

    fn complete(mut self) {
        self.0.answered();
    }

    fn fail<E: Display + 'static>(mut self, error: &E) {
        let fault = cause::fault_of(error, &cause::text_of(error));
        let story = cause::story_of(error);
        if let Some(rpc) = &self.0.rpc {
            let ended = rpc.failed(fault);
            return self.0.close_rpc(ended, Some(&story));
        }
        let outcome = if fault == Fault::Timeout { Outcome::TimedOut } else { Outcome::ServerError };
        self.0.close(outcome, Some(fault.as_str()), Some(&story));
    }

    fn panicked(mut self, payload: &(dyn Any + Send)) {
        self.0.close(Outcome::Panicked, Some(PANICKED), panic_text(payload));
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("context", &self.0.context)
            .field("closed", &self.0.closed)
            .finish_non_exhaustive()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let open = &mut *self.0;
        if open.calling && std::thread::panicking() {
            open.close(Outcome::Panicked, Some(PANICKED), None);
        } else if let Some(rpc) = open.rpc.as_ref().filter(|rpc| !rpc.is_told() && !open.is_refused()) {
            let ended = rpc.given_up(open.base.clock.monotonic().since(open.begun));
            open.close_rpc(ended, None);
        } else if open.status.is_some() {
            // Whoever reads a status and leaves the body alone has had the answer.
            open.answered();
        } else {
            open.close(Outcome::Cancelled, None, None);
        }
    }
}

impl Open {
    /// Whether the head was an answer of HTTP's own and none of gRPC's: it tells all, whoever reads the body.
    fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status != StatusCode::OK)
    }

    fn answered(&mut self) {
        if let Some(rpc) = &mut self.rpc {
            let ended = rpc.answered(self.status.map(|status| status.as_u16()));
            let message = rpc.take_message();
            return self.close_rpc(ended, message.as_deref());
        }
        // Not as a server's own: a 408 or 504 is what the other side said, and no patience of ours has run out.
        match self.status.map_or(200, |status| status.as_u16()) {
            500.. => self.close(Outcome::ServerError, Some(SERVER_ERROR), None),
            400..=499 => self.close(Outcome::ClientError, None, None),
            _ => self.close(Outcome::Success, None, None),
        }
    }

    /// The first call counts; a guard that was consumed calls once more when it is dropped.
    fn close(&mut self, outcome: Outcome, fault: Option<&'static str>, error: Option<&str>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let mut end = OperationEnd::new(outcome, self.base.clock.monotonic().since(self.begun));
        if let (Part::Whole(attempts), None) = (&self.part, &self.rpc) {
            (end.fault, end.error) = (fault, error);
            return attempts.close(self, end);
        }
        if let Some(rpc) = &self.rpc {
            // What is closed by something else than an answer or its absence has panicked.
            end.error = error;
            return self.tell_rpc(rpc, (outcome, RpcCode::Internal, fault), end);
        }
        end.status = self.status.map(|status| status.as_u16());
        (end.fault, end.error) = (fault, error);
        let route = self.route.unwrap_or(Route::UNMATCHED);
        let labels = [self.target.as_str(), route.as_str(), self.method.as_str()];
        // `HTTP` where the method is unknown, so that inventions make no names.
        let method = if self.method == Method::Other { "HTTP" } else { self.method.as_str() };
        let mut operation = Operation::new(OperationKind::Client, method, &metric::HTTP_CLIENT, &labels);
        operation.name.1 = self.route.map(Route::as_str);
        operation.parent = self.parent;
        operation.is_parent_remote = self.context.is_called_by(self.parent);
        operation.started = self.started;
        if !self.context.is_recording() {
            return self.base.operations.finish(&self.context, &operation, &end);
        }
        let url = self.place.as_ref().map(Place::url).unwrap_or_default();
        let status = status_text(end.status);
        let mut list = List::new();
        self.describe(&mut list, &url, &status, &end);
        operation.attributes = list.as_slice();
        self.base.operations.finish(&self.context, &operation, &end);
    }

    fn close_rpc(&mut self, ended: Ended, error: Option<&str>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let mut end = OperationEnd::new(ended.0, self.base.clock.monotonic().since(self.begun));
        end.error = error;
        if let Some(rpc) = &mut self.rpc {
            rpc.learn();
        }
        if let Some(rpc) = &self.rpc {
            self.tell_rpc(rpc, ended, end);
        }
    }

    fn tell_rpc(&self, rpc: &Rpc, ended: Ended, mut end: OperationEnd<'_>) {
        match &self.part {
            Part::One { .. } => rpc.close(self, ended, end),
            Part::Whole(attempts) => {
                (end.outcome, end.fault) = (ended.0, ended.2);
                attempts.close(self, end);
            }
        }
    }

    /// By the OpenTelemetry semantic conventions for HTTP client spans (stable).
    fn describe<'a>(&'a self, list: &mut List<'a>, url: &'a str, status: &'a str, end: &OperationEnd<'a>) {
        list.text(attribute::HTTP_REQUEST_METHOD, self.method.as_str());
        if let Some(original) = &self.method_original {
            list.text(attribute::HTTP_REQUEST_METHOD_ORIGINAL, original.as_str());
        }
        // CONNECT asks for a host alone.
        if !url.is_empty() {
            list.text(attribute::URL_FULL, url);
        }
        if let Some(route) = self.route {
            list.text(attribute::URL_TEMPLATE, route.as_str());
        }
        self.place_of(list);
        list.text(attribute::SERVICE_PEER_NAME, self.target.as_str());
        if let Some(status) = end.status {
            list.number(attribute::HTTP_RESPONSE_STATUS_CODE, status.into());
            let bytes = i64::try_from(self.response_bytes).unwrap_or(i64::MAX);
            list.number(attribute::HTTP_RESPONSE_BODY_SIZE, bytes);
        }
        self.part.describe(list, attribute::HTTP_REQUEST_RESEND_COUNT);
        list.text(attribute::OUTCOME, end.outcome.as_str());
        // The status where the answer says what was wrong, the kind where none came or it broke off.
        let by_status = end.status.is_some_and(|status| status >= 400);
        if let Some(kind) = if by_status { Some(status) } else { end.fault } {
            list.text(attribute::ERROR_TYPE, kind);
        }
    }
}

impl Open {
    /// The method where it is one of gRPC, in full.
    pub(super) fn rpc_method(&self) -> Option<&'static str> {
        self.rpc.as_ref().map(|rpc| rpc.name())
    }

    /// What it is among the attempts of one call.
    pub(super) fn part(&self) -> &Part {
        &self.part
    }

    /// Which host it went to, and which port.
    pub(super) fn place_of<'a>(&'a self, list: &mut List<'a>) {
        if let Some((host, port)) = self.place.as_ref().and_then(Place::host) {
            list.text(attribute::SERVER_ADDRESS, host);
            if let Some(port) = port {
                list.number(attribute::SERVER_PORT, port.into());
            }
        }
    }
}

/// The text of a status that is an error.
fn status_text(status: Option<u16>) -> String {
    let mut text = String::new();
    if let Some(status) = status.filter(|status| *status >= 400) {
        let _ = write!(text, "{status}");
    }
    text
}

/// The attributes of one call, on the stack.
pub(super) struct List<'a> {
    pairs: [(&'static str, Value<'a>); MAX_ATTRIBUTES],
    len: usize,
}

impl<'a> List<'a> {
    pub(super) fn new() -> Self {
        Self { pairs: [("", Value::Bool(false)); MAX_ATTRIBUTES], len: 0 }
    }

    pub(super) fn as_slice(&self) -> &[(&'static str, Value<'a>)] {
        &self.pairs[..self.len]
    }

    pub(super) fn text(&mut self, key: &'static str, value: &'a str) {
        self.put(key, Value::Str(value));
    }

    pub(super) fn number(&mut self, key: &'static str, value: i64) {
        self.put(key, Value::I64(value));
    }

    fn put(&mut self, key: &'static str, value: Value<'a>) {
        if let Some(slot) = self.pairs.get_mut(self.len) {
            *slot = (key, value);
            self.len += 1;
        }
    }
}
