//! OTLP metrics: the entries of `ScopeMetrics.metrics`, cumulative, each with the time since when it counts.
//!
//! Field numbers are those of `opentelemetry/proto/metrics/v1/metrics.proto`, 1.x.

use metrics::Unit;
use obs_core::keys::Kind;
use obs_export::{otlp, proto};

use super::walk::{About, Point, Visit};
use crate::recorder::Inner;
use crate::series::{Exemplar, HistogramCell, Value};
use crate::text;

const SCOPE_METRICS_METRICS: u32 = 2;

const METRIC_NAME: u32 = 1;
const METRIC_DESCRIPTION: u32 = 2;
const METRIC_UNIT: u32 = 3;
const METRIC_GAUGE: u32 = 5;
const METRIC_SUM: u32 = 7;
const METRIC_HISTOGRAM: u32 = 9;

/// Of a gauge, a sum and a histogram alike.
const DATA_POINTS: u32 = 1;
const AGGREGATION_TEMPORALITY: u32 = 2;
const IS_MONOTONIC: u32 = 3;
const CUMULATIVE: u64 = 2;

/// Of a number and of a histogram alike.
const POINT_START: u32 = 2;
const POINT_TIME: u32 = 3;

const NUMBER_DOUBLE: u32 = 4;
const NUMBER_EXEMPLARS: u32 = 5;
const NUMBER_INT: u32 = 6;
const NUMBER_ATTRIBUTES: u32 = 7;

const HISTOGRAM_COUNT: u32 = 4;
const HISTOGRAM_SUM: u32 = 5;
const HISTOGRAM_BUCKET_COUNTS: u32 = 6;
const HISTOGRAM_BOUNDS: u32 = 7;
const HISTOGRAM_EXEMPLARS: u32 = 8;
const HISTOGRAM_ATTRIBUTES: u32 = 9;

const EXEMPLAR_TIME: u32 = 2;
const EXEMPLAR_DOUBLE: u32 = 3;
const EXEMPLAR_SPAN_ID: u32 = 4;
const EXEMPLAR_TRACE_ID: u32 = 5;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Everything that is held at `millis` since the Unix epoch, and how many data points; exemplars from `exemplars_since`
/// on.
pub(crate) fn otlp(recorder: &Inner, millis: u64, exemplars_since: u64) -> (Vec<u8>, u32) {
    let mut writer = Writer {
        out: Vec::new(),
        open: None,
        millis,
        exemplars_since,
        began: recorder.shared.stamp_millis(0),
        const_labels: String::new(),
        points: 0,
    };
    recorder.scrapes.tell(recorder, &mut writer);
    writer.end_family();
    (writer.out, writer.points)
}

/// The metric that is being written: where it begins, its length, the length of its data, and whether it has any.
struct Open {
    begin: usize,
    metric: usize,
    data: usize,
    points: u32,
}

struct Writer {
    out: Vec<u8>,
    open: Option<Open>,
    millis: u64,
    exemplars_since: u64,
    /// Since when those count that do not say so themselves.
    began: u64,
    const_labels: String,
    points: u32,
}

impl Writer {
    fn end_family(&mut self) {
        let Some(open) = self.open.take() else { return };
        // No empty metrics, nor ones that are longer than any receiver takes.
        let fits = proto::end_delimited(&mut self.out, open.data)
            && proto::end_delimited(&mut self.out, open.metric);
        if open.points == 0 || !fits {
            self.out.truncate(open.begin);
        } else {
            self.points += open.points;
        }
    }
}

impl Visit for Writer {
    fn family(&mut self, about: &About<'_>) {
        self.end_family();
        let out = &mut self.out;
        let begin = out.len();
        let metric = message(out, SCOPE_METRICS_METRICS);
        // A counter's name has no ending here: whoever makes a Prometheus series of it adds the ending.
        proto::bytes(out, METRIC_NAME, about.name.as_bytes());
        if !about.help.is_empty() {
            proto::bytes(out, METRIC_DESCRIPTION, about.help.as_bytes());
        }
        if let Some(unit) = about.unit {
            proto::bytes(out, METRIC_UNIT, ucum(unit).as_bytes());
        }
        let data = match about.kind {
            Kind::Gauge => message(out, METRIC_GAUGE),
            Kind::Counter => {
                let data = message(out, METRIC_SUM);
                proto::uint(out, AGGREGATION_TEMPORALITY, CUMULATIVE);
                proto::uint(out, IS_MONOTONIC, 1);
                data
            }
            Kind::Histogram => {
                let data = message(out, METRIC_HISTOGRAM);
                proto::uint(out, AGGREGATION_TEMPORALITY, CUMULATIVE);
                data
            }
        };
        self.const_labels.clear();
        self.const_labels.push_str(about.const_labels);
        self.open = Some(Open { begin, metric, data, points: 0 });
    }

