//! fastrace, with a reporter that counts and discards; its collecting thread is part of the cost.

use super::Subject;
use crate::workload::expect;
use fastrace::Span;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static SPANS: AtomicU64 = AtomicU64::new(0);

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        let whole = spans.iter().filter(|span| span.properties.len() == 5).count();
        SPANS.fetch_add(whole as u64, Relaxed);
    }
}

fn root_span(turn: u64, sampled: bool) {
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
}

fn subject(sampled: bool, spans_of: fn(u64) -> u64) -> Subject {
    fastrace::set_reporter(Discard, Config::default());
    Subject::new(
        move |count| {
            for turn in 0..count {
                root_span(turn, sampled);
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
    subject(true, |total| total)
}

/// A root span that is not.
pub(crate) fn unsampled() -> Subject {
    subject(false, |_| 0)
}
