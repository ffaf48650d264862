//! Spans by gRPC to a strict collector in process, decoded by the official types.

use std::io::Read;
use std::sync::Arc;

use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_export::http::{Encoding, Endpoint, Retry};
use obs_export::queue::{self, Reason, Worker};
use obs_trace::otlp::{Otlp, PIPELINE, Settings};
use obs_trace::{Kind, Tracer};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;

use crate::called::{Call, Called, Say};
use crate::stub::LONG;

fn three(server: &Called, change: impl FnOnce(Settings) -> Settings) -> Worker {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_000_000_000));
    let base = Base::with(Resource::new("orders"), clock, IdSource::seeded(3));
    let queue = queue::Settings::new(PIPELINE).linger(LONG);
    let retry = Retry::new().first_pause(std::time::Duration::from_millis(2));
    let settings = change(Settings::new().queue(queue).retry(retry).grpc());
    // Of its path nothing counts.
    let endpoint = Endpoint::parse(&format!("{}/v1/traces", server.url())).unwrap();
    let (otlp, worker) = Otlp::spawn(&base, endpoint, settings).unwrap();
    let tracer = Tracer::builder(Arc::clone(&base)).sink(otlp).build();
    for name in ["one", "two", "three"] {
        tracer.end(tracer.start(None, name, Kind::Internal));
    }
    worker.queue().flush(LONG).unwrap();
    worker
}

fn names(message: &[u8]) -> Vec<String> {
    let request = ExportTraceServiceRequest::decode(message).unwrap();
    let spans = request.resource_spans.into_iter().flat_map(|entries| entries.scope_spans);
    spans.flat_map(|entries| entries.spans).map(|span| span.name).collect()
}

fn plain(call: &Call) -> Vec<String> {
    assert_eq!(call.path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert!(!call.is_compressed);
    names(&call.message)
}

#[test]
fn spans_arrive_whole_and_in_order() {
    let server = Called::start([Say::Message(ExportTraceServiceResponse::default().encode_to_vec())]);
    let worker = three(&server, |settings| settings);
    assert_eq!(plain(&server.next()), ["one", "two", "three"]);
    assert!(server.rest().is_empty());
    assert_eq!(worker.queue().counts().delivered, 3);
}

#[test]
fn a_partial_success_is_counted_and_never_sent_again() {
    let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: "too old".into() };
    let answer = ExportTraceServiceResponse { partial_success: Some(partial) };
    let server = Called::start([Say::Message(answer.encode_to_vec())]);
    let worker = three(&server, |settings| settings);
    server.next();
    assert!(server.rest().is_empty());
    let counts = worker.queue().counts();
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Rejected)), (1, 2));
}

#[test]
fn what_a_collector_says_of_a_partial_success_is_told() {
    let said = |rejected_spans, error_message: &str| {
        let partial = ExportTracePartialSuccess { rejected_spans, error_message: error_message.to_owned() };
        let answer = ExportTraceServiceResponse { partial_success: Some(partial) };
        let server = Called::start([Say::Message(answer.encode_to_vec())]);
        let mut found = (None, None);
        let worker = three(&server, |settings| {
            let (warned, warnings) = std::sync::mpsc::channel();
            let (failed, failures) = std::sync::mpsc::channel();
            found = (Some(warnings), Some(failures));
            settings
                .on_warning(move |words| warned.send(words.to_owned()).unwrap())
                .on_failure(move |failure| failed.send(failure.to_string()).unwrap())
        });
        drop(worker);
        (found.0.unwrap().try_iter().collect::<Vec<_>>(), found.1.unwrap().try_iter().collect::<Vec<_>>())
    };
    let lost = "2 records lost (rejected) after 1 attempts: gRPC status OK: too old";
    assert_eq!(said(2, "too old"), (vec![], vec![lost.to_owned()]));
    assert_eq!(said(0, "use TLS"), (vec!["use TLS".to_owned()], vec![]));
    assert_eq!(said(0, ""), (vec![], vec![]));
}

#[test]
fn a_collector_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let server = Called::start([Say::status(14), Say::status(0)]);
    assert_eq!(three(&server, |settings| settings).queue().counts().delivered, 3);
    assert_eq!(server.rest().len(), 2);
    let server = Called::start([Say::status(16), Say::status(0)]);
    let counts = three(&server, |settings| settings).queue().counts();
    assert_eq!((counts.dropped_for(Reason::Rejected), server.rest().len()), (3, 1));
}

#[test]
fn gzip_reads_back() {
    let server = Called::start([Say::status(0)]);
    let worker = three(&server, |settings| settings.encoding(Encoding::Gzip));
    assert_eq!(worker.queue().counts().delivered, 3);
    let call = server.next();
    assert_eq!((call.header("grpc-encoding"), call.is_compressed), (Some("gzip"), true));
    let mut message = Vec::new();
    flate2::read::GzDecoder::new(&call.message[..]).read_to_end(&mut message).unwrap();
    assert_eq!(names(&message), ["one", "two", "three"]);
}
