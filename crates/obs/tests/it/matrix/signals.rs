//! All signals of one base in memory, and what must be in them after one request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use obs_core::{Base, IdSource, Resource};
use obs_logs::{AccessLog, Format, Logs, LogsGuard, Output};
use obs_metrics::{Recorder, Red};
use obs_middleware::ServerLayer;
use obs_trace::sink::Scalar;
use obs_trace::{Sampler, ServerSpans, Tracer};
use serde_json::Value;

use super::wire::{Body, Client};

/// What one request must have left behind.
pub(crate) struct Expected {
    pub(crate) method: &'static str,
    pub(crate) route: &'static str,
    /// The outcome's word.
    pub(crate) outcome: &'static str,
    /// The status a client could see; `None` where no head was made.
    pub(crate) status: Option<u16>,
}

impl Expected {
    pub(crate) fn get(route: &'static str, outcome: &'static str, status: impl Into<Option<u16>>) -> Self {
        Self { method: "GET", route, outcome, status: status.into() }
    }
}

pub(crate) type Layer = ServerLayer<(Arc<ServerSpans>, Arc<Red>, Arc<AccessLog>)>;

pub(crate) struct Signals {
    pub(crate) layer: Layer,
    recorder: Recorder,
    spans: obs_trace::sink::Memory,
    lines: obs_logs::Memory,
    guard: LogsGuard,
    ids: Ids,
}

/// What the client sent.
struct Ids {
    trace: String,
    span: String,
    request: String,
}

impl Signals {
    pub(crate) fn new() -> Self {
        let base = Base::new(Resource::new("shop"));
        let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
        let lines = obs_logs::Memory::new();
        let output = Output::memory(&lines).format(Format::Json);
        let (logs, guard) = Logs::builder(Arc::clone(&base)).output(output).build().unwrap();
        let spans = obs_trace::sink::Memory::new();
        let sampler = Sampler::always_on().parent_based();
        let tracer = Tracer::builder(Arc::clone(&base)).sampler(sampler).sink(spans.clone()).build();
        let observers = (
            Arc::new(ServerSpans::new(&tracer)),
            Arc::new(Red::new(&recorder)),
            Arc::new(AccessLog::new(logs.clone())),
        );
        let made = IdSource::random();
        let ids = Ids {
            trace: made.trace_id().to_string(),
            span: made.span_id().to_string(),
            request: format!("req-{}", made.span_id()),
        };
        Self { layer: ServerLayer::new(base, observers), recorder, spans, lines, guard, ids }
    }

