//! One line for each request that has ended.

use obs_core::Timestamp;
use obs_core::context::{Context, Route, is_silenced};
use obs_core::keys::{field, target};
use obs_core::observe::{End, Observer, Request, Verdict};
use tracing_core::Level;

use crate::Logs;
use crate::filter::Own;
use crate::format::{Label, Line, Site};

/// Writes the access line: target [`AccessLog::TARGET`], message `request`, and after it `method`, `route` (or
/// `unmatched`), `path`, `status_code` (left out where no head was made), `outcome`, `duration_ms` (with three
/// decimals), `response_bytes`, `client_address`, `user_agent` and `error` (each left out where it is not known).
///
/// At `ERROR` for what an error rate counts (server errors, panics, time-outs), else at `INFO`: a client's own fault
/// and its going away are no errors of the service. The filter applies to it as to any target. The fields that were
/// set on the request stand behind its ids; one named like a field of the line's own is left out where that is there.
#[derive(Debug)]
pub struct AccessLog {
    logs: Logs,
    info: Site,
    error: Site,
    labels: [Label; 10],
}

impl AccessLog {
    /// The target of access lines.
    pub const TARGET: &str = target::ACCESS;

    /// Access lines through `logs`.
    pub fn new(logs: Logs) -> Self {
        let labels = Label::all([
            field::METHOD,
            field::ROUTE,
            field::PATH,
            field::STATUS_CODE,
            field::OUTCOME,
            field::DURATION_MS,
            field::RESPONSE_BYTES,
            field::CLIENT_ADDRESS,
            field::USER_AGENT,
            field::ERROR,
        ]);
        let rules = &logs.base().redaction;
        let site = |level| Site::of(Self::TARGET, level, rules).knowing(&labels);
        let (info, error) = (site(Level::INFO), site(Level::ERROR));
        Self { logs, info, error, labels }
    }

    fn fields<L: Line + ?Sized>(
        &self,
        line: &mut L,
        context: &Context,
        request: &Request<'_>,
        end: &End<'_>,
    ) {
        let [
            method,
            route,
            path,
            status_code,
            outcome,
            duration_ms,
            response_bytes,
            client_address,
            user_agent,
            error,
        ] = &self.labels;
        line.message("request");
        line.text(method, request.method.as_str());
        line.text(route, context.local().route().unwrap_or(Route::UNMATCHED).as_str());
        let rules = &self.info.rules;
        line.text(path, &rules.redact(request.path));
        if let Some(status) = end.status {
            line.number(status_code, u64::from(status));
        }
        line.text(outcome, end.outcome.as_str());
        let micros = end.duration.as_secs().saturating_mul(1_000_000);
        line.thousandths(duration_ms, micros.saturating_add(u64::from(end.duration.subsec_micros())));
        line.number(response_bytes, end.response_bytes);
        if let Some(peer) = request.peer {
            line.address(client_address, peer.ip());
        }
        line.text_if(user_agent, request.user_agent.map(|text| rules.redact(text)).as_deref());
        line.text_if(error, end.error.map(|text| rules.redact(text)).as_deref());
    }
}

impl AccessLog {
    /// The bits of the labels that are on the line. Asked only where the request has fields of its own.
    fn written(&self, request: &Request<'_>, end: &End<'_>) -> u64 {
        let [_, _, _, status_code, _, _, _, client_address, user_agent, error] = &self.labels;
        let left_out = [
            (status_code, end.status.is_none()),
            (client_address, request.peer.is_none()),
            (user_agent, request.user_agent.is_none()),
            (error, end.error.is_none()),
        ];
        let left_out = left_out.into_iter().filter(|(_, left_out)| *left_out);
        left_out.fold(u64::MAX, |written, (label, _)| written & !label.bit)
    }
}

impl Observer for AccessLog {
    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, _: Verdict) {
        let site = if end.outcome.is_error() { &self.error } else { &self.info };
        if !self.logs.allows_own(Own::Access, site.level) || is_silenced() {
            return;
        }
        // The end by the clock of the span: no other reading is needed, and the two agree.
        let at = request.started.after(end.duration);
        self.logs.native(
            site,
            Some(context),
            (request.started != Timestamp::default()).then_some(at),
            |line| self.fields(line, context, request, end),
            |line| self.fields(line, context, request, end),
            || self.written(request, end),
        );
    }
}
