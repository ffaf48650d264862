//! Metrics as OTLP, read by the code that OpenTelemetry generates from its own definition.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_metrics::Recorder;
use obs_metrics::push::{Otlp, Periodic, Settings};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, exemplar, number_data_point};
use prost::Message;

use super::stub::{Received, Reply, Stub};
use super::{LONG, counted, pushes, quick, samples_lost, told};
use crate::root;

const NAME: &str = Otlp::PIPELINE;
const START: u64 = 1_700_000_000_000_000_000;

fn base() -> Arc<Base> {
    let mut resource = Resource::new("till");
    resource.set("service.namespace", "shops");
    Base::with(resource, Clock::manual(Timestamp::from_unix_nanos(START)), IdSource::seeded(1))
}

fn start(recorder: &Recorder, stub: &Stub, settings: Settings) -> Periodic {
    Otlp::builder(recorder, stub.url()).settings(settings).start().unwrap()
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.clone().unwrap().value.unwrap() {
        Value::StringValue(text) => (pair.key.clone(), text),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(text).collect()
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[track_caller]
fn metrics(request: &Received) -> BTreeMap<String, Metric> {
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/metrics"));
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    let request = ExportMetricsServiceRequest::decode(request.body.as_slice()).unwrap();
    let [resource] = request.resource_metrics.as_slice() else { panic!("{request:?}") };
    let known = attributes(&resource.resource.as_ref().unwrap().attributes);
    let sdk = owned([
        ("service.name", "till"),
        ("service.namespace", "shops"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.name", "obs"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ]);
    assert_eq!(known, sdk);
    let [scope] = resource.scope_metrics.as_slice() else { panic!("{resource:?}") };
    assert_eq!(scope.scope.as_ref().unwrap().name, "obs");
    let by_name: BTreeMap<_, _> =
        scope.metrics.iter().map(|metric| (metric.name.clone(), metric.clone())).collect();
    assert_eq!(by_name.len(), scope.metrics.len(), "a metric came twice");
    by_name
}

fn only(points: &[NumberDataPoint]) -> &NumberDataPoint {
    let [point] = points else { panic!("{points:?}") };
    point
}

#[test]
fn every_kind_is_cumulative_with_its_start_its_unit_and_its_exemplars() {
    let stub = Stub::script([Reply::status(200)]);
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base))
        .default_buckets([0.5, 1.0])
        .const_label("zone", "z1")
        .build()
        .unwrap();
    let describe = |kind, name, unit, help| recorder.describe(kind, name, Some(unit), help);
    describe(obs_core::keys::Kind::Histogram, "wait_seconds", metrics::Unit::Seconds, "A wait.");
    describe(obs_core::keys::Kind::Gauge, "held_bytes", metrics::Unit::Bytes, "What is held.");
    base.clock.advance(Duration::from_secs(1));
    let context = root(true);
    let ids = context.ids();
    Clock::system().now();
    recorder.counter("calls", &[("to", "a\"b")]).unwrap().add(3, Some(ids));
    recorder.gauge("held_bytes", &[]).unwrap().set(-2.5);
    let wait = recorder.histogram("wait_seconds", &[]).unwrap();
    wait.observe(0.7, Some(ids));
    wait.observe(9.0, None);
    base.clock.advance(Duration::from_secs(5));
    let periodic = start(&recorder, &stub, told());
    periodic.flush(LONG).unwrap();
    let metrics = metrics(&stub.next());

    let second = 1_000_000_000;
    let calls = &metrics["calls"];
    let Some(Data::Sum(sum)) = &calls.data else { panic!("{calls:?}") };
    assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
    let point = only(&sum.data_points);
    assert_eq!(point.value, Some(number_data_point::Value::AsInt(3)));
    assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (START + second, START + 6 * second));
    assert_eq!(attributes(&point.attributes), owned([("to", "a\"b"), ("zone", "z1")]));
    let [told] = point.exemplars.as_slice() else { panic!("{point:?}") };
    assert_eq!(told.trace_id, ids.trace_id.to_bytes());
    assert_eq!(told.span_id, ids.span_id.to_bytes());
    assert!(told.time_unix_nano > 0 && told.value == Some(exemplar::Value::AsDouble(3.0)));

    let held = &metrics["held_bytes"];
    assert_eq!((held.unit.as_str(), held.description.as_str()), ("By", "What is held."));
    let Some(Data::Gauge(gauge)) = &held.data else { panic!("{held:?}") };
    let point = only(&gauge.data_points);
    assert_eq!(point.value, Some(number_data_point::Value::AsDouble(-2.5)));
    assert_eq!(point.start_time_unix_nano, 0);

    let wait = &metrics["wait_seconds"];
    assert_eq!((wait.unit.as_str(), wait.description.as_str()), ("s", "A wait."));
    let Some(Data::Histogram(histogram)) = &wait.data else { panic!("{wait:?}") };
    assert_eq!(histogram.aggregation_temporality, 2);
    let [point] = histogram.data_points.as_slice() else { panic!("{histogram:?}") };
    assert_eq!((point.count, point.sum), (2, Some(9.7)));
    assert_eq!(
        (point.bucket_counts.as_slice(), point.explicit_bounds.as_slice()),
        (&[0, 1, 1][..], &[0.5, 1.0][..])
    );
    assert_eq!(point.start_time_unix_nano, START + second);
    assert_eq!(point.exemplars.len(), 1);
    // What a source of the base tells counts since the recorder began.
    let Some(Data::Sum(sum)) = &metrics["obs_metric_pushes"].data else { panic!() };
    assert!(sum.data_points.iter().all(|point| point.start_time_unix_nano == START));

    // One that is older than the last snapshot was told by it; exemplars have their own clock, that of the machine.
    base.clock.advance(Duration::from_secs(1_000_000_000));
    periodic.flush(LONG).unwrap();
    periodic.flush(LONG).unwrap();
    stub.next();
    let Some(Data::Sum(sum)) = &self::metrics(&stub.next())["calls"].data else { panic!() };
    assert_eq!(only(&sum.data_points).exemplars, []);
}

#[test]
fn a_histogram_of_negative_bounds_has_no_sum_and_a_family_without_series_is_left_out() {
    let stub = Stub::script([Reply::status(200)]);
    let recorder = Recorder::builder(base()).default_buckets([-1.0, 1.0]).build().unwrap();
    recorder.histogram("drift", &[]).unwrap().observe(-3.0, None);
    let periodic = start(&recorder, &stub, told());
    periodic.flush(LONG).unwrap();
    let metrics = metrics(&stub.next());
    let Some(Data::Histogram(histogram)) = &metrics["drift"].data else { panic!() };
    assert_eq!((histogram.data_points[0].sum, histogram.data_points[0].count), (None, 1));
    assert!(!metrics.contains_key("http_requests"));
}

fn partial(rejected: i64) -> Vec<u8> {
    let partial_success =
        Some(ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message: "no".into() });
    ExportMetricsServiceResponse { partial_success }.encode_to_vec()
}

#[test]
fn a_partial_success_is_counted_and_never_sent_again() {
    for (rejected, lost) in [(2, 2.0), (0, 0.0), (-1, 0.0)] {
        let stub = Stub::script([Reply::Status(200, vec![], partial(rejected))]);
        let recorder = Recorder::builder(base()).build().unwrap();
        let periodic = start(&recorder, &stub, told());
        periodic.flush(LONG).unwrap();
        assert_eq!(stub.rest().len(), 1);
        assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 1)]));
        assert_eq!(samples_lost(&recorder, NAME), lost);
    }
}

