//! One line for each request that has ended.

use obs_core::context::{Context, Route, is_silenced};
use obs_core::keys::{field, target};
use obs_core::observe::{End, Observer, Request, Verdict};
use tracing_core::Level;

use crate::Logs;
use crate::format::{Label, Line, Site};

/// Writes the access line: target [`AccessLog::TARGET`], message `request`, and after it `method`, `route` (or
/// `unmatched`), `path`, `status_code` (left out where no head was made), `outcome`, `duration_ms` (with three
/// decimals), `response_bytes`, `client_address`, `user_agent` and `error` (each left out where it is not known).
///
/// At `ERROR` for what an error rate counts (server errors, panics, time-outs), else at `INFO`: a client's own fault
/// and its going away are no errors of the service. The filter applies to it as to any target.
#[derive(Debug)]
pub struct AccessLog {
    logs: Logs,
    info: Option<Site>,
    error: Option<Site>,
    labels: Labels,
}

#[derive(Debug)]
struct Labels {
    method: Label,
    route: Label,
    path: Label,
    status_code: Label,
    outcome: Label,
    duration_ms: Label,
    response_bytes: Label,
    client_address: Label,
    user_agent: Label,
    error: Label,
}

impl AccessLog {
    /// The target of access lines.
    pub const TARGET: &str = target::ACCESS;

    /// Access lines through `logs`.
    pub fn new(logs: Logs) -> Self {
        let site = |level| logs.filter().allows(Self::TARGET, level).then(|| Site::of(Self::TARGET, level));
        let (info, error) = (site(Level::INFO), site(Level::ERROR));
        let labels = Labels {
            method: Label::new(field::METHOD),
            route: Label::new(field::ROUTE),
            path: Label::new(field::PATH),
            status_code: Label::new(field::STATUS_CODE),
            outcome: Label::new(field::OUTCOME),
            duration_ms: Label::new(field::DURATION_MS),
            response_bytes: Label::new(field::RESPONSE_BYTES),
            client_address: Label::new(field::CLIENT_ADDRESS),
            user_agent: Label::new(field::USER_AGENT),
            error: Label::new(field::ERROR),
        };
        Self { logs, info, error, labels }
    }

    fn fields<L: Line>(&self, line: &mut L, context: &Context, request: &Request<'_>, end: &End<'_>) {
        let labels = &self.labels;
        line.message("request");
        line.text(&labels.method, request.method.as_str());
        line.text(&labels.route, context.local().route().unwrap_or(Route::UNMATCHED).as_str());
        line.text(&labels.path, request.path);
        if let Some(status) = end.status {
            line.number(&labels.status_code, u64::from(status));
        }
        line.text(&labels.outcome, end.outcome.as_str());
        let micros = end.duration.as_secs().saturating_mul(1_000_000);
        line.thousandths(&labels.duration_ms, micros.saturating_add(u64::from(end.duration.subsec_micros())));
        line.number(&labels.response_bytes, end.response_bytes);
        if let Some(peer) = request.peer {
            line.address(&labels.client_address, peer.ip());
        }
        line.text_if(&labels.user_agent, request.user_agent);
        line.text_if(&labels.error, end.error);
    }
}

impl Observer for AccessLog {
    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, _: Verdict) {
        let site = if end.outcome.is_error() { &self.error } else { &self.info };
        let Some(site) = site else { return };
        if is_silenced() {
            return;
        }
        self.logs.native(
            site,
            Some(context),
            |line| self.fields(line, context, request, end),
            |line| self.fields(line, context, request, end),
        );
    }
}
