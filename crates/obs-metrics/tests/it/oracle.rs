//! Against `metrics-exporter-prometheus`: the same operations make the same families and samples.

use std::collections::{BTreeMap, HashMap, HashSet};

use metrics::{Key, Label, Level, Metadata, Unit};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::formatting::{
    sanitize_label_key, sanitize_label_value, sanitize_metric_name,
};
use obs_core::keys::Kind;
use obs_metrics::Recorder;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::parse::{Family, parse};
use super::{recorder, text};

const SEQUENCES: u32 = 10_000;

static METADATA: Metadata<'static> = Metadata::new("oracle", Level::INFO, None);

type Labels = Vec<(String, String)>;

#[derive(Clone, Debug)]
struct Operation {
    name: String,
    labels: Labels,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Increment(u64),
    Absolute(u64),
    Set(f64),
    Add(f64),
    Subtract(f64),
    Record(f64),
    RecordMany(f64, usize),
    Describe(Kind, String),
}

impl Operation {
    fn kind(&self) -> Kind {
        match self.action {
            Action::Increment(_) | Action::Absolute(_) => Kind::Counter,
            Action::Set(_) | Action::Add(_) | Action::Subtract(_) => Kind::Gauge,
            Action::Record(_) | Action::RecordMany(..) => Kind::Histogram,
            Action::Describe(kind, _) => kind,
        }
    }

    fn apply(&self, recorder: &dyn metrics::Recorder) {
        let labels = self.labels.iter().map(|(key, value)| Label::new(key.clone(), value.clone()));
        let key = Key::from_parts(self.name.clone(), labels.collect::<Vec<_>>());
        match &self.action {
            Action::Increment(by) => recorder.register_counter(&key, &METADATA).increment(*by),
            Action::Absolute(to) => recorder.register_counter(&key, &METADATA).absolute(*to),
            Action::Set(to) => recorder.register_gauge(&key, &METADATA).set(*to),
            Action::Add(by) => recorder.register_gauge(&key, &METADATA).increment(*by),
            Action::Subtract(by) => recorder.register_gauge(&key, &METADATA).decrement(*by),
            Action::Record(value) => recorder.register_histogram(&key, &METADATA).record(*value),
            Action::RecordMany(value, times) => {
                recorder.register_histogram(&key, &METADATA).record_many(*value, *times);
            }
            Action::Describe(kind, help) => {
                let (name, help) = (self.name.clone().into(), help.clone().into());
                match kind {
                    Kind::Counter => recorder.describe_counter(name, Some(Unit::Count), help),
                    Kind::Gauge => recorder.describe_gauge(name, None, help),
                    Kind::Histogram => recorder.describe_histogram(name, Some(Unit::Seconds), help),
                }
            }
        }
    }
}

impl Operation {
    /// By the way in that says nothing on stderr.
    fn register(&self, recorder: &Recorder) {
        let labels: Vec<_> = self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let _ = match self.kind() {
            Kind::Counter => recorder.counter(&self.name, &labels).map(|counter| counter.increment(1)),
            Kind::Gauge => recorder.gauge(&self.name, &labels).map(|gauge| gauge.set(1.0)),
            Kind::Histogram => recorder.histogram(&self.name, &labels).map(|own| own.observe(1.0, None)),
        };
    }

    /// The peer leaves out an ending that the name has already, so that its samples belong to no family.
    fn is_beyond_the_peer(&self) -> bool {
        let name = sanitize_metric_name(&self.name);
        self.kind() == Kind::Histogram
            && ["bucket", "sum", "count"].iter().any(|ending| name.ends_with(ending))
    }
}

/// What we refuse on purpose, said again in the simplest way, so that the rest must agree.
#[derive(Default)]
struct Rules {
    /// Of each family its type, label names and the one spelling that the peer tells apart.
    families: HashMap<String, (Kind, Vec<String>, String)>,
    occupied: HashMap<String, String>,
    /// The spelling of each series' labels: the peer writes two that sanitise alike as two.
    series: HashMap<(String, Labels), Labels>,
    described: HashSet<String>,
}

