//! Headers that are malformed, too long, twice there, or written to break out of where they are echoed.

use std::collections::HashSet;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use crate::collector::{Answer, Collector};
use crate::service::{Response, Service, TempFile, exchange, until};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// A service with all signals, and what its requests left behind.
struct Target {
    service: Service,
    obs: obs::Obs,
    file: TempFile,
    collector: Collector,
}

impl Target {
    fn start(name: &str) -> Self {
        let (file, collector) = (TempFile::new(name), Collector::start(Answer::Ok));
        let obs =
            obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).otlp_endpoint(collector.url());
        let obs = obs.otlp_linger(Duration::from_millis(10)).build().unwrap();
        let router = Router::new().route("/{*any}", get(async || "normal"));
        Self { service: Service::start(router.layer(obs.layer())), obs, file, collector }
    }

    /// Sends one request with these headers, each a line without its end.
    #[track_caller]
    fn send(&self, headers: &[&[u8]]) -> Option<Response> {
        let mut request = b"GET /x HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n".to_vec();
        for header in headers {
            request.extend_from_slice(header);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        exchange(self.service.addr, &request)
    }

    /// The same; the answer must be a normal one.
    #[track_caller]
    fn answer(&self, headers: &[&[u8]]) -> Response {
        let response = self.send(headers).expect("an answer");
        assert_eq!((response.status, response.body.as_str()), (200, "normal"));
        assert!(is_id(response.header("x-trace-id")), "{response:?}");
        response
    }

    /// The line and the span of a request, once they are there.
    fn of(&self, response: &Response) -> (Value, Span) {
        let id = response.header("x-request-id");
        let mut found = None;
        until("line and span are out", || {
            self.obs.flush(Duration::from_secs(10));
            let line = self.file.lines().into_iter().find(|line| line["request_id"] == id);
            let trace = |span: &Span| hex(&span.trace_id) == response.header("x-trace-id");
            found = line.zip(self.collector.spans().into_iter().rfind(trace));
            found.is_some()
        });
        found.unwrap()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_id(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 32 && text.bytes().all(digit) && text.bytes().any(|byte| byte != b'0')
}

#[test]
fn a_malformed_traceparent_begins_a_new_trace() {
    let target = Target::start("traceparent.log");
    let good = format!("traceparent: 00-{TRACE}-{SPAN}-01");
    assert_eq!(target.answer(&[good.as_bytes()]).header("x-trace-id"), TRACE, "a good one goes on");

    let long = format!("traceparent: {good}{}", "0".repeat(8_192));
    let mut seen = HashSet::new();
    let hostile: [&[&[u8]]; 16] = [
        &[b"traceparent:"],
        &[b"traceparent: -"],
        &[b"traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"],
        &[b"traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01"],
        &[b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"],
        &[b"traceparent: ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        &[b"traceparent: 000-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        &[b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"],
        &[b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"],
        &[b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\"}"],
        &[b"traceparent: 00-0af7651916cd43dd8448eb211c8031\xff\xfe-b7ad6b7169203331-01"],
        &[b"traceparent: \xf0\x9f\x92\xa9"],
        &[b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01,"],
        &[long.as_bytes()],
        &[good.as_bytes(), good.as_bytes()],
        &[good.as_bytes(), b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    ];
    for headers in hostile {
        let response = target.answer(headers);
        let trace = response.header("x-trace-id").to_owned();
        assert!(trace != TRACE && seen.insert(trace), "{:?}", headers[0].escape_ascii().to_string());
        let (_, span) = target.of(&response);
        assert!(span.parent_span_id.is_empty(), "{:?}", headers[0].escape_ascii().to_string());
    }
}

#[test]
fn a_malformed_tracestate_is_dropped_alone() {
    let target = Target::start("tracestate.log");
    let many = |n: usize| (0..n).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    let (fits, too_many) = (format!("tracestate: {}", many(32)), format!("tracestate: {}", many(33)));
    let long = format!("tracestate: a={}", "x".repeat(8_192));
    let table: [(&[&[u8]], &str); 9] = [
        (&[b"tracestate: a=1, b=2"], "a=1,b=2"),
        (&[b"tracestate: a=1", b"tracestate: b=2"], "a=1,b=2"),
        (&[fits.as_bytes()], &many(32)),
        (&[too_many.as_bytes()], ""),
        (&[long.as_bytes()], ""),
        (&[b"tracestate: a=1", b"tracestate: B=2"], ""),
        (&[b"tracestate: a=\xff\xfe"], ""),
        (&[b"tracestate: ,,,"], ""),
        (&[b"tracestate: a=1=\"}"], ""),
    ];
    for (n, (headers, expected)) in table.into_iter().enumerate() {
        let trace = format!("{:032x}", n + 1);
        let parent = format!("traceparent: 00-{trace}-{SPAN}-01");
        let response = target.answer(&[&[parent.as_bytes()], headers].concat());
        assert_eq!(response.header("x-trace-id"), trace, "the trace goes on");
        let (_, span) = target.of(&response);
        assert_eq!((hex(&span.parent_span_id).as_str(), span.trace_state.as_str()), (SPAN, expected));
    }
}

#[test]
fn a_hostile_request_id_is_replaced_and_never_echoed() {
    let target = Target::start("request-id.log");
    let good = target.answer(&[b"x-request-id: ORD-2024-98765"]);
    assert_eq!(good.header("x-request-id"), "ORD-2024-98765");

    let long = [b"x-request-id: ".as_slice(), &[b'a'; 8 * 1024]].concat();
    let mut seen = HashSet::new();
    let hostile: [&[&[u8]]; 10] = [
        &[&long],
        &[b"x-request-id:"],
        &[b"x-request-id: a", b"x-request-id: b"],
        &[b"x-request-id: two words"],
        &[b"x-request-id: \xff\xfe\xfd"],
        &[b"x-request-id: caf\xc3\xa9"],
        &[b"x-request-id: a%0d%0ax-evil: 1"],
        &[b"x-request-id: a\tx-evil: 1"],
        &[b"x-request-id: \",\"level\":\"ERROR"],
        &[b"x-request-id: <script>alert(1)</script>"],
    ];
    for headers in hostile {
        let response = target.answer(headers);
        let id = response.header("x-request-id").to_owned();
        assert!(is_id(&id) && seen.insert(id.clone()), "{id}");
        assert!(!format!("{response:?}").contains("evil"), "{response:?}");
        let (line, span) = target.of(&response);
        assert_eq!((&line["level"], &line["status_code"]), (&Value::from("INFO"), &Value::from(200)));
        let attribute = span.attributes.iter().find(|attribute| attribute.key == "request_id").unwrap();
        assert!(format!("{attribute:?}").contains(&id), "{attribute:?}");
    }
}

/// What hyper lets through becomes a normal request without the smuggled part, the rest it refuses.
#[test]
fn no_header_is_smuggled_onto_the_response() {
    let target = Target::start("smuggled.log");
    let attempts: [&[u8]; 5] = [
        b"x-request-id: a\nx-evil: 1",
        b"x-request-id: a\rx-evil: 1",
        b"x-request-id: a\r\n x-evil: 1",
        b"x-request-id: a\0x-evil: 1",
        b"x-request-id: a\x1b[31mx-evil: 1",
    ];
    for attempt in attempts {
        let response = target.send(&[attempt]).expect("an answer");
        let named = |name: &str| response.headers.iter().any(|(known, _)| known == name);
        assert!(!named("x-evil"), "{response:?}");
        match response.status {
            200 => {
                let id = response.header("x-request-id");
                assert!(id == "a" || is_id(id), "{id}");
            }
            status => assert_eq!((status, named("x-request-id")), (400, false)),
        }
    }
}

#[test]
fn hostile_heads_leave_whole_lines_and_spans() {
    let target = Target::start("heads.log");
    let long = [b"user-agent: ".as_slice(), &[b'"'; 60_000]].concat();
    let heads: [&[u8]; 5] = [
        b"user-agent: \xff\xfe",
        b"user-agent: \"}\\u0000\\",
        b"user-agent: {\"level\":\"ERROR\"}\xe2\x80\xae",
        b"x-forwarded-for: 10.0.0.1, \xff",
        &long,
    ];
    for head in heads {
        let (line, span) = target.of(&target.answer(&[head]));
        assert_eq!((&line["level"], &line["route"]), (&Value::from("INFO"), &Value::from("/{*any}")));
        assert_eq!(span.name, "GET /{*any}");
    }
    for target_form in
        ["/%ff%fe%00", "/\"},{\"level\":\"ERROR\"}", "/a%0d%0ax:y", "//..//../etc/passwd", "/\u{202e}"]
    {
        let request = format!("GET {target_form} HTTP/1.1\r\nhost: \"shop\r\nconnection: close\r\n\r\n");
        let response = exchange(target.service.addr, request.as_bytes()).expect("an answer");
        if response.status == 200 {
            let (line, _) = target.of(&response);
            assert_eq!(line["path"], target_form);
        } else {
            assert_eq!(response.status, 400, "{target_form}");
        }
    }
}
