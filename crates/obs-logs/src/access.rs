//! One line for each request that has ended.

use obs_core::Timestamp;
use obs_core::context::{Context, Muted, Route, is_silenced};
use obs_core::keys::{field, target};
use obs_core::observe::{End, Keep, Observer, Request, UpgradeEnd, Verdict};
use tracing_core::Level;

use crate::Logs;
use crate::engine::OwnLine;
use crate::format::{Label, Line, Site};
use crate::plan::Own;

/// Writes the access line: target [`AccessLog::TARGET`], message `request`, and after it `method`, `route` (or
/// `unmatched`), `path`, `status_code` (left out where no head was made), `rpc_method` and `rpc_code` (of remote procedure
/// calls), `outcome`, `duration_ms` (with three
/// decimals), `head_ms` and `request_bytes` (where they are measured), `response_bytes`, `client_address`, `user_agent` and `error` (each left out where it is not known).
///
/// At `ERROR` for what an error rate counts (server errors, panics, time-outs), else at `INFO`: a client's own fault
/// and its going away are no errors of the service. The filter applies to it as to any target. The fields that were
/// set on the request stand behind its ids; one named like a field of the line's own is left out where that is there.
///
/// A connection that was upgraded has a line of its own at its end: message [`AccessLog::UPGRADED`], the ids of the request that
/// asked for it, and `protocol`, with the bytes that came and were sent in the place of those of bodies.
///
/// Where the engine has a flight recorder, it is told by this how each request ended, and what it has of one that failed is
/// written in front of the access line.
#[derive(Debug)]
pub struct AccessLog {
    logs: Logs,
    info: Site,
    error: Site,
    labels: [Label; 15],
}

/// The message of every access line.
const MESSAGE: &str = "request";

/// How what a line is about ended: a request, or the connection that was upgraded by it. Of which kind is known where this is
/// compiled, so that requests do not pay for the question.
struct Ended<'a, const UPGRADED: bool> {
    end: &'a End<'a>,
    upgrade: Option<&'a UpgradeEnd<'a>>,
}

impl<const UPGRADED: bool> Ended<'_, UPGRADED> {
    const MESSAGE: &'static str = if UPGRADED { AccessLog::UPGRADED } else { MESSAGE };

    #[inline]
    fn sent(&self) -> Option<u64> {
        if UPGRADED { self.upgrade?.sent } else { Some(self.end.response_bytes) }
    }

    #[inline]
    fn protocol(&self) -> Option<&str> {
        if UPGRADED { self.upgrade?.protocol } else { None }
    }
}

impl AccessLog {
    /// The target of access lines.
    pub const TARGET: &str = target::ACCESS;

    /// The message of lines about upgraded connections that have ended.
    pub const UPGRADED: &str = "upgraded connection";

    /// Access lines through `logs`.
    pub fn new(logs: Logs) -> Self {
        let labels = Label::all([
            field::METHOD,
            field::ROUTE,
            field::PATH,
            field::STATUS_CODE,
            field::RPC_METHOD,
            field::RPC_CODE,
            field::OUTCOME,
            field::DURATION_MS,
            field::HEAD_MS,
            field::REQUEST_BYTES,
            field::RESPONSE_BYTES,
            field::CLIENT_ADDRESS,
            field::USER_AGENT,
            field::ERROR,
            field::PROTOCOL,
        ]);
        let rules = &logs.base().redaction;
        let site = |level| Site::of(Self::TARGET, level, rules).knowing(&labels);
        let (info, error) = (site(Level::INFO), site(Level::ERROR));
        Self { logs, info, error, labels }
    }

