//! A receiver of remote write that takes nothing it should not: every rule of the protocol is an assertion.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;

use super::remote_write_messages::{ClassicSeries, Label, Request, WriteRequest};
use super::stub::{Received, Reply};

/// One series of a request, in whichever version it came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// `name{label="value",..}`, the labels in their order.
    pub(super) key: String,
    pub(super) value: f64,
    pub(super) millis: i64,
    /// When it began, by 2.0; else 0.
    pub(super) start: i64,
    /// Labels, value and time.
    pub(super) exemplars: Vec<(String, f64, i64)>,
    /// Type, help and unit, by 2.0.
    pub(super) metadata: Option<(i32, String, String)>,
}

/// Reads a request of the version that its headers say.
#[track_caller]
pub(super) fn read(request: &Received) -> Vec<Series> {
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-encoding"), Some("snappy"));
    assert!(request.header("user-agent").unwrap().starts_with("obs/"));
    let body = snap::raw::Decoder::new().decompress_vec(&request.body).expect("a block of snappy");
    let version = request.header("x-prometheus-remote-write-version");
    let series = match (request.header("content-type"), version) {
        (Some("application/x-protobuf;proto=io.prometheus.write.v2.Request"), Some("2.0.0")) => {
            second(&Request::decode(body.as_slice()).unwrap())
        }
        (Some("application/x-protobuf"), Some("0.1.0")) => {
            first(WriteRequest::decode(body.as_slice()).unwrap())
        }
        other => panic!("{other:?}"),
    };
    let keys: BTreeSet<_> = series.iter().map(|series| &series.key).collect();
    assert_eq!(keys.len(), series.len(), "a series came twice");
    assert!(!series.is_empty(), "nothing is sent in vain");
    series
}

fn second(request: &Request) -> Vec<Series> {
    assert_eq!(request.symbols.first().map(String::as_str), Some(""));
    let symbols: BTreeSet<_> = request.symbols.iter().collect();
    assert_eq!(symbols.len(), request.symbols.len(), "a symbol stands twice");
    let symbol = |at: u32| request.symbols[at as usize].clone();
    let labels = |refs: &[u32]| -> Vec<(String, String)> {
        assert!(refs.len().is_multiple_of(2));
        refs.chunks(2).map(|pair| (symbol(pair[0]), symbol(pair[1]))).collect()
    };
    let series = request.timeseries.iter().map(|series| {
        let [sample] = series.samples.as_slice() else { panic!("{series:?}") };
        let exemplars = series
            .exemplars
            .iter()
            .map(|exemplar| (text(&labels(&exemplar.labels_refs)), exemplar.value, exemplar.timestamp));
        let metadata = series.metadata.as_ref().unwrap();
        Series {
            key: key(&labels(&series.labels_refs)),
            value: sample.value,
            millis: sample.timestamp,
            start: sample.start_timestamp,
            exemplars: exemplars.collect(),
            metadata: Some((metadata.kind, symbol(metadata.help_ref), symbol(metadata.unit_ref))),
        }
    });
    series.collect()
}

fn first(request: WriteRequest) -> Vec<Series> {
    let labels = |labels: Vec<Label>| -> Vec<_> {
        labels.into_iter().map(|label| (label.name, label.value)).collect()
    };
    let series = request.timeseries.into_iter().map(|series| {
        let ClassicSeries { labels: own, samples, exemplars } = series;
        let [sample] = samples.as_slice() else { panic!("{samples:?}") };
        let exemplars = exemplars
            .into_iter()
            .map(|exemplar| (text(&labels(exemplar.labels)), exemplar.value, exemplar.timestamp));
        Series {
            key: key(&labels(own)),
            value: sample.value,
            millis: sample.timestamp,
            start: 0,
            exemplars: exemplars.collect(),
            metadata: None,
        }
    });
    series.collect()
}

/// Checks labels as a receiver must: sorted, unique, none empty, and one of them the name.
fn key(labels: &[(String, String)]) -> String {
    assert!(labels.is_sorted_by(|a, b| a.0 < b.0), "{labels:?}");
    assert!(labels.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()), "{labels:?}");
    let name = &labels.iter().find(|(name, _)| name == "__name__").expect("a name").1;
    let others: Vec<_> = labels.iter().filter(|(name, _)| name != "__name__").cloned().collect();
    format!("{name}{{{}}}", text(&others))
}

fn text(labels: &[(String, String)]) -> String {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    labels.join(",")
}

/// A server of version 2.0: says how much it has written, which is all of it, and takes no sample that is not newer than
/// the one before.
pub(super) fn newest() -> impl FnMut(&Received) -> Reply + Send {
    let mut last = BTreeMap::new();
    move |request| {
        let series = read(request);
        for series in &series {
            let before = last.insert(series.key.clone(), series.millis);
            assert!(before < Some(series.millis), "out of order: {series:?}");
        }
        written(204, series.len())
    }
}

/// An answer that says how many samples were written.
pub(super) fn written(status: u16, samples: usize) -> Reply {
    let header = |what| (what, "0".to_owned());
    let headers = vec![
        ("x-prometheus-remote-write-samples-written", samples.to_string()),
        header("x-prometheus-remote-write-histograms-written"),
        header("x-prometheus-remote-write-exemplars-written"),
    ];
    Reply::Status(status, headers, vec![])
}
