//! The client layer of obs with its metrics and its span, under a request that is open and sampled.

use super::{
    ROUTE, Subject, TARGET, at_once, expect, http_call, http_service, reqwest_call, reqwest_service, url,
};
use crate::workload::sum;
use obs::{ClientLayer, Route};
use obs_core::{Base, Resource, context};
use obs_metrics::{Format, Operations, Recorder};
use obs_trace::{Kind, OperationSpans, Sampler, SpanRecord, SpanSink, Tracer};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tower::{Layer as _, ServiceExt as _};

static SPANS: AtomicU64 = AtomicU64::new(0);

/// Counts the client spans it discards, with all they should have; one thread ends them.
struct Discard;

impl SpanSink for Discard {
    fn export(&self, span: &SpanRecord<'_>) {
        let whole = span.kind == Kind::Client && span.parent.is_some() && span.attributes.iter().count() == 9;
        SPANS.store(SPANS.load(Relaxed) + u64::from(whole), Relaxed);
    }
}

fn subject(calls: impl FnOnce(ClientLayer) -> Box<dyn FnMut()>) -> Subject {
    let base = Base::new(Resource::new("micro"));
    let recorder = Recorder::builder(Arc::clone(&base)).build().expect("defaults");
    let tracer =
        Tracer::builder(Arc::clone(&base)).sampler(Sampler::always_on().parent_based()).sink(Discard).build();
    base.operations.register(Arc::new(Operations::new(&recorder)));
    base.operations.register(Arc::new(OperationSpans::new(&tracer)));
    // The request that is being served meanwhile; it stays open as long as the process lives.
    let request = tracer.start(None, "request", Kind::Server);
    context::push(request.context().clone());
    let mut call = calls(ClientLayer::new(base, TARGET));
    Subject::new(
        move |count| (0..count).for_each(|_| call()),
        move |total| {
            let _open = &request;
            expect("client spans", SPANS.load(Relaxed), total)?;
            let text = String::from_utf8(recorder.render(Format::Text)).expect("an exposition is UTF-8");
            expect("counted calls", sum(&text, "http_client_requests_total"), total)?;
            expect("timed calls", sum(&text, "http_client_request_duration_seconds_count"), total)
        },
    )
}

/// Around a client of the `http` crate, as a tower layer.
pub(crate) fn http() -> Subject {
    subject(|layer| {
        let service = layer.layer(http_service());
        Box::new(move || drop(black_box(at_once(service.clone().oneshot(http_call())))))
    })
}

/// Around a client of reqwest's types, as a tower layer too; `send_through` does the same.
pub(crate) fn reqwest() -> Subject {
    subject(|layer| {
        let service = layer.route(Template).layer(reqwest_service());
        let url = url();
        Box::new(move || drop(black_box(at_once(service.clone().oneshot(reqwest_call(&url))))))
    })
}

/// The one route there is.
#[derive(Clone, Copy, Debug)]
struct Template;

impl obs::middleware::RouteOf for Template {
    fn route(&self, _: &http::Uri, _: &http::Extensions) -> Option<Route> {
        Some(Route::new(ROUTE))
    }
}
