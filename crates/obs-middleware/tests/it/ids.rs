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
async fn a_header_for_debugging_that_an_observer_finds_good_has_its_request_recorded() {
    let good = ("x-look", "good");
    for (name, headers, expected) in [
        ("x-look", &[good][..], true),
        ("X-Look", &[good, ("traceparent", PARENT)], true),
        ("x-look", &[("x-look", "bad")], false),
        ("x-look", &[good, good], false),
        ("x-look", &[("x-other", "good")], false),
        ("x-other", &[good], false),
        ("no name", &[good], false),
    ] {
        let (layer, spy, _) = layer();
        call(&layer.trust(Trust::Edge).debug_header(name), headers).await;
        let flags = spy.only().ids.flags;
        assert_eq!((flags.is_sampled(), flags.is_debug()), (expected, expected), "{name} {headers:?}");
    }
}

/// A request over a connection from `peer`, and what came of it: its trace, its parent and its link.
async fn from(
    peer: &str,
    layer: ServerLayer<Spy>,
    spy: &Spy,
    headers: &[(&str, &str)],
) -> (String, Option<String>, Option<String>) {
    let service =
        layer.layer(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(String::new())) }));
    let mut request = Request::new(());
    request.extensions_mut().insert(Peer(peer.parse().unwrap()));
    for (name, value) in headers {
        request.headers_mut().append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    service.oneshot(request).await.unwrap();
    let seen = spy.only();
    (seen.ids.trace_id.to_string(), seen.parent, seen.link)
}

#[tokio::test]
async fn at_the_edge_only_the_peers_that_are_listed_are_believed() {
    let networks = || ["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap());
    for (peer, believed) in
        [("10.9.8.7:1", true), ("[::ffff:10.9.8.7]:1", true), ("[::1]:1", true), ("192.0.2.1:1", false)]
    {
        let (layer, spy, _) = layer();
        let layer = layer.trust(Trust::Edge).trusted_peers(networks());
        let (trace_id, parent, link) = from(peer, layer, &spy, &[("traceparent", PARENT)]).await;
        assert_eq!(
            (trace_id == TRACE, parent.is_some(), link.is_some()),
            (believed, believed, !believed),
            "{peer}"
        );
    }
}

#[tokio::test]
async fn a_trace_id_without_a_traceparent_names_the_trace_and_no_parent_and_only_from_whom_is_believed() {
    const HALF: &str = "8448eb211c80319c";
    let padded = format!("0000000000000000{HALF}");
    let upper = TRACE.to_uppercase();
    let other = "11111111111111111111111111111111";
    let inside = "10.0.0.1:1";
    for (peer, headers, expected) in [
        (inside, &[("x-trace-id", TRACE)][..], Some(TRACE)),
        (inside, &[("x-trace-id", &upper)], Some(TRACE)),
        (inside, &[("x-trace-id", HALF)], Some(padded.as_str())),
        (inside, &[("traceparent", "00-xyz"), ("x-trace-id", TRACE)], Some(TRACE)),
        (inside, &[("traceparent", PARENT), ("x-trace-id", other)], Some(TRACE)),
        (inside, &[("x-trace-id", TRACE), ("x-trace-id", TRACE)], None),
        (inside, &[("x-trace-id", "0af7651916cd43dd8448eb211c80319")], None),
        (inside, &[("x-trace-id", "00000000000000000000000000000000")], None),
        ("192.0.2.1:1", &[("x-trace-id", TRACE)], None),
    ] {
        let (layer, spy, _) = layer();
        let layer = layer.trust(Trust::Edge).trusted_peers(["10.0.0.0/8".parse().unwrap()]);
        let (trace_id, parent, _) = from(peer, layer, &spy, headers).await;
        match expected {
            Some(expected) => assert_eq!(trace_id, expected, "{headers:?}"),
            None => assert!(headers.iter().all(|(_, value)| *value != trace_id), "{headers:?}"),
        }
        let has_parent = headers.iter().any(|(_, value)| *value == PARENT);
        assert_eq!(parent.is_some(), has_parent, "{headers:?}");
        assert_eq!(
            spy.only().ids.flags.is_random(),
            expected.is_none() || has_parent && PARENT.ends_with('3')
        );
    }
    let (layer, spy, _) = layer();
    assert_eq!(
        from("192.0.2.1:1", layer, &spy, &[("x-trace-id", TRACE)]).await.0,
        TRACE,
        "internal: all are believed"
    );
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
