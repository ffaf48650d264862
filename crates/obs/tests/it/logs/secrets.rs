//! What the file takes for a secret, on lines, access lines and spans.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use serde_json::Value;

use super::running::Running;
use crate::collector::{Answer, Collector};
use crate::service::{Service, exchange, request, until};

const IBAN: &str = "DE02120300000000202051";
const SESSION: &str = "session-7f3a";
/// A number as cards have it, by the check digit.
const CARD: &str = "4111111111111111";
const SENT: &str = "sent Bearer b3BlbiBzZXNhbWU";

/// What came out under this section of the file.
struct Seen {
    line: Value,
    inside: Value,
    access: Value,
    inner: BTreeMap<String, String>,
    server: BTreeMap<String, String>,
}

async fn handle() -> &'static str {
    obs::current().set("iban", IBAN);
    obs::current().set("session_id", SESSION);
    let text = format!("iban={IBAN} session_id={SESSION}");
    tracing::info!(target: "shop", from_iban = IBAN, session_id = SESSION, password = "hunter2", sent = SENT, "{text}");
    let span =
        tracing::info_span!(target: "shop", "transfer", to_iban = IBAN, session_id = SESSION, sent = SENT);
    span.in_scope(|| tracing::info!(target: "shop", "inside"));
    "done"
}

fn run(name: &str, section: &str) -> Seen {
    let collector = Collector::start(Answer::Ok);
    let text = format!(
        "
logs: {{ outputs: {{ main: {{ type: memory }} }} }}
traces: {{ endpoint: '{}', linger: 0s }}
{section}
",
        collector.url()
    );
    let running = Running::build(&format!("secrets-{name}"), &text);
    let service = Service::start(Router::new().route("/pay/{card}", get(handle)).layer(running.obs.layer()));
    let headers = format!("user-agent: {SENT}\r\n");
    let answer = exchange(service.addr, &request("GET", &format!("/pay/{CARD}"), &headers)).unwrap();
    assert_eq!(answer.status, 200);
    until("the spans have come", || {
        running.flush();
        collector.spans().len() == 2
    });
    let lines = running.memory("main");
    let [line, inside, access] = lines.try_into().unwrap();
    let span = |name: &str| {
        let span = collector.spans().into_iter().find(|span| span.name == name).unwrap();
        let text = |value: opentelemetry_proto::tonic::common::v1::AnyValue| match value.value {
            Some(opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(text)) => text,
            other => format!("{other:?}"),
        };
        span.attributes
            .into_iter()
            .map(|pair| (pair.key, pair.value.map_or_else(String::new, text)))
            .collect()
    };
    let (inner, server) = (span("transfer"), span("GET /pay/{card}"));
    Seen { line, inside, access, inner, server }
}

/// What each value is, on all that has it.
#[track_caller]
fn check(name: &str, section: &str, iban: &str, session: &str, sent: &str, (message, path): (&str, &str)) {
    let Seen { line, inside, access, inner, server } = run(name, section);
    let text =
        |line: &Value, key: &str| line[key].as_str().unwrap_or_else(|| panic!("{key}: {line}")).to_owned();
    assert_eq!(text(&line, "message"), message);
    assert_eq!(text(&access, "path"), path);
    assert_eq!(server["url.path"], path);
    assert_eq!(server["user_agent.original"], sent);
    for (line, key, expected) in [
        (&line, "from_iban", iban),
        (&line, "session_id", session),
        (&line, "sent", sent),
        // A key is judged whatever the file says of texts.
        (&line, "password", "[redacted]"),
        (&inside, "to_iban", iban),
        (&inside, "session_id", session),
        (&inside, "sent", sent),
        (&access, "iban", iban),
        (&access, "session_id", session),
    ] {
        assert_eq!(text(line, key), expected, "{key}: {line}");
    }
    for (span, key, expected) in [
        (&inner, "to_iban", iban),
        (&inner, "session_id", session),
        (&inner, "sent", sent),
        (&server, "iban", iban),
        (&server, "session_id", session),
    ] {
        assert_eq!(span[key], expected, "{key}: {span:?}");
    }
}

#[test]
fn what_is_secret_is_what_the_file_says() {
    let gone = "[redacted]";
    let message = |iban: &str, session: &str| format!("iban={iban} session_id={session}");
    let hidden = ("sent Bearer [redacted]", "/pay/[redacted]");
    let shown = (SENT, format!("/pay/{CARD}"));
    check("none", "", IBAN, gone, hidden.0, (&message(IBAN, gone), hidden.1));
    let keys = "redaction: { keys: [iban] }";
    check("keys", keys, gone, gone, hidden.0, (&message(gone, gone), hidden.1));
    let plain = "redaction: { plain_keys: [session_id] }";
    check("plain", plain, IBAN, SESSION, hidden.0, (&message(IBAN, SESSION), hidden.1));
    let all = "redaction: { keys: [iban], plain_keys: [session_id], patterns: false }";
    check("patterns", all, gone, SESSION, shown.0, (&message(IBAN, SESSION), &shown.1));
}
