//! Labels that the compiler checks, and labels whose values are borrowed.

use metrics::with_local_recorder;
use obs_core::Declaration;
use obs_metrics::typed::{Counters, Gauges, Histograms, Labels};
use obs_metrics::{CounterVec, GaugeVec, HistogramVec, Recorder};

use super::{base, recorder, text, value};

obs_metrics::labels! {
    /// What was sold.
    enum Kind { Book = "book", Cup = "a \"cup\"" }

    enum Door { Front = "front", Back = "back", Side = "side" }

    struct Sold { kind: Kind, gift: bool, door: Door }

    struct Open { door: Door }
}

const KINDS: [(Kind, &str); 2] = [(Kind::Book, "book"), (Kind::Cup, "a \\\"cup\\\"")];
const DOORS: [(Door, &str); 3] = [(Door::Front, "front"), (Door::Back, "back"), (Door::Side, "side")];

#[test]
fn every_combination_is_there_from_the_beginning_and_counts_by_itself() {
    let recorder = recorder();
    let sold = Counters::<Sold>::register(&recorder, "sold_total").unwrap();
    let sample = |kind: &str, gift: bool, door: &str| {
        value(&recorder, &format!("sold_total{{kind=\"{kind}\",gift=\"{gift}\",door=\"{door}\"}}"))
    };
    let all = || {
        KINDS.iter().flat_map(|kind| {
            [false, true].into_iter().flat_map(move |gift| DOORS.iter().map(move |door| (*kind, gift, *door)))
        })
    };
    for ((_, kind), gift, (_, door)) in all() {
        assert_eq!(sample(kind, gift, door), Some(0.0), "{kind} {gift} {door}");
    }
    for (at, ((kind, _), gift, (door, _))) in (1..).zip(all()) {
        sold.of(Sold { kind, gift, door }).increment(at);
    }
    for (at, ((_, kind), gift, (_, door))) in (1u32..).zip(all()) {
        assert_eq!(sample(kind, gift, door), Some(f64::from(at)));
    }
    assert_eq!(value(&recorder, "obs_metric_series"), Some(12.0));
}

#[test]
fn through_the_facade_they_are_in_whatever_recorder_there_is() {
    let recorder = recorder();
    let (open, wait) = with_local_recorder(&recorder, || {
        (Gauges::<Open>::new("open_doors"), Histograms::<Open>::new("wait_seconds"))
    });
    open.of(Open { door: Door::Back }).set(2.0);
    wait.of(Open { door: Door::Side }).record(0.3);
    assert_eq!(value(&recorder, "open_doors{door=\"back\"}"), Some(2.0));
    assert_eq!(value(&recorder, "wait_seconds_count{door=\"side\"}"), Some(1.0));
    assert_eq!(value(&recorder, "wait_seconds_count{door=\"front\"}"), Some(0.0));
    // With no recorder at all they count nothing, and harm nobody.
    Gauges::<Open>::new("nowhere").of(Open { door: Door::Back }).set(2.0);
}

#[test]
fn what_does_not_go_with_the_first_registration_is_refused() {
    let recorder = recorder();
    recorder.counter("sold", &[("kind", "book")]).unwrap().increment(1);
    assert_eq!(Counters::<Sold>::register(&recorder, "sold").unwrap_err().reason(), "labels");
    with_local_recorder(&recorder, || Counters::<Sold>::new("sold"));
    assert_eq!(value(&recorder, "obs_metric_rejected_total{reason=\"labels\"}"), Some(12.0));
    assert_eq!(recorder.problems().len(), 1);
}

#[test]
fn a_declaration_takes_labels_and_values_from_the_type() {
    let sold = Open::declare(Declaration::counter("opened_total").help("Doors that were opened."));
    let recorder = Recorder::builder(base()).declare(sold).build().unwrap();
    assert!(text(&recorder).contains("opened_total{door=\"side\"} 0\n"));
    let opened = Counters::<Open>::register(&recorder, "opened_total").unwrap();
    opened.of(Open { door: Door::Side }).increment(1);
    assert_eq!(value(&recorder, "opened_total{door=\"side\"}"), Some(1.0));
    assert!(recorder.counter("opened_total", &[("door", "roof")]).is_err());
}

