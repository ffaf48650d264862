//! Spans as OTLP's JSON to a strict collector, and requests that are bounded in spans.

use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Resource};
use obs_export::http::{Endpoint, Retry};
use obs_export::queue;
use obs_trace::otlp::{Otlp, PIPELINE, Settings};
use obs_trace::{Kind, Tracer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::stub::{Answer, LONG, Received, Stub};

/// Sends so many spans as one batch, and returns what came.
fn sent(stub: &Stub, spans: usize, settings: Settings) -> (Vec<Received>, queue::Counts) {
    let base = Base::new(Resource::new("orders"));
    let retry = Retry::new().first_pause(Duration::from_millis(2)).budget(LONG);
    let settings = settings.queue(queue::Settings::new(PIPELINE).linger(LONG)).retry(retry);
    let (otlp, worker) = Otlp::spawn(&base, Endpoint::parse(&stub.url()).unwrap(), settings).unwrap();
    let tracer = Tracer::builder(Arc::clone(&base)).sink(otlp).build();
    for n in 0..spans {
        tracer.end(tracer.start(None, format!("span {n}"), Kind::Internal));
    }
    worker.queue().flush(LONG).unwrap();
    let counts = worker.queue().counts();
    drop(worker);
    (stub.rest(), counts)
}

fn json(received: &Received) -> ExportTraceServiceRequest {
    assert_eq!(received.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(received.header("content-type"), Some("application/json"));
    serde_json::from_slice(&received.body).unwrap()
}

fn names(request: ExportTraceServiceRequest) -> Vec<String> {
    let [resource] = request.resource_spans.try_into().unwrap();
    let [scope] = resource.scope_spans.try_into().unwrap();
    scope.spans.into_iter().map(|span: Span| span.name).collect()
}

fn all(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("span {n}")).collect()
}

fn answered(body: &str) -> Answer {
    Answer::Status(200, vec![("content-type", "application/json".into())], body.as_bytes().to_vec())
}

#[test]
fn spans_are_posted_as_json_and_tried_again_as_the_same() {
    let stub = Stub::start([Answer::status(503), answered(r#"{"partialSuccess":{}}"#)]);
    let (came, counts) = sent(&stub, 3, Settings::new().json());
    let [first, second] = &came[..] else { panic!("{}", came.len()) };
    assert_eq!(first.body, second.body);
    assert_eq!(names(json(second)), all(3));
    assert_eq!((counts.delivered, counts.dropped()), (3, 0));
}

#[test]
fn what_a_partial_success_in_json_refuses_is_counted_and_what_is_no_answer_refuses_all() {
    for (body, lost) in
        [(r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"old"}}"#, 2), ("{}", 0), ("[1]", 3)]
    {
        let stub = Stub::start([answered(body)]);
        let (_, counts) = sent(&stub, 3, Settings::new().json());
        assert_eq!(counts.dropped_for(queue::Reason::Rejected), lost, "{body}");
    }
}

#[test]
fn a_batch_that_is_too_large_as_json_is_cut_as_any_other() {
    let stub = Stub::start([Answer::status(413), answered("{}")]);
    let (came, counts) = sent(&stub, 4, Settings::new().json());
    let later: Vec<_> = came[1..].iter().flat_map(|received| names(json(received))).collect();
    assert_eq!((came.len(), later), (3, all(4)));
    assert_eq!((counts.delivered, counts.dropped()), (4, 0));
}

#[test]
fn no_request_has_more_spans_than_it_may() {
    let stub = Stub::start([Answer::status(200)]);
    let (came, counts) = sent(&stub, 7, Settings::new().most_spans(3));
    let decoded = came.iter().map(|received| ExportTraceServiceRequest::decode(&*received.body).unwrap());
    let names: Vec<_> = decoded.map(names).collect();
    assert_eq!(names.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(names.concat(), all(7));
    assert_eq!(counts.delivered, 7);
}
