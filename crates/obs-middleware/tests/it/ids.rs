//! Contexts and headers: what is taken from the caller, what is made, and what the response says.

use std::convert::Infallible;

use http::{Request, Response};
use obs_core::context::{self, Route};
use obs_core::observe::Verdict;
use obs_middleware::{Peer, RouteProbeLayer, ServerLayer, Trust};
use tower::{Layer, ServiceExt, service_fn};

use crate::spy::{Spy, layer};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

async fn call(layer: &ServerLayer<Spy>, headers: &[(&str, &str)]) -> Response<String> {
    let service = layer.layer(service_fn(|_: Request<()>| async {
        let open = context::current().unwrap();
        Ok::<_, Infallible>(Response::new(format!("{} {}", open.trace_id(), open.request_id().unwrap())))
    }));
    let mut request = Request::builder().uri("/x?secret=1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_callers_ids_go_on_and_come_back() {
    let (layer, spy, _) = layer();
    let response = call(&layer, &[("traceparent", PARENT), ("x-request-id", "ORD-2024-98765")]).await;
    assert_eq!(response.headers()["x-request-id"], "ORD-2024-98765");
    assert_eq!(response.headers()["x-trace-id"], TRACE);
    assert_eq!(response.body(), &format!("{TRACE} ORD-2024-98765"));
    let seen = spy.only();
    assert_eq!(seen.parent.as_deref(), Some("b7ad6b7169203331"));
    assert_eq!((seen.ids.flags.is_sampled(), seen.verdict, seen.link), (true, Verdict::Keep, None));
    assert_eq!(seen.path, "/x", "the query is nobody's business");
}

#[tokio::test]
async fn without_good_headers_everything_is_new() {
    for bad in [&[][..], &[("traceparent", "00-xyz"), ("x-request-id", "two words")]] {
        let (layer, spy, _) = layer();
        let response = call(&layer, bad).await;
        let seen = spy.only();
        assert_eq!(response.headers()["x-trace-id"], seen.ids.trace_id.to_string());
        assert_eq!(response.headers()["x-request-id"], seen.request_id.as_str());
        assert_eq!(seen.request_id.len(), 32);
        assert_eq!(
            (seen.parent, seen.ids.flags.is_sampled(), seen.ids.flags.is_random()),
            (None, false, true)
        );
        assert_eq!(seen.verdict, Verdict::Drop);
    }
}

#[tokio::test]
async fn at_the_edge_the_trace_starts_anew_and_links_back() {
    let (layer, spy, _) = layer();
    let response = call(&layer.trust(Trust::Edge), &[("traceparent", PARENT), ("x-request-id", "a")]).await;
    let seen = spy.only();
    assert_ne!(response.headers()["x-trace-id"], TRACE);
    assert_eq!((seen.parent, seen.link.as_deref()), (None, Some("b7ad6b7169203331")));
    assert_eq!((seen.ids.flags.is_sampled(), seen.request_id.as_str()), (false, "a"));
}

#[tokio::test]
async fn the_observers_head_decision_beats_the_callers_flag() {
    for head in [Some(true), Some(false), None] {
        let base = obs_core::Base::new(obs_core::Resource::new("test"));
        let spy = Spy::deciding(head);
        call(&ServerLayer::new(base, spy.clone()), &[("traceparent", PARENT)]).await;
        assert_eq!(spy.only().ids.flags.is_sampled(), head.unwrap_or(true));
    }
}

#[tokio::test]
async fn a_layer_inside_another_passes_through_and_fills_the_route() {
    let (outer, spy, _) = layer();
    let (inner, idle, _) = layer();
    let inner = inner.route(|_: &http::Uri, _: &http::Extensions| Some(Route::from_static("/users/{id}")));
    let service =
        outer.layer(inner.layer(service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(String::from("x")))
        })));
    let response = service.oneshot(Request::new(())).await.unwrap();
    drop(response);
    assert_eq!(spy.only().route, Some("/users/{id}"));
    assert_eq!(idle.all(), []);
}

#[tokio::test]
async fn a_probe_inside_fills_the_route_and_does_nothing_outside_of_a_request() {
    let (outer, spy, _) = layer();
    let route = |_: &http::Uri, _: &http::Extensions| Some(Route::from_static("/users/{id}"));
    let probed = RouteProbeLayer::new()
        .route(route)
        .layer(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(String::from("x"))) }));
    probed.clone().oneshot(Request::new(())).await.unwrap();
    drop(outer.layer(probed).oneshot(Request::new(())).await.unwrap());
    assert_eq!(spy.only().route, Some("/users/{id}"));
}

#[tokio::test]
async fn the_peer_is_found_in_the_extensions() {
    let (layer, spy, _) = layer();
    let service =
        layer.layer(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(String::new())) }));
    let peer = "192.0.2.1:50000".parse().unwrap();
    let mut request = Request::new(());
    request.extensions_mut().insert(Peer(peer));
    service.oneshot(request).await.unwrap();
    assert_eq!(spy.only().peer, Some(peer));
}

#[tokio::test]
async fn an_invented_method_is_other_and_keeps_its_text_for_the_span() {
    let (layer, spy, _) = layer();
    let service =
        layer.layer(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(String::new())) }));
    service.oneshot(Request::builder().method("BREW").uri("/pot").body(()).unwrap()).await.unwrap();
    assert_eq!(spy.only().method, "_OTHER BREW");
}
