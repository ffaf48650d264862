//! Which methods make series: a scanner's make none, and take none away.

use tonic::Code;

use super::service;

fn counted(obs: &obs::testing::Testing) -> Vec<String> {
    let family = obs.family("rpc_server_requests_total");
    let samples = family.lines().filter_map(|line| line.strip_prefix("rpc_server_requests_total"));
    let mut samples: Vec<_> = samples.map(str::to_owned).collect();
    samples.sort_unstable();
    samples
}

#[tokio::test]
async fn what_nobody_serves_is_counted_under_one_name() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    for path in ["/scan.Me/Now", "/scan.Me/Again", "/scan.You/Now", "/shop.Orders/Scan"] {
        assert_eq!(client.unary(path, "").await.unwrap_err().code(), Code::Unimplemented);
    }
    client.unary("/shop.Orders/Place", "a cup").await.unwrap();
    for path in ["/shop.Orders/Scan", "/shop.Orders/Scan2"] {
        assert_eq!(client.unary(path, "").await.unwrap_err().code(), Code::Unimplemented);
    }
    obs.requests_ended(7).await;
    assert_eq!(
        counted(&obs),
        [
            r#"{service="_OTHER",method="_OTHER",code="UNIMPLEMENTED"} 4"#,
            r#"{service="shop.Orders",method="Place",code="OK"} 1"#,
            r#"{service="shop.Orders",method="_OTHER",code="UNIMPLEMENTED"} 2"#,
        ]
    );

    let spans = obs.spans();
    let unknown: Vec<_> = spans.iter().filter(|span| span.name == "grpc").collect();
    assert_eq!((spans.len(), unknown.len()), (7, 6));
    assert_eq!(super::text(unknown[0], "rpc.method").as_deref(), Some("_OTHER"));
    assert_eq!(super::text(unknown[0], "rpc.method_original").as_deref(), Some("scan.Me/Now"));
    assert_eq!(super::text(unknown[0], "error.type").as_deref(), Some("UNIMPLEMENTED"));
    let line = &obs.lines_of("request")[0];
    assert_eq!(
        (line.field("rpc_method").as_str(), line.field("route").as_str()),
        (Some("_OTHER"), Some("unmatched"))
    );
    assert_eq!(line.field("path"), "/scan.Me/Now");
}

#[tokio::test]
async fn an_error_that_anybody_may_answer_with_makes_no_method_known_and_counts() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer().grpc_services(["shop.Orders"])).await;
    client.unary("/shop.Orders/Place", "broken").await.unwrap_err();
    client.unary("/shop.Orders/Place", "a cup").await.unwrap();
    client.unary("/shop.Orders/Place", "broken").await.unwrap_err();
    obs.requests_ended(3).await;
    assert_eq!(
        counted(&obs),
        [
            r#"{service="shop.Orders",method="Place",code="INTERNAL"} 1"#,
            r#"{service="shop.Orders",method="Place",code="OK"} 1"#,
            r#"{service="shop.Orders",method="_OTHER",code="INTERNAL"} 1"#,
        ]
    );
}

/// Whoever asks by gRPC where nobody serves it makes no error of it.
#[tokio::test]
async fn an_answer_of_nothing_but_http_is_no_error_of_a_service_that_refuses_grpc() {
    let obs = obs::testing::start("shop");
    let refuses = async || (http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "json, please");
    let router = axum::Router::new().route("/orders/{id}", axum::routing::post(refuses)).layer(obs.layer());
    let request = http::Request::post("/orders/7").header("content-type", "application/grpc");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
    axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
    obs.requests_ended(1).await;
    assert_eq!(counted(&obs), [r#"{service="_OTHER",method="_OTHER",code="UNKNOWN"} 1"#]);
    assert_eq!(obs.value("rpc_server_requests_in_flight", &[]), Some(0.0));
    let (line, span) = (obs.line("request"), obs.span("grpc"));
    assert_eq!((line.level(), line.field("outcome").as_str()), ("INFO", Some("client_error")), "{line}");
    assert_eq!(span.status, obs_trace::sink::FinishedStatus::Unset);
    assert_eq!(super::text(&span, "error.type"), None);
}

#[tokio::test]
async fn what_is_no_grpc_stays_http() {
    let obs = obs::testing::start("shop");
    let router =
        axum::Router::new().route("/orders", axum::routing::post(async || "placed")).layer(obs.layer());
    for (content_type, method) in
        [("application/grpc-web+proto", "POST"), ("application/json", "POST"), ("application/grpc", "GET")]
    {
        let request =
            http::Request::builder().method(method).uri("/orders").header("content-type", content_type);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
        axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
    }
    obs.requests_ended(3).await;
    assert_eq!(obs.value("http_requests_total", &[("status_code", "200")]), Some(2.0));
    assert_eq!(counted(&obs), [""; 0]);
}
