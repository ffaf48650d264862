//! The memory in which spans wait is bounded, and whatever finds no room is counted by reason.

use std::collections::BTreeSet;
use std::time::Duration;

use obs_core::Outcome;
use obs_core::fields::Value;
use obs_trace::record::Status;
use obs_trace::sink::Scalar;
use obs_trace::{Kind, Sampler, SpanRecord, SpanSink, Tail, Tracer};

use crate::tail::{Setup, dropped, settled, setup, total};

const SHORT: Duration = Duration::from_millis(1);

fn large(setup: &Setup, parent: &obs_core::Context, bytes: usize, number: u64) {
    let mut span = setup.tracer.start(Some(parent), "large", Kind::Internal);
    span.set("number", Value::U64(number));
    span.set("text", Value::Str(&"x".repeat(bytes)));
    setup.tracer.end(span);
}

#[test]
fn a_trace_holds_no_more_than_its_bound_and_lets_the_innermost_go() {
    const BOUND: usize = 64 * 1024;
    let setup = setup(Sampler::always_off(), Tail::new().errors().trace_bytes(BOUND));
    let context = setup.open(false);
    for number in 0..1_000 {
        large(&setup, &context, 300, number);
        assert!(total(&setup.base, "obs_tail_bytes") <= BOUND as f64);
    }
    setup.close(&context, Outcome::ServerError, SHORT);
    let spans = setup.memory.take();
    let (root, children) = spans.split_last().unwrap();
    let numbers: Vec<_> = children.iter().map(|span| span.attribute("number").cloned().unwrap()).collect();
    let first = 1_000 - children.len() as i64;
    let expected: Vec<_> = (first..1_000).map(Scalar::I64).collect();
    assert_eq!(numbers, expected, "the latest stay, in their order, and without a gap");
    assert!(children.len() * 300 > BOUND / 2, "{}", children.len());
    assert_eq!(dropped(&setup, "trace_full"), first as f64);
    assert_eq!(root.attribute("obs.spans.dropped"), Some(&Scalar::U64(first as u64)));
    settled(&setup);
}

#[test]
fn one_span_may_be_larger_than_a_piece_and_none_larger_than_the_bound() {
    let setup = setup(Sampler::always_off(), Tail::new().errors().trace_bytes(32 * 1024));
    let context = setup.open(false);
    large(&setup, &context, 20_000, 1);
    large(&setup, &context, 10_000, 2);
    setup.child(&context, "small");
    for number in 3..8 {
        // Texts of a field are bounded, a span's are not: several fields make a large one.
        let mut span = setup.tracer.start(Some(&context), "huge", Kind::Internal);
        for key in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
            span.set(key, Value::Str(&"x".repeat(4_000)));
        }
        span.set("number", Value::U64(number));
        setup.tracer.end(span);
    }
    setup.child(&context, "after");
    setup.close(&context, Outcome::ServerError, SHORT);
    let names: Vec<_> = setup.memory.take().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["large", "small", "after", "GET"], "what fits nowhere has driven nothing out");
    settled(&setup);
}

#[test]
fn all_traces_together_hold_no_more_than_the_bound_of_the_process() {
    const BOUND: usize = 64 * 1024;
    let setup = setup(Sampler::always_off(), Tail::new().errors().process_bytes(BOUND));
    let requests: Vec<_> = (0..40).map(|_| setup.open(false)).collect();
    for (number, context) in requests.iter().enumerate() {
        large(&setup, context, 300, number as u64);
        assert!(total(&setup.base, "obs_tail_bytes") <= BOUND as f64);
    }
    assert_eq!(total(&setup.base, "obs_tail_bytes"), BOUND as f64);
    assert_eq!(dropped(&setup, "process_full"), 24.0, "of forty pieces of 4 KiB sixteen fit");
    setup.close(&requests[0], Outcome::Success, SHORT);
    large(&setup, &requests[39], 300, 99);
    for context in &requests[1..] {
        setup.close(context, Outcome::ServerError, SHORT);
    }
    let spans = setup.memory.take();
    assert_eq!(
        spans.iter().filter(|span| span.name == "large").count(),
        15 + 1,
        "room that is given back is used"
    );
    assert_eq!(spans.iter().filter(|span| span.name == "GET").count(), 39, "roots need no room");
    settled(&setup);
}

