//! Three services that call one another over real connections are one trace, one request id and one set of books.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use obs::reqwest::SendThrough;
use obs::testing::Testing;
use obs_core::TraceId;

use crate::service::{Service, exchange, request};

/// A service that answers by calling `next` under `/v2/{route}`, or with `status` where there is none.
fn service(obs: &Testing, next: Option<(&'static str, String)>, status: StatusCode) -> Service {
    let caller = next.map(|(target, url)| (obs.client(target), url));
    let http = reqwest::Client::new();
    let handler = async move || match caller {
        None => status,
        Some((layer, url)) => {
            tracing::info!("asking");
            let answer =
                http.post(format!("{url}/v2/pay/17?card=4111")).send_through(&layer, "/v2/pay/{order}");
            answer.await.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
        }
    };
    Service::start(Router::new().route("/v2/pay/{order}", post(handler)).layer(obs.layer()))
}

fn url(service: &Service) -> String {
    format!("http://{}", service.addr)
}

/// Waits here: each service has a runtime of its own.
fn run<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn three_services_are_one_trace() {
    let [gateway, orders, payments] = ["gateway", "orders", "payments"].map(obs::testing::start);
    let last = service(&payments, None, StatusCode::SERVICE_UNAVAILABLE);
    let middle = service(&orders, Some(("payments", url(&last))), StatusCode::OK);
    let first = service(&gateway, Some(("orders", url(&middle))), StatusCode::OK);

    let trace = "0af7651916cd43dd8448eb211c80319c";
    let headers = format!(
        "traceparent: 00-{trace}-b7ad6b7169203331-01\r\ntracestate: vendor=1\r\nx-request-id: ORD-17\r\n\
         content-length: 0\r\n"
    );
    let sent = request("POST", "/v2/pay/9", &headers);
    let answer = exchange(first.addr, &sent).unwrap();
    assert_eq!((answer.status, answer.header("x-trace-id")), (503, trace));
    assert_eq!(answer.header("x-request-id"), "ORD-17");

    let name = "POST /v2/pay/{order}";
    let mut above = "b7ad6b7169203331".to_owned();
    for obs in [&gateway, &orders, &payments] {
        run(obs.requests_ended(1));
        let spans = obs.spans();
        let of = |kind| spans.iter().find(|span| span.name == name && span.kind == kind);
        let server = of(obs_trace::Kind::Server).unwrap();
        assert_eq!(server.parent_id().unwrap().to_string(), above);
        assert_eq!(server.trace_state.as_deref(), Some("vendor=1"));
        above = server.ids.span_id.to_string();
        let line = obs.line("request");
        assert_eq!((line.trace_id(), line.request_id()), (TraceId::parse(trace.as_bytes()), Some("ORD-17")));
        assert!(spans.iter().all(|span| span.ids.trace_id.to_string() == trace), "{spans:#?}");
        let Some(client) = of(obs_trace::Kind::Client) else {
            assert_eq!(obs.family("http_client_requests_total"), "", "the last one calls nobody");
            continue;
        };
        assert_eq!(client.parent_id(), Some(server.ids.span_id));
        assert_eq!(obs.line("asking").span_id(), Some(server.ids.span_id));
        above = client.ids.span_id.to_string();
    }
    for (obs, target) in [(&gateway, "orders"), (&orders, "payments")] {
        let labels = |last: &str| {
            format!("{{target=\"{target}\",route=\"/v2/pay/{{order}}\",method=\"POST\",{last}}} 1\n")
        };
        let counted = obs.family("http_client_requests_total");
        assert!(counted.ends_with(&format!("\nhttp_client_requests_total{}", labels("status_code=\"503\""))));
        let failed = obs.family("http_client_request_errors_total");
        let expected = format!("\nhttp_client_request_errors_total{}", labels("kind=\"server_error\""));
        assert!(failed.ends_with(&expected), "{failed}");
    }
}

#[test]
fn a_service_that_is_gone_is_a_connect_error_in_the_trace_of_the_request() {
    let gateway = obs::testing::start("gateway");
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let first = service(&gateway, Some(("orders", format!("http://{gone}"))), StatusCode::OK);
    let answer = exchange(first.addr, &request("POST", "/v2/pay/9", "content-length: 0\r\n")).unwrap();
    assert_eq!(answer.status, 502);
    run(gateway.requests_ended(1));
    let labels = [("target", "orders"), ("kind", "connect")];
    assert_eq!(gateway.value("http_client_request_errors_total", &labels), Some(1.0));
    assert_eq!(gateway.value("http_client_requests_total", &[("status_code", "error")]), Some(1.0));
    let name = "POST /v2/pay/{order}";
    let client = gateway.spans().into_iter().find(|span| span.kind == obs_trace::Kind::Client).unwrap();
    assert_eq!(
        (client.name.as_str(), client.ids.trace_id.to_string().as_str()),
        (name, answer.header("x-trace-id"))
    );
    let obs_trace::sink::FinishedStatus::Error(text) = client.status else { panic!("{client:?}") };
    assert!(text.contains("onnection refused"), "the cause is told, not only that sending failed: {text}");
}

#[test]
fn a_call_outside_of_a_request_begins_a_trace_of_its_own() {
    let [orders, payments] = ["orders", "payments"].map(obs::testing::start);
    let last = service(&payments, None, StatusCode::OK);
    let layer = orders.client("payments").trace_id_header();
    let http = reqwest::Client::new();
    let call = http.post(format!("{}/v2/pay/9", url(&last))).send_through(&layer, "/v2/pay/{order}");
    let text = run(orders.run(async { call.await?.text().await }));
    assert_eq!(text.unwrap(), "");
    run(payments.requests_ended(1));
    let client = orders.span("POST /v2/pay/{order}");
    assert!(client.parent.is_none(), "{client:?}");
    let server = payments.span("POST /v2/pay/{order}");
    assert_eq!((server.ids.trace_id, server.parent_id()), (client.ids.trace_id, Some(client.ids.span_id)));
}

#[test]
fn a_trace_that_is_not_recorded_is_not_recorded_in_any_of_the_services() {
    let [orders, payments] = ["orders", "payments"].map(obs::testing::start);
    let last = service(&payments, None, StatusCode::OK);
    let first = service(&orders, Some(("payments", url(&last))), StatusCode::OK);
    let headers =
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\ncontent-length: 0\r\n";
    assert_eq!(exchange(first.addr, &request("POST", "/v2/pay/9", headers)).unwrap().status, 200);
    for obs in [&orders, &payments] {
        run(obs.requests_ended(1));
        assert!(obs.spans().is_empty(), "{:?}", obs.spans());
        let line = obs.line("request");
        assert_eq!(line.trace_id(), TraceId::parse(b"0af7651916cd43dd8448eb211c80319c"), "lines keep the id");
    }
    assert_eq!(orders.value("http_client_requests_total", &[]), Some(1.0), "and all is counted");
}

#[tokio::test]
async fn a_call_in_an_instrumented_future_is_a_child_of_its_span() {
    use tracing::Instrument;

    let obs = obs::testing::start("orders");
    let payments = obs.client("payments");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    // Nobody listens there; what matters is where the span is.
    let call = || http.get("http://127.0.0.1:1/x").send_through(&payments, "/x");
    obs.run(async {
        let pay = async { call().instrument(tracing::info_span!("pay")).await.map(drop) };
        assert!(pay.instrument(tracing::info_span!("outer")).await.is_err());
    })
    .await;
    assert_eq!(obs.tree("outer").to_string(), "outer\n  pay\n    GET /x\n");
}
