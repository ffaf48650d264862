//! Writes families, series and exemplars in either text format into one buffer.

use metrics::Unit;
use metrics_exporter_prometheus::formatting::sanitize_description;
use obs_core::keys::Kind;

use super::walk::{About, Point, Visit};
use super::{Format, number};
use crate::error::word;
use crate::series::{Exemplar, HistogramCell, Value};
use crate::text::TOTAL;

/// Everything up to and after the labels of a series is written once for each family.
pub(super) struct Encoder {
    out: Vec<u8>,
    format: Format,
    /// Whether `_created` is written, which only OpenMetrics has.
    created: bool,
    /// The beginnings of lines: `name{const="x",`. A histogram has three, and whatever was created one more.
    heads: [Vec<u8>; 4],
    /// Whether samples have labels at all, and so braces.
    braces: bool,
    /// `,le="0.1"} ` of each bucket, one after the other, and where each ends.
    bounds: Vec<u8>,
    ends: Vec<usize>,
}

const BUCKET: usize = 0;
const SUM: usize = 1;
const COUNT: usize = 2;
const CREATED: usize = 3;

impl Visit for Encoder {
    /// HELP, TYPE and UNIT, and the parts that all lines of the family share.
    fn family(&mut self, about: &About<'_>) {
        // In the text format a counter's family has the name of its samples, in OpenMetrics it has not.
        let &About { name, kind, help, unit, .. } = about;
        let ending = if kind == Kind::Counter && self.format == Format::Text { TOTAL } else { "" };
        if !help.is_empty() {
            self.put(&["# HELP ", name, ending, " "]);
            let help = sanitize_description(help);
            match self.format {
                Format::OpenMetrics => self.put(&[&help.replace('"', "\\\"")]),
                _ => self.put(&[&help]),
            }
            self.put(&["\n"]);
        }
        self.put(&["# TYPE ", name, ending, " ", word(kind), "\n"]);
        let unit = unit.map_or("", unit_text);
        let suffixed = name.strip_suffix(unit).is_some_and(|base| base.len() > 1 && base.ends_with('_'));
        if self.format == Format::OpenMetrics && !unit.is_empty() && suffixed {
            self.put(&["# UNIT ", name, " ", unit, "\n"]);
        }
        self.braces = about.labelled || !about.const_labels.is_empty();
        match kind {
            Kind::Counter => self.head(0, about, TOTAL),
            Kind::Gauge => self.head(0, about, ""),
            Kind::Histogram => {
                self.head(BUCKET, about, "_bucket");
                self.head(SUM, about, "_sum");
                self.head(COUNT, about, "_count");
                self.histogram_bounds(about);
            }
        }
        if self.created {
            self.head(CREATED, about, "_created");
        }
    }

    #[inline]
    fn point(&mut self, point: &Point<'_>) {
        let text = point.labels;
        match point.value {
            Value::Counter(count, slot) => {
                self.begin(0, text);
                number::integer(&mut self.out, count);
                if self.format == Format::OpenMetrics
                    && let Some(exemplar) = slot.and_then(|slot| slot.read())
                {
                    self.exemplar(&exemplar);
                }
                self.out.push(b'\n');
            }
            Value::Total(value) => self.float(0, text, value),
            Value::Gauge(value) => return self.float(0, text, value),
            Value::Histogram(cell) => self.histogram(text, cell),
        }
        if let Some(millis) = point.created.filter(|_| self.created) {
            self.begin(CREATED, text);
            number::seconds(&mut self.out, millis);
            self.out.push(b'\n');
        }
    }
}

impl Encoder {
    pub(super) fn new(format: Format, created: bool, capacity: usize) -> Self {
        Self {
            out: Vec::with_capacity(capacity),
            format,
            created: created && format == Format::OpenMetrics,
            heads: Default::default(),
            braces: false,
            bounds: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn head(&mut self, which: usize, about: &About<'_>, suffix: &str) {
        let &About { name, const_labels, labelled, .. } = about;
        let head = &mut self.heads[which];
        head.clear();
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(suffix.as_bytes());
        if labelled || !const_labels.is_empty() {
            head.push(b'{');
            head.extend_from_slice(const_labels.as_bytes());
            if labelled && !const_labels.is_empty() {
                head.push(b',');
            }
        }
    }

    fn histogram_bounds(&mut self, about: &About<'_>) {
        let first = if self.braces { ",le=\"" } else { "{le=\"" };
        self.bounds.clear();
        self.ends.clear();
        for &bound in about.bounds.iter().chain(&[f64::INFINITY]) {
            self.bounds.extend_from_slice(first.as_bytes());
            number::bound(&mut self.bounds, bound, self.format == Format::OpenMetrics);
            self.bounds.extend_from_slice(b"\"} ");
            self.ends.push(self.bounds.len());
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
            if self.format == Format::OpenMetrics
                && let Some(exemplar) = cell.exemplar(bucket)
            {
                self.exemplar(&exemplar);
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
    fn exemplar(&mut self, exemplar: &Exemplar) {
        self.out.extend_from_slice(b" # {trace_id=\"");
        self.out.extend_from_slice(&exemplar.trace_id.to_hex());
        self.out.extend_from_slice(b"\",span_id=\"");
        self.out.extend_from_slice(&exemplar.span_id.to_hex());
        self.out.extend_from_slice(b"\"} ");
        number::value(&mut self.out, exemplar.value);
        if exemplar.millis > 0 {
            self.out.push(b' ');
            number::seconds(&mut self.out, exemplar.millis);
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
