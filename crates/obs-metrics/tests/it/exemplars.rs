//! Exemplars point at the span that was open, lie in their bucket, and stand only where they may.

use obs_core::context::{self, Context};
use obs_metrics::{Exemplars, Recorder};

use super::{base, open_metrics, recorder, root, text};

/// The exemplars of a family: bound, trace id, span id, value and timestamp as they are written.
fn exemplars(recorder: &Recorder) -> Vec<(f64, String, String, f64, f64)> {
    let text = open_metrics(recorder);
    text.lines()
        .filter_map(|line| {
            let (sample, exemplar) = line.split_once(" # ")?;
            let bound = sample.split("le=\"").nth(1)?.split('"').next()?.parse().unwrap();
            let rest = exemplar.strip_prefix("{trace_id=\"")?;
            let (trace, rest) = rest.split_once("\",span_id=\"")?;
            let (span, rest) = rest.split_once("\"} ")?;
            let (value, time) = rest.split_once(' ')?;
            Some((bound, trace.into(), span.into(), value.parse().unwrap(), time.parse().unwrap()))
        })
        .collect()
}

fn ids(context: &Context) -> (String, String) {
    (context.trace_id().to_string(), context.span_id().to_string())
}

#[test]
fn what_is_recorded_in_a_sampled_span_carries_its_ids_and_lies_in_its_bucket() {
    let recorder = recorder();
    let now = recorder_clock_seconds();
    let spans = [root(true), root(true), root(true)];
    for (span, value) in spans.iter().zip([0.01, 0.3, 99.0]) {
        let _scope = context::enter_poll(span);
        metrics::with_local_recorder(&recorder, || metrics::histogram!("x").record(value));
    }
    let expected: Vec<_> =
        spans.iter().map(ids).zip([(0.01, 0.01), (0.5, 0.3), (f64::INFINITY, 99.0)]).collect();
    let found = exemplars(&recorder);
    assert_eq!(found.len(), expected.len());
    for ((bound, trace, span, value, time), ((trace_id, span_id), (le, observed))) in
        found.into_iter().zip(expected)
    {
        assert_eq!((bound, value, trace, span), (le, observed, trace_id, span_id));
        assert!((time - now).abs() < 60.0, "{time} {now}");
    }
    assert!(
        !text(&recorder).contains('#') || !text(&recorder).contains("trace_id"),
        "never in the text format"
    );
}

/// Reads the clock as every request does, which moves the tick.
fn recorder_clock_seconds() -> f64 {
    base().clock.now().unix_nanos() as f64 / 1e9
}

#[test]
fn without_a_sampled_span_or_with_exemplars_off_there_is_none() {
    recorder_clock_seconds();
    let recorder = recorder();
    let facade: metrics::Histogram = recorder.histogram("x", &[]).unwrap().into();
    facade.record(1.0);
    let unsampled = root(false);
    {
        let _scope = context::enter_poll(&unsampled);
        facade.record(1.0);
    }
    let sampled = root(true);
    {
        let _scope = context::enter_poll(&sampled);
        recorder.histogram("x", &[]).unwrap().observe(1.0, None);
        recorder.counter("y", &[]).unwrap().add(1, None);
        recorder.gauge("z", &[]).unwrap().set(1.0);
    }
    assert!(!open_metrics(&recorder).contains(" # {"));
    let off = Recorder::builder(base()).exemplars(Exemplars::Off).build().unwrap();
    let _scope = context::enter_poll(&sampled);
    let facade: metrics::Histogram = off.histogram("x", &[]).unwrap().into();
    facade.record(1.0);
    off.histogram("x", &[]).unwrap().observe(1.0, Some(sampled.ids()));
    assert_eq!(exemplars(&off), []);
}

#[test]
fn a_counter_keeps_the_last_span_of_each_series_that_counted_in_one_cold_or_hot() {
    recorder_clock_seconds();
    let recorder = recorder();
    let spans = [root(true), root(true)];
    for (span, n) in spans.iter().zip(["a", "b"]) {
        let _scope = context::enter_poll(span);
        metrics::with_local_recorder(&recorder, || metrics::counter!("x", "n" => n).increment(7));
    }
    metrics::with_local_recorder(&recorder, || metrics::counter!("x", "n" => "none").increment(1));
    let hot = recorder.counter("x", &[("n", "hot")]).unwrap();
    hot.increment(5_000);
    hot.add(3, Some(spans[0].ids()));
    let text = open_metrics(&recorder);
    let check = |n: &str, total: u64, exemplar: Option<(&Context, u64)>| {
        let line = text.lines().find(|line| line.contains(&format!("\"{n}\""))).unwrap();
        let begin = format!("x_total{{n=\"{n}\"}} {total}");
        let Some((span, value)) = exemplar else { return assert_eq!(line, begin) };
        let (trace, span) = ids(span);
        let begin = format!("{begin} # {{trace_id=\"{trace}\",span_id=\"{span}\"}} {value}.0 ");
        assert!(line.starts_with(&begin), "{line}");
    };
    check("a", 7, Some((&spans[0], 7)));
    check("b", 7, Some((&spans[1], 7)));
    check("none", 1, None);
    check("hot", 5_003, Some((&spans[0], 3)));
}

#[test]
fn the_caller_may_say_which_span_it_was() {
    recorder_clock_seconds();
    let recorder = recorder();
    let (said, open) = (root(true), root(true));
    let _scope = context::enter_poll(&open);
    recorder.histogram("x", &[]).unwrap().observe(0.2, Some(said.ids()));
    let found = exemplars(&recorder);
    assert_eq!((found[0].1.clone(), found[0].2.clone()), ids(&said));
}

#[test]
fn an_exemplar_is_replaced_once_the_tick_has_moved() {
    let recorder = recorder();
    let histogram = recorder.histogram("x", &[]).unwrap();
    recorder_clock_seconds();
    let (first, last) = (root(true), root(true));
    histogram.observe(0.2, Some(first.ids()));
    let seen = obs_core::time::tick_millis();
    while obs_core::time::tick_millis() == seen {
        recorder_clock_seconds();
    }
    histogram.observe(0.2, Some(last.ids()));
    assert_eq!(exemplars(&recorder)[0].1, last.trace_id().to_string());
}

#[test]
fn under_load_every_exemplar_that_is_read_is_whole() {
    recorder_clock_seconds();
    let recorder = recorder();
    // The value says which span it belongs to.
    let spans: Vec<_> = (0..8).map(|_| root(true)).collect();
    let value = |n: usize| 0.051 + n as f64 / 1_000.0;
    let histogram = recorder.histogram("x", &[]).unwrap();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (spans, histogram) = (&spans, &histogram);
            scope.spawn(move || {
                for round in 0..20_000 {
                    let n = (round % 4) + half * 4;
                    histogram.observe(value(n), Some(spans[n].ids()));
                    if round % 100 == 0 {
                        recorder_clock_seconds();
                    }
                }
            });
        }
        for _ in 0..200 {
            for (bound, trace, span, seen, _) in exemplars(&recorder) {
                let n = (0..8).find(|&n| value(n) == seen).unwrap();
                assert_eq!(bound, 0.1);
                assert_eq!((trace, span), ids(&spans[n]));
            }
        }
    });
}
