//! Other formats than W3C's, from the caller through this service to whom it calls.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response};
use obs_core::propagate::{Format, Propagation};
use obs_core::{Base, Resource};
use obs_middleware::{ClientLayer, ServerLayer, Trust};
use tower::{Layer, ServiceExt, service_fn};

use crate::spy::{Seen, Spy};

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SPAN: &str = "e457b5a2e4d86bd1";

/// What a request with these headers becomes, and the headers of the call it makes.
async fn through(propagation: Propagation, trust: Trust, headers: &[(&str, &str)]) -> (Seen, HeaderMap) {
    let base = Base::builder(Resource::new("test")).propagation(propagation).build();
    let spy = Spy::default();
    let sent = Arc::new(Mutex::new(HeaderMap::new()));
    let (client, kept) = (ClientLayer::new(Arc::clone(&base), "next"), Arc::clone(&sent));
    let server = ServerLayer::new(base, spy.clone()).trust(trust);
    let service = server.layer(service_fn(move |request: Request<()>| {
        let kept = Arc::clone(&kept);
        let client = client.layer(service_fn(move |call: Request<()>| {
            *kept.lock().unwrap() = call.headers().clone();
            async { Ok::<_, Infallible>(Response::new(String::new())) }
        }));
        // As a proxy does: all that came is handed on.
        let mut call = Request::new(());
        *call.headers_mut() = request.headers().clone();
        client.oneshot(call)
    }));
    let mut request = Request::builder();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.oneshot(request.body(()).unwrap()).await.unwrap();
    let sent = sent.lock().unwrap().clone();
    (spy.only(), sent)
}

fn b3() -> Propagation {
    Propagation::new().extract([Format::B3, Format::TraceContext]).inject([Format::B3])
}

#[tokio::test]
async fn a_caller_that_speaks_b3_is_the_parent_and_whom_we_call_hears_of_it_in_b3() {
    let single = format!("{TRACE}-{SPAN}-1");
    let many = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN), ("X-B3-Sampled", "1")];
    for headers in [&[("b3", single.as_str())][..], &many] {
        let (seen, sent) = through(b3(), Trust::Internal, headers).await;
        assert_eq!((seen.ids.trace_id.to_string(), seen.parent.as_deref()), (TRACE.to_owned(), Some(SPAN)));
        assert!(seen.ids.flags.is_sampled());
        let value = sent["b3"].to_str().unwrap();
        assert!(value.starts_with(&format!("{TRACE}-")) && value.ends_with("-1"), "{value}");
        assert!(!value.contains(SPAN), "the call's own span: {value}");
        assert!(!sent.contains_key("x-b3-traceid") && !sent.contains_key("traceparent"), "{sent:?}");
    }
    let (seen, sent) = through(b3(), Trust::Edge, &[("b3", &single)]).await;
    assert_eq!((seen.parent, seen.link.as_deref()), (None, Some(SPAN)));
    assert!(!sent["b3"].to_str().unwrap().contains(TRACE));
}

#[tokio::test]
async fn a_b3_decision_without_ids_and_debug_are_followed() {
    let (seen, sent) = through(b3(), Trust::Internal, &[("b3", "1")]).await;
    assert!(seen.ids.flags.is_sampled() && seen.parent.is_none());
    assert!(sent["b3"].to_str().unwrap().ends_with("-1"));
    let (seen, _) = through(b3(), Trust::Edge, &[("b3", "1")]).await;
    assert!(!seen.ids.flags.is_sampled(), "not from anybody");
    let (_, sent) = through(b3(), Trust::Internal, &[("b3", &format!("{TRACE}-{SPAN}-d"))]).await;
    assert!(sent["b3"].to_str().unwrap().ends_with("-d"));
}

#[tokio::test]
async fn several_formats_are_written_side_by_side_and_agree() {
    let all = [Format::TraceContext, Format::B3Multi, Format::Jaeger, Format::TraceId];
    let propagation = Propagation::new().extract([Format::Jaeger]).inject(all);
    let jaeger = format!("{TRACE}:{SPAN}:0:1");
    let (seen, sent) = through(propagation, Trust::Internal, &[("uber-trace-id", &jaeger)]).await;
    assert_eq!(seen.parent.as_deref(), Some(SPAN));
    let text = |name: &str| sent[name].to_str().unwrap();
    let span = text("x-b3-spanid");
    assert_eq!(text("traceparent"), format!("00-{TRACE}-{span}-01"));
    assert_eq!((text("x-b3-traceid"), text("x-b3-sampled"), text("x-trace-id")), (TRACE, "1", TRACE));
    assert_eq!(text("uber-trace-id"), format!("{TRACE}:{span}:0:1"));
    let parts: Vec<_> = sent.keys().filter(|name| name.as_str().contains("b3")).collect();
    assert_eq!(parts.len(), 3, "{parts:?}");
}

#[tokio::test]
async fn what_is_not_chosen_is_not_looked_at() {
    let headers = [("b3", &*format!("{TRACE}-{SPAN}-1")), ("uber-trace-id", &format!("{TRACE}:{SPAN}:0:1"))];
    let (seen, _) = through(Propagation::new(), Trust::Internal, &headers).await;
    assert_ne!(seen.ids.trace_id.to_string(), TRACE);
    let none = Propagation::new().extract([]).inject([]);
    let (seen, sent) =
        through(none, Trust::Internal, &[("traceparent", &format!("00-{TRACE}-{SPAN}-01"))]).await;
    assert_ne!(seen.ids.trace_id.to_string(), TRACE);
    assert!(sent.contains_key("x-request-id"), "{sent:?}");
}

#[tokio::test]
async fn baggage_goes_on_where_it_is_chosen_and_its_caller_believed() {
    let headers = [("baggage", "tenant=acme;p, user=7"), ("traceparent", &*format!("00-{TRACE}-{SPAN}-01"))];
    let sent = async |propagation: Propagation, trust| {
        let (_, sent) = through(propagation, trust, &headers).await;
        sent.get("baggage").map(|value| value.to_str().unwrap().to_owned())
    };
    let chosen = || Propagation::new().baggage(true);
    assert_eq!(sent(chosen(), Trust::Internal).await.as_deref(), Some("tenant=acme;p,user=7"));
    assert_eq!(sent(chosen(), Trust::Edge).await, None, "not even where it is handed on");
}
