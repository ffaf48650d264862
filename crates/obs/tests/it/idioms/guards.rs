//! Guards that are held where they must not be: whatever they do, no other request carries their ids.
#![expect(clippy::await_holding_invalid_type, reason = "what must not harm anybody is done here on purpose")]

use tokio::sync::oneshot;
use tracing::{Span, info, info_span};

use super::bench::{Bench, Left};

/// All lines of the other request carry its own ids and nothing of the first one's.
#[track_caller]
fn is_clean(left: &Left, request: &str) {
    let trace = &left.line(&format!("in {request}"))["trace_id"];
    let server = left.server(request);
    assert_eq!(*trace, server.ids.trace_id.to_string());
    for line in left.lines.iter().filter(|line| line["request_id"] == request) {
        assert_eq!(line["trace_id"], *trace, "{line}");
        assert!(line.get("card").is_none(), "{line}");
    }
    left.stands_in(&format!("in {request}"), server, request);
    left.is_child(&format!("span of {request}"), server);
}

async fn other(bench: &Bench) {
    bench
        .serve("B", async || {
            info!("in B");
            tokio::task::yield_now().await;
            // A span's name is part of the program's text.
            info_span!("span of B").in_scope(|| info!("in a span of B"));
        })
        .await;
}

#[test]
fn a_guard_held_across_an_await_of_a_request() {
    let bench = Bench::new();
    bench.block_on(async {
        let (go, gone) = oneshot::channel::<()>();
        let first = bench.serve("A", async || {
            let _held = info_span!("held", card = "first-only").entered();
            info!("before");
            gone.await.unwrap();
            info!("after");
        });
        let second = async {
            other(&bench).await;
            go.send(()).unwrap();
        };
        tokio::join!(first, second);
    });
    let left = bench.left();
    is_clean(&left, "B");
    left.stands_in("before", left.span("held"), "A");
    // The guard's span is not open any more after the await: the line is the request's.
    left.stands_in("after", left.server("A"), "A");
}

#[test]
fn a_guard_of_a_request_held_across_an_await_of_a_plain_task() {
    let bench = Bench::new();
    bench.block_on(async {
        let (go, gone) = oneshot::channel::<()>();
        let task = bench
            .serve("A", async || {
                let span = info_span!("held", card = "first-only");
                // Of a task that is none of the request's, so that nothing closes the guard with a poll.
                let task = tokio::task::spawn_local(async move {
                    let _held = span.entered();
                    gone.await.unwrap();
                    info!("still in A");
                });
                tokio::task::yield_now().await;
                Some(task)
            })
            .await;
        // Still open on this thread: the next request must be one of its own all the same.
        assert!(obs::current().trace_id().is_some());
        other(&bench).await;
        let kept = bench.serve("C", async || info_span!("kept by C")).await;
        go.send(()).unwrap();
        task.unwrap().await.unwrap();
        assert!(obs::current().trace_id().is_none());
        assert_eq!(bench.open(), 1, "a span of another request is no reason to keep that of the first");
        drop(kept);
    });
    let left = bench.left();
    is_clean(&left, "B");
    left.stands_in("still in A", left.span("held"), "A");
    left.is_child("held", left.server("A"));
}

#[test]
fn a_guard_of_a_request_that_is_never_dropped() {
    let bench = Bench::new();
    bench.block_on(async {
        bench
            .serve("A", async || {
                std::mem::forget(info_span!("held", card = "first-only").entered());
                std::mem::forget(Span::current().entered());
            })
            .await;
        assert!(obs::current().trace_id().is_none());
        other(&bench).await;
    });
    let left = bench.left_open();
    is_clean(&left, "B");
    assert!(left.spans.iter().all(|span| span.name != "held"), "it never closes");
}

#[test]
fn a_guard_that_is_dropped_by_another_request() {
    let bench = Bench::new();
    bench.block_on(async {
        let guard = std::cell::RefCell::new(None);
        bench
            .serve("A", async || {
                *guard.borrow_mut() = Some(info_span!("held", card = "first-only").entered());
            })
            .await;
        bench
            .serve("B", async || {
                info!("in B");
                drop(guard.take());
                info_span!("span of B").in_scope(|| info!("in a span of B"));
                info!("at the end of B");
            })
            .await;
    });
    let left = bench.left();
    is_clean(&left, "B");
    left.stands_in("at the end of B", left.server("B"), "B");
    left.is_child("held", left.server("A"));
}

#[test]
fn guards_that_are_dropped_in_the_wrong_order() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let (outer, inner) = (info_span!("outer", o = 1).entered(), info_span!("inner", i = 1).entered());
        drop(outer);
        info!("in inner");
        let last = info_span!("last").entered();
        drop(inner);
        info!("in last");
        drop(last);
        info!("in none");
    }));
    let left = bench.left();
    left.stands_in("in inner", left.span("inner"), "A");
    left.stands_in("in last", left.span("last"), "A");
    left.stands_in("in none", left.server("A"), "A");
    left.is_child("inner", left.span("outer"));
    left.is_child("last", left.span("inner"));
    // Its parent's fields stay with a span, whether that is entered or not.
    assert_eq!((&left.line("in last")["o"], &left.line("in last")["i"]), (&1.into(), &1.into()));
    assert!(left.line("in none").get("i").is_none());
}

#[test]
fn a_guard_from_around_the_server_that_is_dropped_inside_of_a_request() {
    let bench = Bench::new();
    bench.block_on(async {
        let around = std::cell::Cell::new(Some(info_span!("around", port = 80).entered()));
        bench
            .serve("A", async || {
                info!("first");
                drop(around.take());
                info!("second");
            })
            .await;
        info!("after");
    });
    let left = bench.left();
    for message in ["first", "second"] {
        left.stands_in(message, left.server("A"), "A");
    }
    // What was opened outside of any request shows wherever it is open.
    assert_eq!(left.line("first")["port"], 80);
    assert!(left.line("second").get("port").is_none());
    assert!(left.span("around").events.is_empty(), "an event of a request is none of what is around it");
    left.stands_alone("after");
    assert_ne!(left.span("around").ids.trace_id, left.server("A").ids.trace_id);
}

#[test]
fn a_span_of_one_request_that_is_entered_by_another_is_the_first_ones() {
    let bench = Bench::new();
    bench.block_on(async {
        let shared = bench.serve("A", async || info_span!("shared", card = "first-only")).await;
        bench
            .serve("B", async || {
                info!("in B");
                shared.in_scope(|| info!("in the shared span"));
                info!(parent: &shared, "beside the shared span");
                info_span!("span of B").in_scope(|| ());
            })
            .await;
        drop(shared);
    });
    let left = bench.left();
    left.stands_in("in the shared span", left.span("shared"), "A");
    assert_eq!(left.line("in the shared span")["card"], "first-only");
    left.stands_in("beside the shared span", left.server("B"), "B");
    is_clean(&left, "B");
}
