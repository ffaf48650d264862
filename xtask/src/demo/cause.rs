//! Why a request failed: what was said first, and how it went from service to service to the client.

use super::line::{Line, PANIC, on_one_line};
use super::span::Span;

/// What is known of why it failed. The kinds are in the order of how much they explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It did not fail, or nobody said why.
    Unsaid,
    /// An access line or a span says it.
    Told,
    Panic,
    /// A line has the error with what is behind it.
    Error,
}

/// In which words, by which service.
#[derive(Debug, PartialEq)]
pub(super) struct Cause {
    pub(super) kind: Kind,
    pub(super) service: String,
    pub(super) text: String,
    /// Where it was said.
    pub(super) span_id: String,
}

/// The cause of a failure: what is said first is nearest to it, as each service speaks after the one it called.
pub(super) fn cause(lines: &[Line], spans: &[Span]) -> Option<Cause> {
    let failed = || lines.iter().filter(|line| line.failed());
    let said = failed()
        .find(|line| !line.is_access())
        .or_else(|| failed().find(|line| !line.text("error").is_empty()));
    if let Some(line) = said {
        let (message, error) = (line.text("message"), line.text("error"));
        let (kind, text) = if line.text("target") == PANIC {
            (Kind::Panic, format!("a panic at {}: {message}", line.text("location")))
        } else if line.is_access() {
            (Kind::Told, error.to_owned())
        } else if error.is_empty() {
            (Kind::Told, message.to_owned())
        } else {
            (Kind::Error, format!("{message}: {error}"))
        };
        let [service, span_id] = ["service", "span_id"].map(|name| line.text(name).to_owned());
        return Some(Cause { kind, service, text: on_one_line(&text), span_id });
    }
    // The one that ended first is the innermost.
    let failed = spans.iter().filter(|span| span.failed() && !span.status_message.is_empty());
    failed.min_by_key(|span| span.end_nanos).map(|span| Cause {
        kind: Kind::Told,
        service: span.service.clone(),
        text: span.status_message.clone(),
        span_id: span.span_id.clone(),
    })
}

/// What each service answered, from the one that was called last to the client.
pub(super) fn way_back(lines: &[Line]) -> String {
    let answered = lines.iter().filter(|line| line.is_access());
    let steps = answered.map(|line| format!("{} {}", line.text("service"), line.status()));
    steps.chain(["the client".to_owned()]).collect::<Vec<_>>().join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: u8, service: &str, target: &str, rest: &str) -> Line {
        let text = format!(
            "{{\"timestamp\":\"2026-01-01T00:00:0{second}.000000Z\",\"service\":\"{service}\",\
             \"target\":\"{target}\",\"level\":\"ERROR\",\"span_id\":\"s\",{rest}}}"
        );
        Line::read(&text).unwrap()
    }

    fn check(lines: &[Line], kind: Kind, service: &str, text: &str) {
        let cause = cause(lines, &[]).unwrap();
        assert_eq!((cause.kind, cause.service.as_str(), cause.text.as_str()), (kind, service, text));
    }

    #[test]
    fn the_error_that_was_said_first_is_the_cause() {
        let bank =
            || line(1, "payments", "bank", r#""message":"no payment","error":"cannot charge: refused""#);
        let access = || line(2, "payments", "obs::access", r#""message":"request","status_code":502"#);
        let orders = || line(3, "orders", "orders", r#""message":"payments failed""#);
        check(&[bank(), access(), orders()], Kind::Error, "payments", "no payment: cannot charge: refused");
        check(&[access(), orders()], Kind::Told, "orders", "payments failed");
        let panic = line(1, "payments", "obs::panic", r#""message":"out of balance","location":"a.rs:1:2""#);
        check(&[panic, access()], Kind::Panic, "payments", "a panic at a.rs:1:2: out of balance");
        let told = line(2, "orders", "obs::access", r#""message":"request","error":"timed out""#);
        check(&[access(), told], Kind::Told, "orders", "timed out");
        assert_eq!(cause(&[access()], &[]), None);
    }

    #[test]
    fn without_lines_the_innermost_span_that_failed_tells() {
        let span = |service: &str, end_nanos| Span {
            service: service.into(),
            status: 2,
            status_message: format!("{service} says"),
            end_nanos,
            ..Span::default()
        };
        assert_eq!(cause(&[], &[span("orders", 9), span("payments", 5)]).unwrap().text, "payments says");
    }

    #[test]
    fn the_way_back_ends_at_the_client() {
        let access = |service| line(1, service, "obs::access", r#""message":"request","status_code":502"#);
        assert_eq!(
            way_back(&[access("payments"), access("orders")]),
            "payments 502 -> orders 502 -> the client"
        );
    }
}