    fn fields<L: Line + ?Sized, const UPGRADED: bool>(
        &self,
        line: &mut L,
        context: &Context,
        request: &Request<'_>,
        ended: &Ended<'_, UPGRADED>,
    ) {
        let end = ended.end;
        let [
            method,
            route,
            path,
            status_code,
            rpc_method,
            rpc_code,
            outcome,
            duration_ms,
            head_ms,
            request_bytes,
            response_bytes,
            client_address,
            user_agent,
            error,
            spoken,
        ] = &self.labels;
        line.message(Ended::<UPGRADED>::MESSAGE);
        line.text(method, request.method.as_str());
        line.text(route, context.local().route().unwrap_or(Route::UNMATCHED).as_str());
        line.text(path, request.path);
        if let Some(status) = end.status {
            line.number(status_code, u64::from(status));
        }
        if let Some((call, how)) = request.rpc.zip(end.rpc) {
            line.text(rpc_method, call.method.full);
            line.text(rpc_code, how.code.as_str());
        }
        line.text(outcome, end.outcome.as_str());
        line.millis(duration_ms, end.duration);
        if let Some(head) = end.head {
            line.millis(head_ms, head);
        }
        if let Some(bytes) = end.request_bytes {
            line.number(request_bytes, bytes);
        }
        if let Some(bytes) = ended.sent() {
            line.number(response_bytes, bytes);
        }
        if let Some(peer) = request.peer {
            line.address(client_address, peer.ip());
        }
        line.text_if(user_agent, request.user_agent);
        line.text_if(error, end.error.map(|text| self.info.rules.redact(text)).as_deref());
        line.text_if(spoken, ended.protocol());
    }
}

impl AccessLog {
    /// `request` holds no secret.
    fn write<const UPGRADED: bool>(
        &self,
        line: OwnLine<'_>,
        context: &Context,
        request: &Request<'_>,
        end: &Ended<'_, UPGRADED>,
    ) {
        let _ = self.logs.native(
            line,
            |line| self.fields(line, context, request, end),
            |line| self.fields(line, context, request, end),
            || self.written(request, end),
        );
    }

    #[inline]
    fn tell<const UPGRADED: bool>(
        &self,
        context: &Context,
        request: &Request<'_>,
        ended: &Ended<'_, UPGRADED>,
        at: Option<Timestamp>,
    ) {
        let failed = ended.end.outcome.is_error();
        let (own, site) = if failed { (Own::FailedAccess, &self.error) } else { (Own::Access, &self.info) };
        let wanted = self.logs.plan_own(own).is_anything() && !context.local().mutes(Muted::LINE);
        if !wanted || is_silenced() {
            return;
        }
        let line = OwnLine { own, site, kind: Ended::<UPGRADED>::MESSAGE, context: Some(context), at };
        request.shown(&site.rules, |request| self.write(line, context, request, ended));
    }

    /// The bits of the labels that are on the line. Asked only where the request has fields of its own.
    fn written<const UPGRADED: bool>(&self, request: &Request<'_>, ended: &Ended<'_, UPGRADED>) -> u64 {
        let end = ended.end;
        let [_, _, _, status_code, rpc_method, rpc_code, _, _, rest @ ..] = &self.labels;
        let [head_ms, request_bytes, response_bytes, client_address, user_agent, error, protocol] = rest;
        let is_rpc = request.rpc.is_some() && end.rpc.is_some();
        let left_out = [
            (status_code, end.status.is_none()),
            (rpc_method, !is_rpc),
            (rpc_code, !is_rpc),
            (head_ms, end.head.is_none()),
            (request_bytes, end.request_bytes.is_none()),
            (response_bytes, ended.sent().is_none()),
            (client_address, request.peer.is_none()),
            (user_agent, request.user_agent.is_none()),
            (error, end.error.is_none()),
            (protocol, ended.protocol().is_none()),
        ];
        let left_out = left_out.into_iter().filter(|(_, left_out)| *left_out);
        left_out.fold(u64::MAX, |written, (label, _)| written & !label.bit)
    }
}

impl Observer for AccessLog {
    fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
        match self.logs.recorder() {
            Some(recorder) => recorder.judge(context, end),
            None => Keep::Abstain,
        }
    }

    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, _: Verdict) {
        if let Some(recorder) = self.logs.recorder() {
            recorder.finish(&self.logs, context, end);
        }
        // The end by the clock of the span: no other reading is needed, and the two agree.
        let at = request.started.after(end.duration);
        let at = (request.started != Timestamp::default()).then_some(at);
        self.tell(context, request, &Ended::<false> { end, upgrade: None }, at);
    }

    #[cold]
    fn closed(&self, context: &Context, request: &Request<'_>, end: &UpgradeEnd<'_>) {
        let mut ended = End::new(end.outcome, end.duration);
        ended.request_bytes = end.received;
        self.tell(context, request, &Ended::<true> { end: &ended, upgrade: Some(end) }, None);
    }
}