    fn point(&mut self, point: &Point<'_>) {
        let Some(open) = &mut self.open else { return };
        open.points += 1;
        let (time, since) = (self.millis, self.exemplars_since.max(1));
        let start = point.created.unwrap_or(self.began).min(time);
        let const_labels = &self.const_labels;
        let attributes = |out: &mut Vec<u8>, number| {
            // What was rendered here is UTF-8.
            let own = std::str::from_utf8(point.labels).unwrap_or_default();
            for (name, value) in text::pairs(const_labels).chain(text::pairs(own)) {
                otlp::attribute(out, number, name, &value);
            }
        };
        let fresh = |exemplar: &Exemplar| exemplar.millis >= since;
        proto::message(&mut self.out, DATA_POINTS, |out| {
            if !matches!(point.value, Value::Gauge(_)) {
                proto::fixed64(out, POINT_START, start * NANOS_PER_MILLI);
            }
            proto::fixed64(out, POINT_TIME, time * NANOS_PER_MILLI);
            match point.value {
                Value::Counter(count, slot) => {
                    attributes(out, NUMBER_ATTRIBUTES);
                    match i64::try_from(count) {
                        Ok(count) => proto::fixed64(out, NUMBER_INT, count as u64),
                        Err(_) => proto::double(out, NUMBER_DOUBLE, count as f64),
                    }
                    if let Some(found) = slot.and_then(|slot| slot.read()).filter(fresh) {
                        exemplar(out, NUMBER_EXEMPLARS, &found);
                    }
                }
                Value::Total(value) | Value::Gauge(value) => {
                    attributes(out, NUMBER_ATTRIBUTES);
                    proto::double(out, NUMBER_DOUBLE, value);
                }
                Value::Histogram(cell) => {
                    attributes(out, HISTOGRAM_ATTRIBUTES);
                    histogram(out, cell, fresh);
                }
            }
        });
    }
}

fn histogram(out: &mut Vec<u8>, cell: &HistogramCell, fresh: impl Fn(&Exemplar) -> bool) {
    let last = cell.bounds().len();
    let counts: Vec<u64> = (0..=last).map(|bucket| cell.count(bucket)).collect();
    let count = counts.iter().copied().fold(0, u64::wrapping_add);
    proto::fixed64(out, HISTOGRAM_COUNT, count);
    // A sum of what may be negative does not only grow, and is then to be left out.
    if cell.bounds().first().is_none_or(|&bound| bound >= 0.0) {
        proto::double(out, HISTOGRAM_SUM, cell.sum());
    }
    proto::message_head(out, HISTOGRAM_BUCKET_COUNTS, 8 * counts.len());
    for own in counts {
        out.extend_from_slice(&own.to_le_bytes());
    }
    proto::message_head(out, HISTOGRAM_BOUNDS, 8 * last);
    for bound in cell.bounds() {
        out.extend_from_slice(&bound.to_le_bytes());
    }
    for found in (0..=last).filter_map(|bucket| cell.exemplar(bucket)).filter(fresh) {
        exemplar(out, HISTOGRAM_EXEMPLARS, &found);
    }
}

fn exemplar(out: &mut Vec<u8>, number: u32, found: &Exemplar) {
    proto::message(out, number, |out| {
        proto::fixed64(out, EXEMPLAR_TIME, found.millis * NANOS_PER_MILLI);
        proto::double(out, EXEMPLAR_DOUBLE, found.value);
        proto::bytes(out, EXEMPLAR_SPAN_ID, &found.span_id.to_bytes());
        proto::bytes(out, EXEMPLAR_TRACE_ID, &found.trace_id.to_bytes());
    });
}

/// Begins a message that goes on beyond this call; returns what `proto::end_delimited` is told.
fn message(out: &mut Vec<u8>, number: u32) -> usize {
    const LEN: u32 = 2;
    proto::varint(out, u64::from(number << 3 | LEN));
    proto::begin_delimited(out)
}

/// The unit as UCUM has it, which OTLP asks for.
fn ucum(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "1",
        Unit::Percent => "%",
        Unit::Seconds => "s",
        Unit::Milliseconds => "ms",
        Unit::Microseconds => "us",
        Unit::Nanoseconds => "ns",
        Unit::Tebibytes => "TiBy",
        Unit::Gibibytes => "GiBy",
        Unit::Mebibytes => "MiBy",
        Unit::Kibibytes => "KiBy",
        Unit::Bytes => "By",
        Unit::TerabitsPerSecond => "Tbit/s",
        Unit::GigabitsPerSecond => "Gbit/s",
        Unit::MegabitsPerSecond => "Mbit/s",
        Unit::KilobitsPerSecond => "kbit/s",
        Unit::BitsPerSecond => "bit/s",
        Unit::CountPerSecond => "1/s",
    }
}
