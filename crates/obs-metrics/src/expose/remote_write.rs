//! Prometheus remote write 2.0: `io.prometheus.write.v2.Request` messages, whose strings stand once each in a table.
//!
//! Field numbers are those of `io/prometheus/write/v2/types.proto` in prometheus/prometheus (2.0-rc.4). Histograms are
//! written as their classic series.

use std::borrow::Cow;
use std::collections::HashMap;

use metrics::Unit;
use obs_core::keys::Kind;
use obs_export::proto;

use super::number;
use super::walk::{About, Point, Visit};
use crate::recorder::Inner;
use crate::series::{Exemplar, HistogramCell, Value};
use crate::text::{self, TOTAL};

/// The numbers of fields, by message.
pub(crate) mod field {
    pub(crate) const SYMBOLS: u32 = 4;
    pub(crate) const TIMESERIES: u32 = 5;

    pub(crate) const SERIES_LABELS: u32 = 1;
    pub(crate) const SERIES_SAMPLES: u32 = 2;
    pub(crate) const SERIES_EXEMPLARS: u32 = 4;
    pub(crate) const SERIES_METADATA: u32 = 5;

    pub(crate) const SAMPLE_VALUE: u32 = 1;
    pub(crate) const SAMPLE_TIMESTAMP: u32 = 2;
    pub(crate) const SAMPLE_START: u32 = 3;

    pub(crate) const EXEMPLAR_LABELS: u32 = 1;
    pub(crate) const EXEMPLAR_VALUE: u32 = 2;
    pub(crate) const EXEMPLAR_TIMESTAMP: u32 = 3;

    pub(crate) const METADATA_TYPE: u32 = 1;
    pub(crate) const METADATA_HELP: u32 = 3;
    pub(crate) const METADATA_UNIT: u32 = 4;
}

/// How many samples one request has at most; as many as Prometheus itself sends at once.
const MOST_SAMPLES: u32 = 10_000;

/// One request, and how many samples are in it.
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    pub(crate) samples: u32,
}

/// What is true of all samples of a snapshot.
pub(crate) struct Stamp<'a> {
    /// Labels of all series: job, instance and the like. A label that the series has itself goes before one of them.
    pub(crate) labels: &'a [(String, String)],
    /// Milliseconds since the Unix epoch.
    pub(crate) millis: u64,
    /// Exemplars that are older were sent before.
    pub(crate) exemplars_since: u64,
}

/// Everything that is held, in as many requests as it takes.
pub(crate) fn remote_write(recorder: &Inner, stamp: &Stamp<'_>) -> Vec<Request> {
    let mut writer = Writer {
        stamp,
        requests: Vec::new(),
        symbols: Symbols::default(),
        series: Vec::new(),
        samples: 0,
        family: FamilyText::default(),
        own: Vec::new(),
        refs: Vec::new(),
        bound: Vec::new(),
    };
    recorder.scrapes.tell(recorder, &mut writer);
    writer.cut();
    writer.requests
}

/// The strings of one request.
#[derive(Default)]
struct Symbols {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Symbols {
    fn number(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        // The first one of the table is the empty string.
        let number = self.texts.len() as u32 + 1;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    fn text(&self, number: u32) -> &str {
        number.checked_sub(1).and_then(|at| self.texts.get(at as usize)).map_or("", |text| text)
    }
}

#[derive(Default)]
struct FamilyText {
    /// As its samples have it, but for the endings of histograms.
    name: String,
    kind: u64,
    help: String,
    unit: &'static str,
    labels: Vec<(String, String)>,
}

struct Writer<'a> {
    stamp: &'a Stamp<'a>,
    requests: Vec<Request>,
    symbols: Symbols,
    series: Vec<u8>,
    samples: u32,
    family: FamilyText,
    /// Names and values of the labels of the point at hand, `__name__` and `le` apart.
    own: Vec<(u32, u32)>,
    /// All labels of the series at hand.
    refs: Vec<(u32, u32)>,
    bound: Vec<u8>,
}

/// What a series has of its own beside its labels.
struct Line<'a> {
    suffix: &'a str,
    bound: Option<f64>,
    value: f64,
    created: Option<u64>,
    exemplar: Option<Exemplar>,
}

impl Visit for Writer<'_> {
    fn family(&mut self, about: &About<'_>) {
        let family = &mut self.family;
        family.name.clear();
        family.name.push_str(about.name);
        family.kind = match about.kind {
            Kind::Counter => 1,
            Kind::Gauge => 2,
            Kind::Histogram => 3,
        };
        if about.kind == Kind::Counter {
            family.name.push_str(TOTAL);
        }
        family.help = about.help.to_owned();
        family.unit = about.unit.filter(|unit| *unit != Unit::Count).map_or("", |unit| unit.as_str());
        family.labels.clear();
        family.labels.extend(
            text::pairs(about.const_labels).map(|(name, value)| (name.to_owned(), value.into_owned())),
        );
    }

    fn point(&mut self, point: &Point<'_>) {
        // What was rendered here is UTF-8.
        let own = std::str::from_utf8(point.labels).unwrap_or_default();
        self.own.clear();
        for (name, value) in text::pairs(own) {
            add(&mut self.symbols, &mut self.own, name, &value);
        }
        for (name, value) in self.family.labels.iter().chain(self.stamp.labels) {
            add(&mut self.symbols, &mut self.own, name, value);
        }
        let line =
            |value, exemplar| Line { suffix: "", bound: None, value, created: point.created, exemplar };
        match point.value {
            Value::Counter(count, slot) => {
                self.line(&line(count as f64, slot.and_then(|slot| slot.read())));
            }
            Value::Total(total) => self.line(&line(total, None)),
            Value::Gauge(value) => self.line(&Line { created: None, ..line(value, None) }),
            Value::Histogram(cell) => self.histogram(cell, point.created),
        }
        if self.samples >= MOST_SAMPLES {
            self.cut();
        }
    }
}

