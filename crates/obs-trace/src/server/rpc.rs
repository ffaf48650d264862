//! What a server span says of a remote procedure call, by the OpenTelemetry semantic conventions for gRPC (release candidate).

use obs_core::Outcome;
use obs_core::keys::attribute;
use obs_core::observe::{End, Request, RpcCall, RpcEnd, RpcMethod};

use super::List;

/// The protocol, and the name of a span whose method is not known.
const SYSTEM: &str = "grpc";

/// The name of the span: a scanner's inventions make none.
pub(super) fn name(call: &RpcCall) -> &'static str {
    if call.method.full == RpcMethod::OTHER { SYSTEM } else { call.method.full }
}

/// The code where the caller is told one, the outcome's word where it only sees the call break off.
pub(super) fn error_type(end: &End<'_>, how: &RpcEnd) -> &'static str {
    match end.outcome {
        Outcome::Panicked => end.outcome.as_str(),
        _ => how.code.as_str(),
    }
}

#[cold]
pub(super) fn describe<'a>(list: &mut List<'a>, request: &Request<'a>, call: &RpcCall, how: &RpcEnd) {
    list.text(attribute::RPC_SYSTEM_NAME, SYSTEM);
    list.text(attribute::RPC_METHOD, call.method.full);
    if call.method.full == RpcMethod::OTHER {
        list.text(attribute::RPC_METHOD_ORIGINAL, request.path.strip_prefix('/').unwrap_or(request.path));
    }
    list.text(attribute::RPC_RESPONSE_STATUS_CODE, how.code.as_str());
}
