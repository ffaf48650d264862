//! Writes families, series and exemplars in either format into one buffer.

use std::borrow::Cow;

use metrics::Unit;
use metrics_exporter_prometheus::formatting::sanitize_description;
use obs_core::keys::Kind;

use super::gather::Number;
use super::{Format, number};
use crate::const_labels::ConstLabels;
use crate::error::word;
use crate::registry::Description;
use crate::series::{HistogramCell, Sample, Stored};
use crate::text::TOTAL;

/// Everything up to and after the labels of a series is written once for each family.
pub(super) struct Encoder<'a> {
    pub(super) out: Vec<u8>,
    format: Format,
    const_labels: &'a ConstLabels,
    /// Those of them that the family's samples carry, as they are written.
    const_text: Cow<'a, str>,
    /// The beginnings of lines: `name{const="x",`. A histogram has three.
    heads: [Vec<u8>; 3],
    /// Whether samples have labels at all, and so braces.
    braces: bool,
    /// `,le="0.1"} ` of each bucket, one after the other, and where each ends.
    bounds: Vec<u8>,
    ends: Vec<usize>,
}

const BUCKET: usize = 0;
const SUM: usize = 1;
const COUNT: usize = 2;

impl<'a> Encoder<'a> {
    pub(super) fn new(format: Format, const_labels: &'a ConstLabels, capacity: usize) -> Self {
        Self {
            out: Vec::with_capacity(capacity),
            format,
            const_labels,
            const_text: Cow::Borrowed(""),
            heads: Default::default(),
            braces: false,
            bounds: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Begins a family: HELP, TYPE and UNIT, and the parts that all its lines share.
    pub(super) fn family<N: AsRef<str>>(
        &mut self,
        name: &str,
        kind: Kind,
        labels: &[N],
        bounds: &[f64],
        description: Option<&Description>,
    ) {
        // In the text format a counter's family has the name of its samples, in OpenMetrics it has not.
        let total = kind == Kind::Counter;
        let ending = if total && self.format == Format::Text { TOTAL } else { "" };
        if let Some(description) = description.filter(|description| !description.help.is_empty()) {
            self.put(&["# HELP ", name, ending, " "]);
            let help = sanitize_description(&description.help);
            match self.format {
                Format::Text => self.put(&[&help]),
                Format::OpenMetrics => self.put(&[&help.replace('"', "\\\"")]),
            }
            self.put(&["\n"]);
        }
        self.put(&["# TYPE ", name, ending, " ", word(kind), "\n"]);
        let unit = description.and_then(|description| description.unit).map_or("", unit_text);
        let suffixed = name.strip_suffix(unit).is_some_and(|base| base.len() > 1 && base.ends_with('_'));
        if self.format == Format::OpenMetrics && !unit.is_empty() && suffixed {
            self.put(&["# UNIT ", name, " ", unit, "\n"]);
        }
        let labelled = !labels.is_empty();
        self.const_text = self.const_labels.beside(labels);
        self.braces = labelled || !self.const_text.is_empty();
        match kind {
            Kind::Counter => self.head(0, name, TOTAL, labelled),
            Kind::Gauge => self.head(0, name, "", labelled),
            Kind::Histogram => {
                self.head(BUCKET, name, "_bucket", labelled);
                self.head(SUM, name, "_sum", labelled);
                self.head(COUNT, name, "_count", labelled);
                self.histogram_bounds(bounds, labelled);
            }
        }
    }

    fn head(&mut self, which: usize, name: &str, suffix: &str, labelled: bool) {
        let head = &mut self.heads[which];
        head.clear();
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(suffix.as_bytes());
        if labelled || !self.const_text.is_empty() {
            head.push(b'{');
            head.extend_from_slice(self.const_text.as_bytes());
            if labelled && !self.const_text.is_empty() {
                head.push(b',');
            }
        }
    }

    fn histogram_bounds(&mut self, bounds: &[f64], labelled: bool) {
        let first = match (labelled, self.const_text.is_empty()) {
            (false, true) => "{le=\"",
            _ => ",le=\"",
        };
        self.bounds.clear();
        self.ends.clear();
        for &bound in bounds.iter().chain(&[f64::INFINITY]) {
            self.bounds.extend_from_slice(first.as_bytes());
            number::bound(&mut self.bounds, bound, self.format == Format::OpenMetrics);
            self.bounds.extend_from_slice(b"\"} ");
            self.ends.push(self.bounds.len());
        }
    }

    #[inline]
    pub(super) fn series(&mut self, series: &dyn Stored) {
        let text = series.text();
        match series.sample() {
            Sample::Counter(count) => self.integer(0, text, count),
            Sample::Gauge(value) => self.float(0, text, value),
            Sample::Histogram(cell) => self.histogram(text, cell),
        }
    }

    pub(super) fn number(&mut self, text: &str, number: Number) {
        match number {
            Number::Counter(count) => self.integer(0, text.as_bytes(), count),
            Number::Total(value) | Number::Gauge(value) => self.float(0, text.as_bytes(), value),
        }
    }

    #[inline]
    fn integer(&mut self, head: usize, text: &[u8], count: u64) {
        self.begin(head, text);
        number::integer(&mut self.out, count);
        self.out.push(b'\n');
    }

    #[inline]
    fn float(&mut self, head: usize, text: &[u8], value: f64) {
        self.begin(head, text);
        number::value(&mut self.out, value);
        self.out.push(b'\n');
    }

    #[inline]
    fn begin(&mut self, head: usize, text: &[u8]) {
        self.out.extend_from_slice(&self.heads[head]);
        self.out.extend_from_slice(text);
        if self.braces {
            self.out.push(b'}');
        }
        self.out.push(b' ');
    }

    fn histogram(&mut self, text: &[u8], cell: &HistogramCell) {
        let (mut below, mut start) = (0u64, 0);
        // Every further bucket's line begins as the first one does.
        let begin = self.out.len()..self.out.len() + self.heads[BUCKET].len() + text.len();
        for bucket in 0..self.ends.len() {
            let end = self.ends[bucket];
            below = below.wrapping_add(cell.count(bucket));
            if bucket == 0 {
                self.out.extend_from_slice(&self.heads[BUCKET]);
                self.out.extend_from_slice(text);
            } else {
                self.out.extend_from_within(begin.clone());
            }
            self.out.extend_from_slice(&self.bounds[start..end]);
            number::integer(&mut self.out, below);
            if self.format == Format::OpenMetrics {
                self.exemplar(cell, bucket);
            }
            self.out.push(b'\n');
            start = end;
        }
        // OpenMetrics 1.0: a histogram with negative bounds must not have a sum, and no count without a sum.
        if self.format == Format::Text || cell.bounds().first().is_none_or(|&bound| bound >= 0.0) {
            self.float(SUM, text, cell.sum());
            self.integer(COUNT, text, below);
        }
    }

    /// 63 characters of names and values, of the 128 that OpenMetrics 1.0 allows.
    #[inline]
    fn exemplar(&mut self, cell: &HistogramCell, bucket: usize) {
        let Some(exemplar) = cell.exemplar(bucket) else { return };
        self.out.extend_from_slice(b" # {trace_id=\"");
        self.out.extend_from_slice(&exemplar.trace_id.to_hex());
        self.out.extend_from_slice(b"\",span_id=\"");
        self.out.extend_from_slice(&exemplar.span_id.to_hex());
        self.out.extend_from_slice(b"\"} ");
        number::value(&mut self.out, exemplar.value);
        if exemplar.millis > 0 {
            self.out.push(b' ');
            number::integer(&mut self.out, exemplar.millis / 1_000);
            let rest = exemplar.millis % 1_000;
            let digit = |divisor| b'0' + (rest / divisor % 10) as u8;
            self.out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.format == Format::OpenMetrics {
            self.put(&["# EOF\n"]);
        }
        self.out
    }

    fn put(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}

/// How the unit stands at the end of a name.
fn unit_text(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "",
        unit => unit.as_str(),
    }
}