#[test]
fn a_label_may_be_called_like_a_word_of_rust() {
    obs_metrics::labels! { struct Made { r#type: bool } }
    let recorder = recorder();
    let made = Counters::<Made>::register(&recorder, "made").unwrap();
    made.of(Made { r#type: true }).increment(1);
    assert_eq!(value(&recorder, "made_total{type=\"true\"}"), Some(1.0));
}

#[test]
fn borrowed_values_find_the_series_that_the_macros_find() {
    let recorder = recorder();
    with_local_recorder(&recorder, || metrics::counter!("x", "b" => "2", "a" => "1").increment(1));
    let vector = CounterVec::new(&recorder, "x_total", ["a", "b"]).unwrap();
    let values =
        ["", "1", "é", "quo\"te", "back\\slash", "line\nbreak", "a,b=\"c\"", "longer than eight bytes"];
    for a in values {
        for b in values {
            for _ in 0..3 {
                vector.increment([a, b], 1);
                recorder.counter("x", &[("a", a), ("b", b)]).unwrap().increment(10);
            }
        }
    }
    assert_eq!(value(&recorder, "x_total{b=\"2\",a=\"1\"}"), Some(1.0));
    let text = text(&recorder);
    let counts: Vec<_> =
        text.lines().filter(|line| line.starts_with("x_total") && !line.ends_with(" 1")).collect();
    assert_eq!(counts.len(), values.len() * values.len());
    assert!(counts.iter().all(|line| line.ends_with(" 33")), "{counts:#?}");
}

#[test]
fn vectors_of_each_type_count_and_a_full_family_overflows() {
    let recorder = Recorder::builder(base()).series_cap(3).build().unwrap();
    let (gauges, histograms) = (
        GaugeVec::new(&recorder, "level", ["tank"]).unwrap(),
        HistogramVec::new(&recorder, "wait_seconds", ["desk"]).unwrap(),
    );
    gauges.set(["a"], 4.0);
    gauges.add(["a"], -1.5);
    assert_eq!(value(&recorder, "level{tank=\"a\"}"), Some(2.5));
    for n in 0..1_000 {
        histograms.record([&n.to_string()], 0.5);
    }
    assert_eq!(value(&recorder, "wait_seconds_count{desk=\"1\"}"), Some(1.0));
    assert_eq!(value(&recorder, "wait_seconds_count{desk=\"_overflow\"}"), Some(998.0));
    assert_eq!(CounterVec::new(&recorder, "level", ["tank"]).unwrap_err().reason(), "type");
    assert_eq!(GaugeVec::new(&recorder, "level", ["other"]).unwrap_err().reason(), "labels");
    assert_eq!(GaugeVec::new(&recorder, "other", ["trace_id"]).unwrap_err().reason(), "id_label");
}

#[test]
fn two_recorders_and_two_families_do_not_share_what_a_thread_remembers() {
    let (one, two) = (recorder(), recorder());
    let vectors = [
        CounterVec::new(&one, "x", ["a"]).unwrap(),
        CounterVec::new(&one, "y", ["a"]).unwrap(),
        CounterVec::new(&two, "x", ["a"]).unwrap(),
    ];
    for (by, vector) in (1..).zip(&vectors) {
        for _ in 0..5 {
            vector.increment(["v"], by);
        }
    }
    assert_eq!(value(&one, "x_total{a=\"v\"}"), Some(5.0));
    assert_eq!(value(&one, "y_total{a=\"v\"}"), Some(10.0));
    assert_eq!(value(&two, "x_total{a=\"v\"}"), Some(15.0));
}
