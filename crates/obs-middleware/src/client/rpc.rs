//! What a call knows besides where it is one of gRPC.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{HeaderMap, Request};
use obs_core::Outcome;
use obs_core::keys::{attribute, metric};
use obs_core::observe::{Operation, OperationEnd, OperationKind, RpcCode, RpcMethod};

use super::call::{List, Open, SERVER_ERROR};
use crate::cause::Fault;
use crate::grpc::{self, Messages, Methods};

/// The protocol, and the name of a span whose method is not known.
const SYSTEM: &str = "grpc";

/// One call.
pub(super) struct Rpc {
    methods: Arc<Methods>,
    /// What is asked for. Where a call is handed on it is somebody else's text.
    path: Option<PathAndQuery>,
    method: RpcMethod,
    /// How long it may take.
    deadline: Option<Duration>,
    told: Option<RpcCode>,
    /// The text that came with a code other than `OK`.
    message: Option<String>,
    /// Of an answer by gRPC, while the method is not known.
    received: Option<Messages>,
}

/// How a call ended: the code its caller is told, and under which kind it failed.
pub(super) type Ended = (Outcome, RpcCode, Option<&'static str>);

impl Rpc {
    #[cold]
    pub(super) fn begin<B>(methods: &Arc<Methods>, request: &Request<B>) -> Box<Self> {
        let uri = request.uri();
        Box::new(Self {
            methods: Arc::clone(methods),
            path: uri.path_and_query().cloned(),
            method: methods.look(uri.path()),
            deadline: grpc::timeout(request.headers()),
            told: None,
            message: None,
            received: None,
        })
    }

    /// Reads the answer's head.
    pub(super) fn answers(&mut self, headers: &HeaderMap) {
        let is_known = self.method.route.is_some();
        if !is_known && headers.get(CONTENT_TYPE).is_some_and(grpc::is_grpc) {
            self.received = Some(Messages::default());
        }
        self.tells(headers);
    }

    pub(super) fn receives(&mut self, data: &impl Buf) {
        if let Some(received) = &mut self.received {
            received.read(data);
        }
    }

    /// From its answer on a method may be known.
    pub(super) fn learn(&mut self) {
        if self.method.route.is_none() {
            let received = self.received.as_ref().map(Messages::passed).unwrap_or_default();
            self.method = self.methods.learn(self.path(), self.told, received);
        }
    }

    fn path(&self) -> &str {
        self.path.as_ref().map_or("", PathAndQuery::path)
    }

    /// Reads the status of headers or trailers; the last one that is there counts.
    pub(super) fn tells(&mut self, headers: &HeaderMap) {
        if let Some(code) = grpc::code(headers) {
            self.told = Some(code);
            self.message = if code == RpcCode::Ok { None } else { grpc::message(headers) };
        }
    }

    /// What the other side said of its error. Given once.
    pub(super) fn take_message(&mut self) -> Option<String> {
        self.message.take()
    }

    /// The method in full, or what stands for it where it is not known.
    pub(super) fn name(&self) -> &'static str {
        if self.method.full == RpcMethod::OTHER { SYSTEM } else { self.method.full }
    }

    pub(super) fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// The answer came to its end, `http` being its status.
    pub(super) fn answered(&self, http: Option<u16>) -> Ended {
        let code = self.told.unwrap_or(match http {
            Some(200) | None => RpcCode::Unknown,
            Some(other) => RpcCode::of_http(other),
        });
        match code.of_server() {
            // What the other side has given up, nobody here has.
            Outcome::Cancelled => (Outcome::ClientError, code, None),
            Outcome::TimedOut => (Outcome::TimedOut, code, Some(Fault::Timeout.as_str())),
            Outcome::ServerError => (Outcome::ServerError, code, Some(SERVER_ERROR)),
            outcome => (outcome, code, None),
        }
    }

    /// No answer came, or it broke off. What tonic tells its caller.
    pub(super) fn failed(&self, fault: Fault) -> Ended {
        let code = match fault {
            Fault::Timeout => return self.late(),
            Fault::Dns | Fault::Connect | Fault::Tls | Fault::Reset => RpcCode::Unavailable,
            _ => RpcCode::Unknown,
        };
        (Outcome::ServerError, code, Some(fault.as_str()))
    }

    fn late(&self) -> Ended {
        (Outcome::TimedOut, RpcCode::DeadlineExceeded, Some(Fault::Timeout.as_str()))
    }

    /// Nobody waits for it any more.
    pub(super) fn given_up(&self, after: Duration) -> Ended {
        if self.deadline.is_some_and(|deadline| after >= deadline) {
            self.late()
        } else {
            (Outcome::Cancelled, RpcCode::Cancelled, None)
        }
    }

    /// Tells the observers.
    #[inline(never)]
    pub(super) fn close(&self, open: &Open, ended: Ended, mut end: OperationEnd<'_>) {
        let (outcome, code, fault) = ended;
        (end.outcome, end.fault, end.result) = (outcome, fault, Some(code.as_str()));
        end.status = open.status.map(|status| status.as_u16());
        let labels = [open.target.as_str(), self.method.service, self.method.method];
        let mut operation = Operation::new(OperationKind::Client, self.name(), &metric::RPC_CLIENT, &labels);
        operation.parent = open.parent;
        operation.is_parent_remote = open.context.is_called_by(open.parent);
        operation.started = open.started;
        let mut list = List::new();
        if open.context.is_recording() {
            list.text(attribute::RPC_SYSTEM_NAME, SYSTEM);
            list.text(attribute::RPC_METHOD, self.method.full);
            if self.method.full == RpcMethod::OTHER {
                let path = self.path();
                list.text(attribute::RPC_METHOD_ORIGINAL, path.strip_prefix('/').unwrap_or(path));
            }
            list.text(attribute::RPC_RESPONSE_STATUS_CODE, code.as_str());
            open.place_of(&mut list);
            list.text(attribute::SERVICE_PEER_NAME, open.target.as_str());
            open.part().describe(&mut list, attribute::PREVIOUS_RPC_ATTEMPTS);
            list.text(attribute::OUTCOME, outcome.as_str());
            // The code where one was told, the kind where the call failed without.
            let is_error = !matches!(outcome, Outcome::Success | Outcome::Cancelled);
            let kind = fault.filter(|_| self.told.is_none()).unwrap_or(code.as_str());
            if is_error {
                list.text(attribute::ERROR_TYPE, kind);
            }
        }
        operation.attributes = list.as_slice();
        open.base.operations.finish(&open.context, &operation, &end);
    }
}