/// Adds a label unless it is empty, which is as good as absent, or one of its name is there.
fn add(symbols: &mut Symbols, labels: &mut Vec<(u32, u32)>, name: &str, value: &str) {
    let pair = (symbols.number(name), symbols.number(value));
    if pair.1 != 0 && labels.iter().all(|(known, _)| *known != pair.0) {
        labels.push(pair);
    }
}

impl Writer<'_> {
    fn histogram(&mut self, cell: &HistogramCell, created: Option<u64>) {
        let mut below = 0u64;
        for (at, &bound) in cell.bounds().iter().chain(&[f64::INFINITY]).enumerate() {
            below = below.wrapping_add(cell.count(at));
            let (value, exemplar) = (below as f64, cell.exemplar(at));
            self.line(&Line { suffix: "_bucket", bound: Some(bound), value, created, exemplar });
        }
        let plain = |suffix, value| Line { suffix, bound: None, value, created, exemplar: None };
        self.line(&plain("_sum", cell.sum()));
        self.line(&plain("_count", below as f64));
    }

    fn line(&mut self, line: &Line<'_>) {
        let name = match line.suffix {
            "" => Cow::Borrowed(self.family.name.as_str()),
            suffix => Cow::Owned(format!("{}{suffix}", self.family.name)),
        };
        self.refs.clear();
        self.refs.extend_from_slice(&self.own);
        self.refs.push((self.symbols.number("__name__"), self.symbols.number(&name)));
        if let Some(bound) = line.bound {
            self.bound.clear();
            // As Prometheus writes it since 3.0, whatever the exposition says.
            number::bound(&mut self.bound, bound, true);
            let bound = std::str::from_utf8(&self.bound).unwrap_or_default();
            let le = self.symbols.number("le");
            self.refs.retain(|(name, _)| *name != le);
            self.refs.push((le, self.symbols.number(bound)));
        }
        let symbols = &self.symbols;
        self.refs.sort_by(|a, b| symbols.text(a.0).cmp(symbols.text(b.0)));
        let help = self.symbols.number(&self.family.help);
        let unit = self.symbols.number(self.family.unit);
        let exemplar = line.exemplar.filter(|exemplar| exemplar.millis >= self.stamp.exemplars_since.max(1));
        // Those of an exemplar in the order of their names.
        let exemplar = exemplar.map(|exemplar| {
            let mut hex = |name: &str, value: &[u8]| {
                let value = std::str::from_utf8(value).unwrap_or_default();
                (self.symbols.number(name), self.symbols.number(value))
            };
            let span = hex("span_id", &exemplar.span_id.to_hex());
            (exemplar, [span, hex("trace_id", &exemplar.trace_id.to_hex())])
        });
        let (refs, kind, millis) = (&self.refs, self.family.kind, self.stamp.millis);
        proto::message(&mut self.series, field::TIMESERIES, |out| {
            packed(out, field::SERIES_LABELS, refs);
            proto::message(out, field::SERIES_SAMPLES, |out| {
                proto::double(out, field::SAMPLE_VALUE, line.value);
                proto::uint(out, field::SAMPLE_TIMESTAMP, millis);
                // A clock that was set back since says nothing of use.
                if let Some(created) = line.created.filter(|created| *created <= millis) {
                    proto::uint(out, field::SAMPLE_START, created);
                }
            });
            if let Some((exemplar, labels)) = exemplar {
                proto::message(out, field::SERIES_EXEMPLARS, |out| {
                    packed(out, field::EXEMPLAR_LABELS, &labels);
                    proto::double(out, field::EXEMPLAR_VALUE, exemplar.value);
                    proto::uint(out, field::EXEMPLAR_TIMESTAMP, exemplar.millis);
                });
            }
            proto::message(out, field::SERIES_METADATA, |out| {
                proto::uint(out, field::METADATA_TYPE, kind);
                proto::uint(out, field::METADATA_HELP, help.into());
                proto::uint(out, field::METADATA_UNIT, unit.into());
            });
        });
        self.samples += 1;
    }

    /// Ends the request at hand, if anything is in it.
    fn cut(&mut self) {
        let symbols = std::mem::take(&mut self.symbols);
        let series = std::mem::take(&mut self.series);
        let samples = std::mem::take(&mut self.samples);
        if samples == 0 {
            return;
        }
        let mut bytes = Vec::with_capacity(series.len() + 32 * symbols.texts.len());
        proto::bytes(&mut bytes, field::SYMBOLS, b"");
        for text in &symbols.texts {
            proto::bytes(&mut bytes, field::SYMBOLS, text.as_bytes());
        }
        bytes.extend_from_slice(&series);
        self.requests.push(Request { bytes, samples });
    }
}

fn packed(out: &mut Vec<u8>, number: u32, pairs: &[(u32, u32)]) {
    proto::message(out, number, |out| {
        for &(name, value) in pairs {
            proto::varint(out, name.into());
            proto::varint(out, value.into());
        }
    });
}