#[test]
fn what_is_never_judged_is_let_go_with_its_root() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    let root = setup.tracer.start(None, "forgotten", Kind::Internal);
    setup.child(root.context(), "child");
    assert!(total(&setup.base, "obs_tail_bytes") > 0.0);
    drop(root);
    assert_eq!(dropped(&setup, "unjudged"), 1.0);
    settled(&setup);
}

#[test]
fn children_of_many_threads_are_all_there_or_all_gone() {
    const CHILDREN: u64 = 200;
    let setup = setup(Sampler::always_off(), Tail::new().errors().trace_bytes(1 << 20));
    for (outcome, expected) in [(Outcome::ServerError, 4 * CHILDREN), (Outcome::Success, 0)] {
        let context = setup.open(false);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (setup, context) = (&setup, &context);
                scope.spawn(move || {
                    for number in 0..CHILDREN {
                        large(setup, context, 10, thread * CHILDREN + number);
                    }
                });
            }
        });
        setup.close(&context, outcome, SHORT);
        let spans = setup.memory.take();
        let numbers: BTreeSet<_> = spans
            .iter()
            .filter_map(|span| match span.attribute("number") {
                Some(Scalar::I64(number)) => Some(*number as u64),
                _ => None,
            })
            .collect();
        assert_eq!(numbers, (0..expected).collect());
        settled(&setup);
    }
}

#[test]
fn a_root_that_ends_while_its_children_end_loses_none_of_them() {
    let setup = setup(Sampler::always_off(), Tail::new().errors());
    for round in 0..200u64 {
        let context = setup.open(false);
        let starts = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let span = setup.tracer.start(Some(&context), "child", Kind::Internal);
                    starts.wait();
                    setup.tracer.end(span);
                });
            }
            starts.wait();
            setup.close(&context, Outcome::ServerError, SHORT);
        });
        assert_eq!(setup.memory.take().len(), 3, "{round}");
    }
    settled(&setup);
}

#[test]
fn bounds_below_a_piece_hold_what_fits_into_them() {
    let small = Tail::new().errors();
    for tail in [small.clone().trace_bytes(1_000), small.process_bytes(1_000)] {
        let setup = setup(Sampler::always_off(), tail);
        let context = setup.open(false);
        large(&setup, &context, 300, 1);
        large(&setup, &context, 300, 2);
        assert_eq!(total(&setup.base, "obs_tail_bytes"), 1_000.0);
        large(&setup, &context, 2_000, 3);
        setup.close(&context, Outcome::ServerError, SHORT);
        let spans = setup.memory.take();
        let numbers: Vec<_> = spans.iter().filter_map(|span| span.attribute("number")).collect();
        assert_eq!(numbers, [&Scalar::I64(1), &Scalar::I64(2)], "what fits nowhere has driven nothing out");
        settled(&setup);
    }
}

#[test]
fn a_sink_that_panics_costs_no_room() {
    struct Broken;
    impl SpanSink for Broken {
        fn export(&self, _: &SpanRecord<'_>) {
            panic!("no")
        }
    }
    let Setup { base, .. } = setup(Sampler::always_off(), Tail::new());
    let tail = Tail::new().errors();
    let tracer = Tracer::builder(base.clone()).sampler(Sampler::always_off()).tail(tail).sink(Broken).build();
    let root = tracer.start(None, "root", Kind::Internal);
    for _ in 0..3 {
        let mut child = tracer.start(Some(root.context()), "child", Kind::Internal);
        child.set("text", Value::Str(&"x".repeat(3_000)));
        tracer.end(child);
    }
    assert!(total(&base, "obs_tail_bytes") > 0.0);
    let mut root = root;
    root.set_status(Status::Error("no"));
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tracer.end(root)));
    assert!(ended.is_err());
    assert_eq!(total(&base, "obs_tail_bytes"), 0.0);
    let [waited, kept, dropped] =
        ["obs_tail_spans_total", "obs_tail_spans_kept_total", "obs_tail_spans_dropped_total"]
            .map(|name| total(&base, name));
    assert_eq!((waited, kept, dropped), (3.0, 1.0, 2.0));
}