    /// A request that carries ids of the client's own.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(path)
            .header("traceparent", format!("00-{}-{}-01", self.ids.trace, self.ids.span))
            .header("x-request-id", &self.ids.request)
            .header("user-agent", "matrix/1")
            .body(Body::default())
            .unwrap()
    }

    /// What the answer to a panic says.
    pub(crate) fn problem(&self) -> String {
        let problem = obs::Problem::new(http::StatusCode::INTERNAL_SERVER_ERROR).to_string();
        let ids = format!(r#","request_id":"{}","trace_id":"{}"}}"#, self.ids.request, self.ids.trace);
        problem.strip_suffix('}').unwrap().to_owned() + &ids
    }

    /// The access line.
    pub(crate) fn line(&self) -> Value {
        serde_json::from_str(&self.lines.lines()[0]).unwrap()
    }

    /// Waits for the end of the one connection that was upgraded and holds metrics and line to it.
    pub(crate) async fn check_upgraded(&self, route: &str, protocol: Option<&str>) {
        self.until("the connection ends", || {
            self.guard.flush(Duration::from_secs(10)).unwrap();
            self.lines.lines().len() == 2
        })
        .await;
        let one = |sample: String| vec![format!("{sample} 1")];
        assert_eq!(
            self.samples("http_connections_upgraded_total"),
            one(format!("http_connections_upgraded_total{{route=\"{route}\",result=\"success\"}}"))
        );
        assert_eq!(
            self.samples("http_connection_upgraded_duration_seconds_count"),
            one(format!("http_connection_upgraded_duration_seconds_count{{route=\"{route}\"}}"))
        );
        assert_eq!(
            self.samples("http_connections_upgraded_in_flight"),
            ["http_connections_upgraded_in_flight 0.0"]
        );
        let line: Value = serde_json::from_str(&self.lines.lines()[1]).unwrap();
        assert_eq!(line["message"], "upgraded connection");
        assert_eq!(
            (&line["request_id"], &line["trace_id"]),
            (&self.ids.request.as_str().into(), &self.ids.trace.as_str().into())
        );
        assert_eq!((&line["outcome"], &line["route"]), (&"success".into(), &route.into()));
        assert_eq!(line["protocol"].as_str(), protocol);
    }

    /// Sends a GET; the response must carry the ids.
    pub(crate) async fn get(&self, client: &mut Client, path: &str) -> Response<Incoming> {
        self.sent(client, self.request("GET", path)).await
    }

    pub(crate) async fn sent(&self, client: &mut Client, request: Request<Body>) -> Response<Incoming> {
        let response = client.send(request).await.unwrap();
        assert_eq!(response.headers()["x-trace-id"], self.ids.trace.as_str());
        assert_eq!(response.headers()["x-request-id"], self.ids.request.as_str());
        response
    }

    /// Waits until `handled` requests have begun.
    pub(crate) async fn begun(&self) {
        self.until("the request begins", || {
            self.samples("http_requests_in_flight") == ["http_requests_in_flight 1.0"]
        })
        .await;
    }

    /// Waits for the end of the one request and holds every signal to `expected`.
    pub(crate) async fn check(&self, expected: Expected) {
        self.until("the request ends", || {
            self.guard.flush(Duration::from_secs(10)).unwrap();
            !self.lines.lines().is_empty()
        })
        .await;
        self.check_metrics(&expected);
        self.check_span(&expected);
        self.check_line(&expected);
    }

    fn check_metrics(&self, expected: &Expected) {
        let Expected { method, route, outcome, .. } = expected;
        let labels = format!("route=\"{route}\",method=\"{method}\"");
        assert_eq!(self.samples("http_requests_in_flight"), ["http_requests_in_flight 0.0"]);
        let one = |sample: String| vec![format!("{sample} 1")];
        let cancelled = *outcome == "cancelled";
        let counted = |yes: bool, sample: String| if yes { one(sample) } else { Vec::new() };
        let label = match (*outcome, expected.status) {
            ("panicked", _) | (_, None) => 500,
            (_, Some(status)) => status,
        };
        assert_eq!(
            self.samples("http_requests_total"),
            counted(!cancelled, format!("http_requests_total{{{labels},status_code=\"{label}\"}}"))
        );
        assert_eq!(
            self.samples("http_request_duration_seconds_count"),
            counted(!cancelled, format!("http_request_duration_seconds_count{{{labels}}}"))
        );
        let is_error = ["server_error", "panicked", "timed_out"].contains(outcome);
        assert_eq!(
            self.samples("http_request_errors_total"),
            counted(is_error, format!("http_request_errors_total{{{labels},kind=\"{outcome}\"}}"))
        );
        assert_eq!(
            self.samples("http_requests_cancelled_total"),
            counted(cancelled, format!("http_requests_cancelled_total{{{labels}}}"))
        );
        assert_eq!(
            self.samples("http_request_cancelled_duration_seconds_count"),
            counted(cancelled, format!("http_request_cancelled_duration_seconds_count{{{labels}}}"))
        );
        let exemplar = format!("trace_id=\"{}\"", self.ids.trace);
        let scrape = String::from_utf8(self.recorder.render(obs_metrics::Format::OpenMetrics)).unwrap();
        // Each number of the request leads to it: its count, its duration, and its error if it was one.
        let lines: Vec<_> = scrape.lines().filter(|line| line.contains(&exemplar)).collect();
        let durations = lines.iter().filter(|line| line.contains("_duration_seconds_bucket{")).count();
        assert_eq!((durations, lines.len()), (1, 2 + usize::from(is_error)), "{lines:#?}");
    }

    fn check_span(&self, expected: &Expected) {
        let spans = self.spans.spans();
        let [span] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!(span.ids.trace_id.to_string(), self.ids.trace);
        assert_eq!(span.parent.unwrap().span_id.to_string(), self.ids.span);
        let attribute = |key: &str| {
            span.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| match value {
                Scalar::Str(text) => text.clone(),
                Scalar::I64(number) => number.to_string(),
                other => panic!("{key} is {other:?}"),
            })
        };
        assert_eq!(attribute("obs.outcome").as_deref(), Some(expected.outcome));
        assert_eq!(attribute("request_id").as_deref(), Some(self.ids.request.as_str()));
        assert_eq!(attribute("http.response.status_code"), expected.status.map(|status| status.to_string()));
        let is_error = ["server_error", "panicked", "timed_out"].contains(&expected.outcome);
        assert_eq!(
            matches!(span.status, obs_trace::sink::FinishedStatus::Error(_)),
            is_error,
            "{:?}",
            span.status
        );
        let named =
            if expected.route == "unmatched" { String::new() } else { format!(" {}", expected.route) };
        assert_eq!(span.name, format!("{}{named}", expected.method));
    }

    fn check_line(&self, expected: &Expected) {
        let lines = self.lines.lines();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_else(|| panic!("{key} in {line}"));
        assert_eq!((text("target"), text("message")), ("obs::access", "request"));
        assert_eq!(
            (text("trace_id"), text("request_id")),
            (self.ids.trace.as_str(), self.ids.request.as_str())
        );
        assert_eq!((text("method"), text("route")), (expected.method, expected.route));
        assert_eq!(text("outcome"), expected.outcome);
        assert_eq!(line["status_code"].as_u64(), expected.status.map(u64::from), "{line}");
        let is_error = ["server_error", "panicked", "timed_out"].contains(&expected.outcome);
        assert_eq!(text("level"), if is_error { "ERROR" } else { "INFO" });
        assert!(line["duration_ms"].is_number(), "{line}");
    }

    /// The samples of exactly this name, without zeroes of other label sets, in scrape order.
    fn samples(&self, name: &str) -> Vec<String> {
        let text = String::from_utf8(self.recorder.render(obs_metrics::Format::Text)).unwrap();
        let of = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        text.lines().filter(of).map(str::to_owned).collect()
    }

    async fn until(&self, what: &str, is: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !is() {
            assert!(Instant::now() < end, "waited in vain until {what}: {:?}", self.lines.lines());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
