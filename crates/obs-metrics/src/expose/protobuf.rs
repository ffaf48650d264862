//! Prometheus's protobuf format: `io.prometheus.client.MetricFamily` messages, each with its length before it. The one
//! format that carries native histograms.
//!
//! Field numbers are those of `io/prometheus/client/metrics.proto` in prometheus/client_model.

use metrics::Unit;
use obs_core::keys::Kind;
use obs_export::proto;

use super::walk::{About, Point, Visit};
use crate::series::{Exemplar, Exponential, HistogramCell, Value, ZERO_THRESHOLD};
use crate::text::{self, TOTAL};

/// The numbers of fields, by message.
mod field {
    pub(super) mod family {
        pub(in super::super) const NAME: u32 = 1;
        pub(in super::super) const HELP: u32 = 2;
        pub(in super::super) const TYPE: u32 = 3;
        pub(in super::super) const METRIC: u32 = 4;
        pub(in super::super) const UNIT: u32 = 5;
    }
    pub(super) mod metric {
        pub(in super::super) const LABEL: u32 = 1;
        pub(in super::super) const GAUGE: u32 = 2;
        pub(in super::super) const COUNTER: u32 = 3;
        pub(in super::super) const HISTOGRAM: u32 = 7;
    }
    pub(super) mod label {
        pub(in super::super) const NAME: u32 = 1;
        pub(in super::super) const VALUE: u32 = 2;
    }
    pub(super) mod counter {
        pub(in super::super) const VALUE: u32 = 1;
        pub(in super::super) const EXEMPLAR: u32 = 2;
        pub(in super::super) const CREATED: u32 = 3;
    }
    pub(super) mod gauge {
        pub(in super::super) const VALUE: u32 = 1;
    }
    pub(super) mod histogram {
        pub(in super::super) const COUNT: u32 = 1;
        pub(in super::super) const SUM: u32 = 2;
        pub(in super::super) const BUCKET: u32 = 3;
        pub(in super::super) const SCHEMA: u32 = 5;
        pub(in super::super) const ZERO_THRESHOLD: u32 = 6;
        pub(in super::super) const ZERO_COUNT: u32 = 7;
        pub(in super::super) const NEGATIVE: (u32, u32) = (9, 10);
        pub(in super::super) const POSITIVE: (u32, u32) = (12, 13);
        pub(in super::super) const CREATED: u32 = 15;
        pub(in super::super) const EXEMPLARS: u32 = 16;
    }
    pub(super) mod bucket {
        pub(in super::super) const CUMULATIVE_COUNT: u32 = 1;
        pub(in super::super) const UPPER_BOUND: u32 = 2;
        pub(in super::super) const EXEMPLAR: u32 = 3;
    }
    pub(super) mod span {
        pub(in super::super) const OFFSET: u32 = 1;
        pub(in super::super) const LENGTH: u32 = 2;
    }
    pub(super) mod exemplar {
        pub(in super::super) const LABEL: u32 = 1;
        pub(in super::super) const VALUE: u32 = 2;
        pub(in super::super) const TIMESTAMP: u32 = 3;
    }
    pub(super) mod timestamp {
        pub(in super::super) const SECONDS: u32 = 1;
        pub(in super::super) const NANOS: u32 = 2;
    }
}

/// Writes one family after the other; what all series of a family share is written once.
pub(super) struct Protobuf {
    out: Vec<u8>,
    /// Where the family that is being written begins, its length included.
    begin: Option<usize>,
    /// The const labels as fields of a metric.
    const_labels: Vec<u8>,
}

impl Protobuf {
    pub(super) fn new(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), begin: None, const_labels: Vec::new() }
    }

    /// Fills in the length of the family that ends here.
    fn end_family(&mut self) {
        let Some(begin) = self.begin.take() else { return };
        proto::end_delimited(&mut self.out, begin);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end_family();
        self.out
    }
}

impl Visit for Protobuf {
    fn family(&mut self, about: &About<'_>) {
        self.end_family();
        self.begin = Some(proto::begin_delimited(&mut self.out));
        let out = &mut self.out;
        match about.kind {
            Kind::Counter => {
                proto::message_head(out, field::family::NAME, about.name.len() + TOTAL.len());
                out.extend_from_slice(about.name.as_bytes());
                out.extend_from_slice(TOTAL.as_bytes());
            }
            _ => proto::bytes(out, field::family::NAME, about.name.as_bytes()),
        }
        if !about.help.is_empty() {
            proto::bytes(out, field::family::HELP, about.help.as_bytes());
        }
        let kind = match about.kind {
            Kind::Counter => 0,
            Kind::Gauge => 1,
            Kind::Histogram => 4,
        };
        proto::uint(out, field::family::TYPE, kind);
        if let Some(unit) = about.unit.filter(|unit| *unit != Unit::Count) {
            proto::bytes(out, field::family::UNIT, unit.as_str().as_bytes());
        }
        self.const_labels.clear();
        labels(&mut self.const_labels, about.const_labels);
    }

    fn point(&mut self, point: &Point<'_>) {
        let const_labels = &self.const_labels;
        proto::message(&mut self.out, field::family::METRIC, |out| {
            out.extend_from_slice(const_labels);
            // What was rendered here is UTF-8.
            labels(out, std::str::from_utf8(point.labels).unwrap_or_default());
            match point.value {
                Value::Counter(count, slot) => {
                    let exemplar = slot.and_then(|slot| slot.read());
                    counter(out, count as f64, exemplar.as_ref(), point.created);
                }
                Value::Total(total) => counter(out, total, None, point.created),
                Value::Gauge(value) => {
                    proto::message(out, field::metric::GAUGE, |out| {
                        proto::double(out, field::gauge::VALUE, value);
                    });
                }
                Value::Histogram(cell) => {
                    proto::message(out, field::metric::HISTOGRAM, |out| {
                        histogram(out, cell, point.created);
                    });
                }
            }
        });
    }
}