#[test]
fn answers_are_judged_by_the_table_of_otlp() {
    let json = ("content-type", "application/json".to_owned());
    let html = b"<html>who are you?</html>".to_vec();
    for (reply, times, result) in [
        (Reply::Status(200, vec![json], b"{}".to_vec()), 1, "delivered"),
        (Reply::Status(200, vec![], html), 1, "rejected"),
        (Reply::status(400), 1, "rejected"),
        (Reply::status(500), 1, "rejected"),
    ] {
        let stub = Stub::script([reply.clone(), Reply::status(200)]);
        let recorder = Recorder::builder(base()).build().unwrap();
        let periodic = start(&recorder, &stub, told());
        periodic.flush(LONG).unwrap();
        assert_eq!(stub.rest().len(), times, "{reply:?}");
        assert_eq!(pushes(&recorder, NAME), counted(&[(result, 1)]), "{reply:?}");
        assert_eq!(samples_lost(&recorder, NAME) > 0.0, result == "rejected", "{reply:?}");
    }
    for reply in [Reply::status(429), Reply::status(503), Reply::Close] {
        let stub = Stub::script([reply.clone(), Reply::status(200)]);
        let recorder = Recorder::builder(base()).build().unwrap();
        let periodic = start(&recorder, &stub, told().retry(quick()));
        periodic.flush(LONG).unwrap();
        assert_eq!(stub.rest().len(), 2, "{reply:?}");
        assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 1)]), "{reply:?}");
    }
}

#[test]
fn an_exact_endpoint_is_used_as_it_is() {
    let stub = Stub::script([Reply::status(200)]);
    let recorder = Recorder::builder(base()).build().unwrap();
    let builder = Otlp::builder(&recorder, format!("{}/in?key=1", stub.url())).exact_endpoint();
    let mut periodic = builder.settings(told()).start().unwrap();
    assert!(periodic.shutdown(LONG));
    assert_eq!(stub.next().path, "/in?key=1");
    assert_eq!(
        Otlp::builder(&recorder, "nowhere").start().unwrap_err().mistakes(),
        ["endpoint does not begin with http://"]
    );
}
