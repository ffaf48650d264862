//! Prometheus's protobuf, read back by messages that prost decodes.

use std::time::Duration;

use obs_core::{Base, Clock, Declaration, IdSource, Resource, Timestamp};
use obs_metrics::{Format, Matcher, Recorder};
use prost::Message;

use crate::{base, recorder, root};

/// What of `io/prometheus/client/metrics.proto` is written here, by its field numbers.
pub(crate) mod wire {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Label {
        #[prost(string, tag = "1")]
        pub(crate) name: String,
        #[prost(string, tag = "2")]
        pub(crate) value: String,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Timestamp {
        #[prost(int64, tag = "1")]
        pub(crate) seconds: i64,
        #[prost(int32, tag = "2")]
        pub(crate) nanos: i32,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Exemplar {
        #[prost(message, repeated, tag = "1")]
        pub(crate) label: Vec<Label>,
        #[prost(double, tag = "2")]
        pub(crate) value: f64,
        #[prost(message, optional, tag = "3")]
        pub(crate) timestamp: Option<Timestamp>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Gauge {
        #[prost(double, tag = "1")]
        pub(crate) value: f64,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Counter {
        #[prost(double, tag = "1")]
        pub(crate) value: f64,
        #[prost(message, optional, tag = "2")]
        pub(crate) exemplar: Option<Exemplar>,
        #[prost(message, optional, tag = "3")]
        pub(crate) created: Option<Timestamp>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Bucket {
        #[prost(uint64, tag = "1")]
        pub(crate) cumulative_count: u64,
        #[prost(double, tag = "2")]
        pub(crate) upper_bound: f64,
        #[prost(message, optional, tag = "3")]
        pub(crate) exemplar: Option<Exemplar>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Span {
        #[prost(sint32, tag = "1")]
        pub(crate) offset: i32,
        #[prost(uint32, tag = "2")]
        pub(crate) length: u32,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Histogram {
        #[prost(uint64, tag = "1")]
        pub(crate) count: u64,
        #[prost(double, tag = "2")]
        pub(crate) sum: f64,
        #[prost(message, repeated, tag = "3")]
        pub(crate) bucket: Vec<Bucket>,
        #[prost(sint32, tag = "5")]
        pub(crate) schema: i32,
        #[prost(double, tag = "6")]
        pub(crate) zero_threshold: f64,
        #[prost(uint64, tag = "7")]
        pub(crate) zero_count: u64,
        #[prost(message, repeated, tag = "9")]
        pub(crate) negative_span: Vec<Span>,
        #[prost(sint64, repeated, packed = "false", tag = "10")]
        pub(crate) negative_delta: Vec<i64>,
        #[prost(message, repeated, tag = "12")]
        pub(crate) positive_span: Vec<Span>,
        #[prost(sint64, repeated, packed = "false", tag = "13")]
        pub(crate) positive_delta: Vec<i64>,
        #[prost(message, optional, tag = "15")]
        pub(crate) created: Option<Timestamp>,
        #[prost(message, repeated, tag = "16")]
        pub(crate) exemplars: Vec<Exemplar>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Metric {
        #[prost(message, repeated, tag = "1")]
        pub(crate) label: Vec<Label>,
        #[prost(message, optional, tag = "2")]
        pub(crate) gauge: Option<Gauge>,
        #[prost(message, optional, tag = "3")]
        pub(crate) counter: Option<Counter>,
        #[prost(message, optional, tag = "7")]
        pub(crate) histogram: Option<Histogram>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Family {
        #[prost(string, tag = "1")]
        pub(crate) name: String,
        #[prost(string, tag = "2")]
        pub(crate) help: String,
        #[prost(int32, tag = "3")]
        pub(crate) kind: i32,
        #[prost(message, repeated, tag = "4")]
        pub(crate) metric: Vec<Metric>,
        #[prost(string, tag = "5")]
        pub(crate) unit: String,
    }
}

pub(crate) fn families(recorder: &Recorder) -> Vec<wire::Family> {
    let bytes = recorder.render(Format::Protobuf);
    let mut rest = bytes.as_slice();
    let mut families = Vec::new();
    while !rest.is_empty() {
        families.push(wire::Family::decode_length_delimited(&mut rest).unwrap());
    }
    families
}

fn family(recorder: &Recorder, name: &str) -> wire::Family {
    families(recorder).into_iter().find(|family| family.name == name).unwrap()
}

/// Bucket numbers and counts, as a reader of spans and deltas makes them.
fn buckets(spans: &[wire::Span], deltas: &[i64]) -> Vec<(i32, i64)> {
    let (mut next, mut count, mut deltas) = (0, 0, deltas.iter());
    let mut buckets = Vec::new();
    for span in spans {
        next += span.offset;
        for _ in 0..span.length {
            count += deltas.next().unwrap();
            buckets.push((next, count));
            next += 1;
        }
    }
    assert_eq!(deltas.next(), None);
    buckets
}

#[test]
fn counters_and_gauges_have_their_names_labels_and_values() {
    let recorder = Recorder::builder(base())
        .const_label("zone", "a\"b")
        .declare(Declaration::counter("jobs_total").help("Jobs \\ done."))
        .build()
        .unwrap();
    recorder.counter("jobs", &[]).unwrap().increment(3);
    recorder.gauge("temperature_celsius", &[("room", "a\nb,c=\"d\"")]).unwrap().set(-2.5);
    let jobs = family(&recorder, "jobs_total");
    assert_eq!((jobs.kind, jobs.help.as_str(), jobs.metric.len()), (0, "Jobs \\ done.", 1));
    assert_eq!(jobs.metric[0].counter.as_ref().unwrap().value, 3.0);
    let temperature = family(&recorder, "temperature_celsius");
    let [metric] = &temperature.metric[..] else { panic!("{temperature:?}") };
    let labels: Vec<_> = metric.label.iter().map(|label| (&*label.name, &*label.value)).collect();
    assert_eq!(labels, [("zone", "a\"b"), ("room", "a\nb,c=\"d\"")]);
    assert_eq!(metric.gauge.as_ref().unwrap().value, -2.5);
    let names: Vec<_> = families(&recorder).into_iter().map(|family| family.name).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn exemplars_and_beginnings_stand_where_they_belong() {
    let start = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
    let clock = Clock::manual(start);
    let base = Base::with(Resource::new("test"), clock.clone(), IdSource::random());
    let recorder = Recorder::builder(base).build().unwrap();
    clock.advance(Duration::from_millis(2_500));
    let (counter, histogram) = (recorder.counter("x", &[]).unwrap(), recorder.histogram("y", &[]).unwrap());
    let context = root(true);
    counter.add(4, Some(context.ids()));
    histogram.observe(0.3, Some(context.ids()));
    let created = Some(wire::Timestamp { seconds: 1_700_000_002, nanos: 500_000_000 });
    let counter = family(&recorder, "x_total").metric[0].counter.clone().unwrap();
    assert_eq!(counter.created, created);
    let exemplar = counter.exemplar.unwrap();
    assert_eq!((exemplar.value, exemplar.label[0].name.as_str()), (4.0, "trace_id"));
    assert_eq!(exemplar.label[0].value, context.trace_id().to_string());
    assert_eq!(exemplar.label[1].value, context.span_id().to_string());
    let histogram = family(&recorder, "y").metric[0].histogram.clone().unwrap();
    assert_eq!(histogram.created, created);
    let with: Vec<_> = histogram.bucket.iter().filter(|bucket| bucket.exemplar.is_some()).collect();
    let [bucket] = with[..] else { panic!("{histogram:?}") };
    assert!(bucket.upper_bound >= 0.3 && bucket.cumulative_count == 1, "{bucket:?}");
    assert_eq!(bucket.exemplar.as_ref().unwrap().value, 0.3);
}

#[test]
fn a_native_histogram_has_both_kinds_of_buckets_and_one_count() {
    let recorder = Recorder::builder(base())
        .default_buckets([1.0, 2.0])
        .native_histograms(Matcher::Prefix("work_".into()))
        .build()
        .unwrap();
    let histogram = recorder.histogram("work_seconds", &[]).unwrap();
    for value in [0.0, 1.0, 1.05, 1.06, 4.0, -2.0, 3.0e-12] {
        histogram.record(value);
    }
    histogram.record(f64::NAN);
    recorder.histogram("plain_seconds", &[]).unwrap().record(1.0);
    let read = family(&recorder, "work_seconds").metric[0].histogram.clone().unwrap();
    assert_eq!((read.count, read.schema, read.zero_count), (7, 3, 2));
    assert_eq!(buckets(&read.positive_span, &read.positive_delta), [(0, 1), (1, 2), (16, 1)]);
    assert_eq!(buckets(&read.negative_span, &read.negative_delta), [(8, 1)]);
    let classic: Vec<_> = read.bucket.iter().map(|it| (it.upper_bound, it.cumulative_count)).collect();
    assert_eq!(classic, [(1.0, 4), (2.0, 6)]);
    let plain = family(&recorder, "plain_seconds").metric[0].histogram.clone().unwrap();
    assert!(plain.positive_span.is_empty() && plain.zero_threshold == 0.0, "{plain:?}");
    assert_eq!(plain.count, 1);
}

#[test]
fn a_native_histogram_without_an_observation_is_known_as_one() {
    let recorder =
        Recorder::builder(base()).native_histograms(Matcher::Suffix("_seconds".into())).build().unwrap();
    let _ = recorder.histogram("work_seconds", &[]).unwrap();
    let read = family(&recorder, "work_seconds").metric[0].histogram.clone().unwrap();
    assert_eq!(read.positive_span, [wire::Span { offset: 0, length: 0 }]);
}

#[test]
fn all_series_of_a_family_are_in_one_message() {
    let recorder = recorder();
    for n in 0..500 {
        recorder.counter("x", &[("n", &n.to_string())]).unwrap().increment(n);
    }
    let read = family(&recorder, "x_total");
    let values: Vec<_> = read.metric.iter().map(|it| it.counter.as_ref().unwrap().value).collect();
    assert_eq!(values, (0..500).map(f64::from).collect::<Vec<_>>());
}
