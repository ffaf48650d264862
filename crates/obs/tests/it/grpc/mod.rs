//! gRPC by tonic under the server's layer: each way to end is the same on /metrics, on the access line and in the span.

mod client;
mod ends;
mod methods;
pub(crate) mod service;

use obs::testing::Testing;
use obs_trace::sink::{FinishedSpan, FinishedStatus, Scalar};

/// What one call is told to have been.
#[derive(Debug, PartialEq)]
struct Told {
    method: &'static str,
    code: &'static str,
    outcome: &'static str,
    level: &'static str,
    /// The error's text on the line and in the span.
    error: Option<&'static str>,
    /// Messages in requests and responses.
    messages: (f64, f64),
}

fn text(span: &FinishedSpan, key: &str) -> Option<String> {
    match span.attribute(key)? {
        Scalar::Str(text) => Some(text.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

/// Checks the one call there was, under the service `shop.Orders`.
#[track_caller]
fn check(obs: &Testing, told: &Told) {
    let full = format!("shop.Orders/{}", told.method);
    let labels = [("service", "shop.Orders"), ("method", told.method)];
    let coded = [labels[0], labels[1], ("code", told.code)];
    assert_eq!(
        obs.family("rpc_server_requests_total"),
        format!(
            "# HELP rpc_server_requests_total Remote procedure calls that ended, by the code the caller is told.\n\
             # TYPE rpc_server_requests_total counter\n\
             rpc_server_requests_total{{service=\"shop.Orders\",method=\"{}\",code=\"{}\"}} 1\n",
            told.method, told.code
        )
    );
    assert_eq!(obs.value("rpc_server_request_duration_seconds_count", &coded), Some(1.0));
    assert_eq!(obs.value("rpc_server_requests_in_flight", &[]), Some(0.0));
    let messages = (
        obs.value("rpc_server_request_messages_total", &labels).unwrap(),
        obs.value("rpc_server_response_messages_total", &labels).unwrap(),
    );
    assert_eq!(messages, told.messages, "messages");
    for family in ["http_requests_total", "http_request_errors_total", "http_requests_cancelled_total"] {
        assert_eq!(obs.value(family, &[]), None, "{family}");
    }

    let line = obs.line("request");
    assert_eq!(line.field("rpc_method"), full.as_str(), "{line}");
    assert_eq!(line.field("rpc_code"), told.code, "{line}");
    assert_eq!((line.field("outcome").as_str(), line.level()), (Some(told.outcome), told.level), "{line}");
    assert_eq!(line.field("error").as_str(), told.error, "{line}");
    assert_eq!(line.field("route").as_str(), Some(&*format!("/{full}")), "{line}");

    let span = obs.span(&full);
    assert_eq!(text(&span, "rpc.system.name").as_deref(), Some("grpc"));
    assert_eq!(text(&span, "rpc.method").as_deref(), Some(&*full));
    assert_eq!(text(&span, "rpc.response.status_code").as_deref(), Some(told.code));
    assert_eq!(text(&span, "obs.outcome").as_deref(), Some(told.outcome));
    assert_eq!(text(&span, "http.request.method"), None);
    let is_error = told.level == "ERROR";
    let kind = if told.outcome == "panicked" { "panicked" } else { told.code };
    assert_eq!(text(&span, "error.type").as_deref(), is_error.then_some(kind));
    let status = match (is_error, told.error) {
        (false, _) => FinishedStatus::Unset,
        (true, error) => FinishedStatus::Error(error.unwrap_or_default().to_owned()),
    };
    assert_eq!(span.status, status);
    assert_eq!((line.trace_id(), line.span_id()), (Some(span.ids.trace_id), Some(span.ids.span_id)));
}
