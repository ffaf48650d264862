//! fastrace, with a reporter that counts and discards; its collecting thread is part of the cost.

use super::Subject;
use crate::workload::expect;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use fastrace::local::LocalSpan;
use fastrace::Span;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static SPANS: AtomicU64 = AtomicU64::new(0);

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        let whole = spans.iter().filter(|span| [2, 5].contains(&span.properties.len())).count();
        SPANS.fetch_add(whole as u64, Relaxed);
    }
}

fn root_span(turn: u64, sampled: bool, work: impl FnOnce()) {
    let root = Span::root("request", SpanContext::random().sampled(sampled)).with_properties(|| {
        [
            ("http.request.method", "GET".into()),
            ("http.route", "/users/{id}".into()),
            ("http.response.status_code", "200".into()),
            ("user_id", std::borrow::Cow::Owned(turn.to_string())),
            ("url.path", "/users/42".into()),
        ]
    });
    let _entered = root.set_local_parent();
    work();
}

fn tree(turn: u64, sampled: bool) {
    root_span(turn, sampled, || {
        for step in 0..10_u64 {
            let _step = LocalSpan::enter_with_local_parent("step").with_properties(|| {
                [("step", std::borrow::Cow::Owned(step.to_string())), ("table", "orders".into())]
            });
            black_box(turn);
        }
    });
}

fn subject(run: fn(u64), spans_of: fn(u64) -> u64) -> Subject {
    fastrace::set_reporter(Discard, Config::default());
    Subject::new(
        move |count| {
            for turn in 0..count {
                run(turn);
                // Its queue is bounded; a span that finds it full is lost and the row would not count.
                if turn % 1_000 == 999 {
                    fastrace::flush();
                }
            }
            fastrace::flush();
        },
        move |total| expect("spans", SPANS.load(Relaxed), spans_of(total)),
    )
}

/// A root span that is sampled.
pub(crate) fn sampled() -> Subject {
    subject(|turn| root_span(turn, true, || ()), |total| total)
}

/// A root span that is not.
pub(crate) fn unsampled() -> Subject {
    subject(|turn| root_span(turn, false, || ()), |_| 0)
}

/// A root span and ten below it that are sampled.
pub(crate) fn tree_sampled() -> Subject {
    subject(|turn| tree(turn, true), |total| total * 11)
}

/// A root span and ten below it that are not.
pub(crate) fn tree_unsampled() -> Subject {
    subject(|turn| tree(turn, false), |_| 0)
}
