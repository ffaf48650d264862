//! Fields of spans on lines: copied, overlapping, recorded later, carried across awaits.

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll};
use obs_core::{IdSource, RequestId};
use tracing::{Instrument, Span, info, info_span, warn_span};

use crate::{Bench, IDS, context};

#[track_caller]
fn check(work: impl FnOnce(), fields: &str) {
    Bench::new().check(work, &[&format!(r#""level":"INFO","target":"t",{fields}}}"#)]);
}

#[test]
fn fields_of_open_spans_follow_from_the_innermost_outwards() {
    check(
        || {
            let _a = info_span!("request", tenant = "acme", user = 7).entered();
            let _b = info_span!("handler").entered();
            let _c = info_span!("query", table = "orders", ratio = f64::NAN, hot = true).entered();
            info!(target: "t", n = 1, "m");
        },
        concat!(
            r#""message":"m","n":1,"service":"orders","table":"orders","ratio":"NaN","hot":true,"#,
            r#""tenant":"acme","user":7"#
        ),
    );
}

#[test]
fn the_event_wins_over_spans_and_the_inner_span_over_the_outer() {
    check(
        || {
            let _a = info_span!("a", x = "outer", y = "outer", z = "outer", w = "outer").entered();
            let _b = info_span!("b", y = "middle", z = "middle").entered();
            let _c = info_span!("c", z = "inner", x = "inner").entered();
            info!(target: "t", x = "event", "m");
        },
        r#""message":"m","x":"event","service":"orders","z":"inner","y":"middle","w":"outer""#,
    );
}

#[test]
fn a_declared_but_empty_field_of_the_event_hides_nothing() {
    check(
        || {
            let _a = info_span!("a", x = 1).entered();
            info!(target: "t", x = tracing::field::Empty, y = 2);
        },
        r#""y":2,"service":"orders","x":1"#,
    );
}

#[test]
fn reserved_keys_of_spans_are_renamed_and_secrets_redacted() {
    check(
        || {
            let _scope = enter_poll(&context());
            let _a = info_span!("a", request_id = "mine", message = "m", password = "hunter2").entered();
            info!(target: "t", request_id = "own", "text");
        },
        &format!(
            concat!(
                r#""message":"text","field.request_id":"own","service":"orders"{},"#,
                r#""field.message":"m","password":"[redacted]""#
            ),
            IDS
        ),
    );
}

#[test]
fn what_is_recorded_later_shows_from_then_on() {
    Bench::new().check(
        || {
            let span = info_span!("a", status = tracing::field::Empty, tries = 1);
            let _open = span.clone().entered();
            info!(target: "t", "1");
            span.record("status", "open");
            info!(target: "t", "2");
            span.record("status", "closed");
            span.record("tries", 2);
            info!(target: "t", "3");
        },
        &[
            r#""level":"INFO","target":"t","message":"1","service":"orders","tries":1}"#,
            r#""level":"INFO","target":"t","message":"2","service":"orders","tries":1,"status":"open"}"#,
            r#""level":"INFO","target":"t","message":"3","service":"orders","tries":2,"status":"closed"}"#,
        ],
    );
}

#[test]
fn a_field_recorded_without_end_shows_its_last_value() {
    check(
        || {
            let span = info_span!("a", progress = "none").entered();
            for n in 0..5_000 {
                span.record("progress", format!("{n} of 5000 steps done"));
            }
            info!(target: "t", "m");
        },
        r#""message":"m","service":"orders","progress":"4999 of 5000 steps done""#,
    );
}

#[test]
fn parents_are_those_that_were_named() {
    Bench::new().check(
        || {
            let other = info_span!("other", o = 1);
            let _open = info_span!("open", x = 1).entered();
            info!(target: "t", parent: None, "root");
            info!(target: "t", parent: &other, "child");
        },
        &[
            r#""level":"INFO","target":"t","message":"root","service":"orders"}"#,
            r#""level":"INFO","target":"t","message":"child","service":"orders","o":1}"#,
        ],
    );
}

#[test]
fn spans_below_the_level_leave_nothing() {
    Bench::with("warn,t=info", |builder| builder).check(
        || {
            let _quiet = info_span!("quiet", q = 1).entered();
            let _loud = warn_span!("loud", l = 1).entered();
            info!(target: "t", "m");
        },
        &[r#""level":"INFO","target":"t","message":"m","service":"orders","l":1}"#],
    );
}

#[test]
fn ids_are_those_of_the_context_and_not_of_a_guard_held_across_an_await() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Bench::new().check(
        || {
            runtime.block_on(async {
                let (open, opened) = tokio::sync::oneshot::channel();
                // Enters a context in one poll and is still waiting when that poll has ended.
                let mut first = Box::pin(async {
                    opened.await.unwrap();
                    info!(target: "t", "first");
                });
                let root = context();
                let pending = std::future::poll_fn(|cx| {
                    let _poll = enter_poll(&root);
                    obs_core::context::push(root.child(root.span_id()));
                    assert!(first.as_mut().poll(cx).is_pending());
                    std::task::Poll::Ready(())
                });
                pending.await;
                info!(target: "t", "second");
                open.send(()).unwrap();
                std::future::poll_fn(|cx| {
                    let _poll = enter_poll(&root);
                    first.as_mut().poll(cx)
                })
                .await;
            });
        },
        &[
            r#""level":"INFO","target":"t","message":"second","service":"orders"}"#,
            &format!(r#""level":"INFO","target":"t","message":"first","service":"orders"{IDS}}}"#),
        ],
    );
}

#[test]
#[expect(clippy::await_holding_invalid_type, reason = "what must not harm anybody is done here on purpose")]
fn the_fields_of_a_guard_held_across_an_await_stay_off_another_requests_lines() {
    let (first, second) = (context(), context());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Bench::new().check(
        || {
            runtime.block_on(async {
                let (go, gone) = tokio::sync::oneshot::channel::<()>();
                let mut held = Box::pin(async {
                    let _held = info_span!("held", card = "first-only").entered();
                    info!(target: "t", "before");
                    gone.await.unwrap();
                    info!(target: "t", "after");
                });
                let mut polled = |done: bool| {
                    let _poll = enter_poll(&first);
                    let polled = held.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
                    assert_eq!(polled.is_ready(), done);
                };
                polled(false);
                {
                    let _poll = enter_poll(&second);
                    info!(target: "t", "another");
                }
                go.send(()).unwrap();
                polled(true);
            });
        },
        &[
            &format!(r#""level":"INFO","target":"t","message":"before","service":"orders"{IDS},"card":"first-only"}}"#),
            &format!(r#""level":"INFO","target":"t","message":"another","service":"orders"{IDS}}}"#),
            &format!(r#""level":"INFO","target":"t","message":"after","service":"orders"{IDS},"card":"first-only"}}"#),
        ],
    );
}

#[test]
fn a_span_inside_of_a_context_of_another_process_has_its_fields_on_its_lines() {
    let lines = Bench::new().run(|| {
        let caller = context().ids();
        let remote = Context::root(caller, Local::task().called_by(caller.span_id));
        let _attached = enter_poll(&remote);
        let span = info_span!("message", number = 1);
        // As a tracer has it: a local root of its own.
        let _work = enter_poll(&remote.behind(IdSource::random().span_id(), false));
        span.in_scope(|| info!("at work"));
    });
    assert!(lines[0].contains(r#""number":1"#), "{lines:?}");
}

#[test]
fn each_line_has_the_ids_of_its_own_context_however_they_take_turns() {
    let ids = IdSource::seeded(2);
    let root = |request: &str| {
        let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
        Context::root(ids, Local::server(RequestId::parse(request).unwrap(), None))
    };
    let (a, b) = (root("a"), root("b"));
    let child = a.child(ids.span_id());
    // The same ids, as when a caller sends its request twice, but another request.
    let again = Context::root(a.ids(), Local::server(RequestId::parse("again").unwrap(), None));
    let task = Context::root(a.ids(), Local::task());
    let bench = Bench::new();
    for context in [&a, &b, &a, &child, &a, &again, &task, &a, &a, &b] {
        let _scope = enter_poll(context);
        let request = context.request_id().map(|id| format!(r#","request_id":"{id}""#)).unwrap_or_default();
        let (trace, span) = (context.trace_id(), context.span_id());
        let ids = format!(r#","trace_id":"{trace}","span_id":"{span}"{request}"#);
        bench.check(
            || info!(target: "t", "m"),
            &[&format!(r#""level":"INFO","target":"t","message":"m","service":"orders"{ids}}}"#)],
        );
    }
}

#[test]
fn instrumented_futures_carry_their_fields() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Bench::new().check(
        || {
            runtime.block_on(async {
                let task = async |name: &'static str| {
                    tokio::task::yield_now().await;
                    info!(target: "t", "{name}");
                };
                tokio::join!(
                    biased;
                    task("a").instrument(info_span!("task", id = 1)),
                    task("b").instrument(info_span!("task", id = 2)),
                );
                assert!(Span::current().is_none());
            });
        },
        &[
            r#""level":"INFO","target":"t","message":"a","service":"orders","id":1}"#,
            r#""level":"INFO","target":"t","message":"b","service":"orders","id":2}"#,
        ],
    );
}