fn labels(out: &mut Vec<u8>, text: &str) {
    for (name, value) in text::pairs(text) {
        label(out, field::metric::LABEL, name.as_bytes(), value.as_bytes());
    }
}

fn label(out: &mut Vec<u8>, number: u32, name: &[u8], value: &[u8]) {
    use field::label::{NAME, VALUE};
    proto::message_head(
        out,
        number,
        proto::bytes_len(NAME, name.len()) + proto::bytes_len(VALUE, value.len()),
    );
    proto::bytes(out, NAME, name);
    proto::bytes(out, VALUE, value);
}

fn counter(out: &mut Vec<u8>, value: f64, slot: Option<&Exemplar>, created: Option<u64>) {
    proto::message(out, field::metric::COUNTER, |out| {
        proto::double(out, field::counter::VALUE, value);
        if let Some(found) = slot {
            exemplar(out, field::counter::EXEMPLAR, found);
        }
        if let Some(millis) = created {
            timestamp(out, field::counter::CREATED, millis);
        }
    });
}

fn histogram(out: &mut Vec<u8>, cell: &HistogramCell, created: Option<u64>) {
    let last = cell.bounds().len();
    let counts: Vec<u64> = (0..=last).map(|bucket| cell.count(bucket)).collect();
    // Read after the fixed buckets, so that an observation made meanwhile is in the native ones rather than only in the
    // others; Prometheus asks that the native ones add up to the count.
    let native = cell.exponential().map(Exponential::read);
    let all = counts.iter().copied().fold(0, u64::wrapping_add);
    let count = native.as_ref().map_or(all, |native| native.count());
    proto::uint(out, field::histogram::COUNT, count);
    proto::double(out, field::histogram::SUM, cell.sum());
    let mut below = 0u64;
    for (at, own) in counts.iter().enumerate() {
        below = below.wrapping_add(*own);
        let found = cell.exemplar(at);
        let bound = cell.bounds().get(at).copied();
        // `+Inf` is the count said above; it stands here for its exemplar's sake.
        if bound.is_none() && found.is_none() {
            continue;
        }
        proto::message(out, field::histogram::BUCKET, |out| {
            let all = bound.map_or(count, |_| below.min(count));
            proto::uint(out, field::bucket::CUMULATIVE_COUNT, all);
            proto::double(out, field::bucket::UPPER_BOUND, bound.unwrap_or(f64::INFINITY));
            if let Some(found) = &found {
                exemplar(out, field::bucket::EXEMPLAR, found);
            }
        });
    }
    if let Some(native) = native {
        proto::sint(out, field::histogram::SCHEMA, native.schema.into());
        proto::double(out, field::histogram::ZERO_THRESHOLD, ZERO_THRESHOLD);
        proto::uint(out, field::histogram::ZERO_COUNT, native.zero);
        spans(out, field::histogram::NEGATIVE, &native.negative);
        spans(out, field::histogram::POSITIVE, &native.positive);
        if native.positive.is_empty() && native.negative.is_empty() {
            // A span of nothing says that this histogram is a native one although it has no bucket yet.
            proto::message(out, field::histogram::POSITIVE.0, |out| {
                proto::sint(out, field::span::OFFSET, 0);
                proto::uint(out, field::span::LENGTH, 0);
            });
        }
        for found in (0..=last).filter_map(|at| cell.exemplar(at)).filter(|found| found.millis > 0) {
            exemplar(out, field::histogram::EXEMPLARS, &found);
        }
    }
    if let Some(millis) = created {
        timestamp(out, field::histogram::CREATED, millis);
    }
}

/// Runs of buckets that follow one another, and each count as the difference to the one before.
fn spans(out: &mut Vec<u8>, (span, delta): (u32, u32), buckets: &[(i32, u64)]) {
    let mut next = 0;
    for run in buckets.chunk_by(|a, b| a.0 + 1 == b.0) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        proto::message(out, span, |out| {
            proto::sint(out, field::span::OFFSET, i64::from(first.0 - next));
            proto::uint(out, field::span::LENGTH, run.len() as u64);
        });
        next = last.0 + 1;
    }
    let mut before = 0;
    for &(_, count) in buckets {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        proto::sint(out, delta, count - before);
        before = count;
    }
}

fn exemplar(out: &mut Vec<u8>, number: u32, found: &Exemplar) {
    proto::message(out, number, |out| {
        label(out, field::exemplar::LABEL, b"trace_id", &found.trace_id.to_hex());
        label(out, field::exemplar::LABEL, b"span_id", &found.span_id.to_hex());
        proto::double(out, field::exemplar::VALUE, found.value);
        if found.millis > 0 {
            timestamp(out, field::exemplar::TIMESTAMP, found.millis);
        }
    });
}

fn timestamp(out: &mut Vec<u8>, number: u32, millis: u64) {
    proto::message(out, number, |out| {
        proto::uint(out, field::timestamp::SECONDS, millis / 1_000);
        proto::uint(out, field::timestamp::NANOS, millis % 1_000 * 1_000_000);
    });
}