impl Rules {
    /// Whether both should do this operation, and ours must take it.
    fn admit(&mut self, operation: &Operation) -> bool {
        let (kind, spelling) = (operation.kind(), sanitize_metric_name(&operation.name));
        let family = family(kind, &spelling);
        if spelling.is_empty() {
            return false;
        }
        if let Action::Describe(..) = operation.action {
            // The peer describes spellings; of several descriptions it takes the first only once it was scraped.
            return self.families.get(&family).is_some_and(|(first, _, first_spelling)| {
                *first == kind && *first_spelling == operation.name && self.described.insert(family.clone())
            });
        }
        let mut labels: Vec<_> = operation
            .labels
            .iter()
            .map(|(key, value)| (sanitize_label_key(key), sanitize_label_value(value)))
            .collect();
        labels.sort();
        let names: Vec<_> = labels.iter().map(|(key, _)| key.clone()).collect();
        let unique = names.iter().collect::<HashSet<_>>().len() == names.len();
        let reserved = |name: &String| {
            matches!(name.as_str(), "" | "trace_id" | "span_id" | "request_id")
                || name.starts_with("__")
                || kind == Kind::Histogram && matches!(name.as_str(), "le" | "quantile")
        };
        if !unique || names.iter().any(reserved) {
            return false;
        }
        let endings: &[&str] = match kind {
            Kind::Counter => &["", "_total", "_created"],
            Kind::Gauge => &[""],
            Kind::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
        };
        if endings.iter().any(|ending| {
            self.occupied.get(&format!("{family}{ending}")).is_some_and(|owner| *owner != family)
        }) {
            return false;
        }
        let wanted = (kind, names, operation.name.clone());
        if *self.families.entry(family.clone()).or_insert_with(|| wanted.clone()) != wanted {
            return false;
        }
        for ending in endings {
            self.occupied.insert(format!("{family}{ending}"), family.clone());
        }
        let mut raw = operation.labels.clone();
        raw.sort();
        *self.series.entry((family, labels)).or_insert_with(|| raw.clone()) == raw
    }
}

fn family(kind: Kind, spelling: &str) -> String {
    match spelling.strip_suffix("_total") {
        Some(base) if kind == Kind::Counter && !base.is_empty() => base.to_owned(),
        _ => spelling.to_owned(),
    }
}

fn names() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "a", "a_total", "a_count", "a_sum", "_total", "total", "job.runs", "job_runs", "9lives", "x:y",
        "é.x", "a b", "\n\"\\", "",
    ]);
    prop_oneof![4 => tricky.prop_map(str::to_owned), 1 => "[a-c._é\"\\\\0-9]{1,4}"]
}

fn keys() -> impl Strategy<Value = Vec<String>> {
    let plain = prop::sample::select(vec!["k", "l.m", "l_m", "0x", "é", "a:b"]);
    let reserved = prop::sample::select(vec!["le", "trace_id", "__x", "", "k"]);
    prop::collection::vec(prop_oneof![9 => plain, 1 => reserved].prop_map(str::to_owned), 0..3)
}

fn values() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "",
        "v",
        "\"",
        "\\",
        "\\\\",
        "\n",
        "\\n",
        "a\\\"b",
        "k=\"v\",",
        "中文",
        "_overflow",
    ]);
    prop_oneof![tricky.prop_map(str::to_owned), "[a-b\"\\\\\n,é]{0,4}"]
}

fn actions(kind: Kind) -> BoxedStrategy<Action> {
    // Sums of such numbers are exact in whatever order they are made.
    let exact = (-4_096i32..4_096).prop_map(|n| f64::from(n) / 256.0);
    let odd = prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1e-300, -0.0]);
    let bounds = prop::sample::select(vec![0.25, 0.5, 1.0, 2.5, 5.0]);
    let help = "[a\"\\\\\n é]{1,5}".prop_map(move |help| Action::Describe(kind, help));
    match kind {
        Kind::Counter => prop_oneof![
            (0u64..3_000).prop_map(Action::Increment),
            (0u64..9_000).prop_map(Action::Absolute),
            help,
        ]
        .boxed(),
        Kind::Gauge => prop_oneof![
            prop_oneof![3 => exact.clone(), 1 => odd].prop_map(Action::Set),
            exact.clone().prop_map(Action::Add),
            exact.prop_map(Action::Subtract),
            help,
        ]
        .boxed(),
        Kind::Histogram => prop_oneof![
            prop_oneof![3 => exact.clone(), 1 => bounds].prop_map(Action::Record),
            (exact, 0usize..2_000).prop_map(|(value, times)| Action::RecordMany(value, times)),
            help,
        ]
        .boxed(),
    }
}

