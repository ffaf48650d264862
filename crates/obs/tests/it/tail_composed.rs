//! Tail keep where other layers stand beside ours, or make the spans in the place of ours: whole traces leave, of what fails and
//! of nothing else, with the ids that were sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use obs::config::{SamplerChoice, TraceTail};
use opentelemetry::trace::TracerProvider;
use opentelemetry_proto::tonic::trace::v1::Span;
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::{Identity, SubscriberExt};

use crate::collector::{Answer, Collector};
use crate::process::alone;
use crate::service::{Service, TempFile, exchange, request};

const REQUESTS: u64 = 200;
const FAILURES: usize = 7;

fn fails(id: u64) -> bool {
    id % 29 == 3
}

fn trace_id(id: u64) -> String {
    format!("{:032x}", 0xabcd_0000_0000_0000_u128 << 64 | u128::from(id + 1))
}

/// The caller's span, whose head did not record the trace.
fn caller(id: u64) -> String {
    format!("{:016x}", id + 1)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tracing::instrument]
async fn look_up(id: u64) {
    tokio::task::yield_now().await;
    async { tokio::task::yield_now().await }.instrument(info_span!("audit")).await;
}

async fn order(Path(id): Path<u64>) -> StatusCode {
    look_up(id).await;
    let work = async { info_span!("query").in_scope(|| ()) };
    tokio::spawn(work.instrument(info_span!("task"))).await.unwrap();
    if fails(id) { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
}

/// Serves all requests, four at once, and checks what has left.
fn check(collector: &Collector, obs: obs::ComposedBuilder) {
    let obs = obs.install().unwrap();
    let service = Service::start(Router::new().route("/orders/{id}", get(order)).layer(obs.layer()));
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let addr = service.addr;
            scope.spawn(move || {
                for id in (worker..REQUESTS).step_by(4) {
                    let header = format!("traceparent: 00-{}-{}-00\r\n", trace_id(id), caller(id));
                    let answer = exchange(addr, &request("GET", &format!("/orders/{id}"), &header)).unwrap();
                    assert_eq!(answer.status, if fails(id) { 502 } else { 200 });
                }
            });
        }
    });
    drop(service);
    assert!(obs.flush(Duration::from_secs(10)));
    drop(obs);

    let mut traces = BTreeMap::<_, Vec<Span>>::new();
    for span in collector.spans() {
        traces.entry(hex(&span.trace_id)).or_default().push(span);
    }
    let failed: Vec<_> = (0..REQUESTS).filter(|id| fails(*id)).collect();
    assert_eq!(failed.len(), FAILURES);
    let expected: BTreeSet<_> = failed.iter().map(|id| trace_id(*id)).collect();
    assert_eq!(traces.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for id in failed {
        whole(&traces[&trace_id(id)], id);
    }
}

/// All spans of one request are there, each below the one it was opened in.
fn whole(spans: &[Span], id: u64) {
    let mut names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["GET /orders/{id}", "audit", "look_up", "query", "task"], "{id}");
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    for (name, above) in [
        ("audit", "look_up"),
        ("query", "task"),
        ("look_up", "GET /orders/{id}"),
        ("task", "GET /orders/{id}"),
    ] {
        assert_eq!(find(name).parent_span_id, find(above).span_id, "{name} of {id}");
    }
    assert_eq!(hex(&find("GET /orders/{id}").parent_span_id), caller(id));
}

fn builder(collector: &Collector, file: &TempFile) -> obs::Builder {
    obs::builder("orders")
        .admin(obs::Admin::Off)
        .log_file(&file.0)
        .otlp_endpoint(collector.url())
        .sampler(SamplerChoice::ParentBased(0.0))
        .trace_tail(TraceTail::errors())
}

#[test]
fn beside_layers_of_others_exactly_what_fails_is_kept_whole() {
    alone(module_path!(), "beside_layers_of_others_exactly_what_fails_is_kept_whole", &[], || {
        let (collector, file) = (Collector::start(Answer::Ok), TempFile::new("tail-composed.log"));
        check(&collector, builder(&collector, &file).compose(|ours| ours.with(Identity::new())));
    });
}

#[test]
fn by_the_spans_of_tracing_opentelemetry_exactly_what_fails_is_kept_whole() {
    let name = "by_the_spans_of_tracing_opentelemetry_exactly_what_fails_is_kept_whole";
    alone(module_path!(), name, &[], || {
        let (collector, file) = (Collector::start(Answer::Ok), TempFile::new("tail-composed-tracers.log"));
        let obs = builder(&collector, &file).trace_filter("off").compose_with_tracers(|ours, provider| {
            ours.with(tracing_opentelemetry::layer().with_tracer(provider.tracer("tracing")))
        });
        check(&collector, obs);
    });
}