/// A sequence is about a few families with a few series each, so that operations meet; now and then families have
/// the same name.
fn sequences() -> impl Strategy<Value = Vec<Operation>> {
    let kinds = prop::sample::select(vec![Kind::Counter, Kind::Gauge, Kind::Histogram]);
    let family = (names(), kinds, keys()).prop_flat_map(|(name, kind, keys)| {
        let values = prop::collection::vec(values(), keys.len());
        let operation = (values, actions(kind)).prop_map(move |(values, action)| {
            let labels = keys.iter().cloned().zip(values).collect();
            Operation { name: name.clone(), labels, action }
        });
        prop::collection::vec(operation, 1..6)
    });
    prop::collection::vec(family, 1..4).prop_map(|families| families.concat()).prop_shuffle()
}

/// The peer's families under the names that ours have: a counter's ends in `_total`.
fn renamed(families: BTreeMap<String, Family>) -> BTreeMap<String, Family> {
    let rename = |(name, mut found): (String, Family)| {
        if found.kind != "counter" {
            return (name, found);
        }
        let exposed = format!("{}_total", family(Kind::Counter, &name));
        let samples = std::mem::take(&mut found.samples);
        found.samples =
            samples.into_iter().map(|((_, labels), value)| ((exposed.clone(), labels), value)).collect();
        (exposed, found)
    };
    families.into_iter().map(rename).collect()
}

fn compare(operations: &[Operation]) -> Result<usize, TestCaseError> {
    let ours = recorder();
    let peer = PrometheusBuilder::new().set_buckets(obs_metrics::DEFAULT_BUCKETS).unwrap().build_recorder();
    let mut rules = Rules::default();
    let mut admitted = 0;
    for operation in operations {
        if !operation.is_beyond_the_peer() && rules.admit(operation) {
            operation.apply(&ours);
            operation.apply(&peer);
            admitted += 1;
        }
    }
    prop_assert!(ours.problems().is_empty(), "refused what it should not: {:?}", ours.problems());
    let mut found = parse(&text(&ours), false).map_err(TestCaseError::fail)?;
    found.remove("obs_metric_series");
    found.remove("obs_metric_series_cap");
    // Counters that are set to less than they have keep it, as the peer's do, and that is told.
    found.remove("obs_metric_rejected_total");
    let expected = renamed(parse(&peer.handle().render(), true).map_err(TestCaseError::fail)?);
    prop_assert_eq!(found, expected);
    Ok(admitted)
}

#[test]
fn ten_thousand_sequences_expose_the_same_families_and_samples() {
    let config = Config { cases: SEQUENCES, failure_persistence: None, ..Config::default() };
    let seen = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&sequences(), |operations| {
            seen.set(seen.get() + compare(&operations)?);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    let admitted = seen.get();
    // The rules do not filter so much that nothing is compared.
    assert!(admitted > 2 * SEQUENCES as usize, "{admitted}");
}

#[test]
fn what_the_rules_leave_out_is_what_ours_refuses() {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&sequences(), |operations| {
            let ours = recorder();
            let mut rules = Rules::default();
            for operation in operations.iter().filter(|one| !matches!(one.action, Action::Describe(..))) {
                // Another spelling of a family is refused by the rules and taken by ours, which changes no family.
                rules.admit(operation);
                operation.register(&ours);
            }
            let found = parse(&text(&ours), false).map_err(TestCaseError::fail)?;
            let count = found.keys().filter(|name| !name.starts_with("obs_")).count();
            prop_assert_eq!(count, rules.families.len());
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
