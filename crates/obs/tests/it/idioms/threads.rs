//! Spans that go from thread to thread.

use std::sync::{Arc, Barrier, mpsc};

use obs_core::context;
use obs_trace::sink::Scalar;
use tracing::{Instrument, Span, field, info, info_span};

use super::bench::Bench;

/// Runs in a thread as a pool's would: with the subscriber and nothing else.
fn thread<R: Send>(bench: &Bench, work: impl FnOnce() -> R + Send) -> R {
    let dispatch = &bench.dispatch;
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _default = tracing::dispatcher::set_default(dispatch);
            let result = work();
            assert!(context::current().is_none());
            result
        });
        thread.join().unwrap()
    })
}

#[test]
fn a_span_that_is_handed_to_a_thread_carries_the_request() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let (work, request) = (info_span!("work", order = 7, by = field::Empty), Span::current());
        thread(&bench, || {
            info!("before");
            work.in_scope(|| {
                info!("in work");
                Span::current().record("by", "thread");
                info_span!("nested").in_scope(|| info!("nested"));
            });
            request.in_scope(|| info!("in the request"));
            info!("afterwards");
        });
    }));
    let left = bench.left();
    left.stands_alone("before");
    left.stands_in("in work", left.span("work"), "A");
    left.stands_in("nested", left.span("nested"), "A");
    left.is_child("nested", left.span("work"));
    left.stands_in("in the request", left.server("A"), "A");
    left.stands_alone("afterwards");
    assert_eq!(left.span("work").attribute("by"), Some(&Scalar::Str("thread".into())));
}

#[test]
fn a_span_may_close_on_another_thread_than_it_was_opened_on() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let span = info_span!("travels");
        let child = span.in_scope(|| info_span!("child"));
        thread(&bench, move || drop(span));
        assert_eq!(bench.open(), 2, "its child holds it");
        thread(&bench, move || drop(child));
        assert_eq!(bench.open(), 0);
        info!("afterwards");
    }));
    let left = bench.left();
    left.is_child("child", left.span("travels"));
    left.stands_in("afterwards", left.server("A"), "A");
}

#[test]
fn a_task_that_moves_between_threads_stays_in_its_span() {
    let bench = Bench::new();
    bench.block_on_threads(async {
        let tasks = (0..8).map(|n: u64| {
            let task = async move {
                let before = obs::current().span_id().unwrap();
                for _ in 0..200 {
                    tokio::task::yield_now().await;
                    assert_eq!(obs::current().span_id(), Some(before));
                }
                info!("task {n}");
            };
            tokio::spawn(task.instrument(info_span!("task", n)))
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    let left = bench.left();
    for n in 0..8u64 {
        let line = left.line(&format!("task {n}"));
        assert_eq!(line["n"], n);
        let is = |span: &&obs_trace::sink::FinishedSpan| span.ids.span_id.to_string() == line["span_id"];
        assert_eq!(left.spans.iter().find(is).unwrap().attribute("n"), Some(&Scalar::U64(n)));
    }
}

#[test]
fn storms_of_clones_and_drops_from_four_threads_leave_no_span_open() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 300;
    let bench = Bench::new();
    let barrier = Arc::new(Barrier::new(THREADS));
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<Span>()).unzip();
    let request = bench.block_on(bench.serve("A", async || Span::current()));
    std::thread::scope(|scope| {
        for (me, receiver) in receivers.into_iter().enumerate() {
            let to = senders[(me + 1) % THREADS].clone();
            let (dispatch, barrier) = (bench.dispatch.clone(), Arc::clone(&barrier));
            let request = request.clone();
            scope.spawn(move || {
                let _default = tracing::dispatcher::set_default(&dispatch);
                barrier.wait();
                for n in 0..ROUNDS {
                    let _request = request.clone().entered();
                    let span = info_span!("storm", n, late = field::Empty).entered();
                    to.send(Span::current()).unwrap();
                    let child = info_span!("child");
                    drop(span);
                    if let Ok(theirs) = receiver.try_recv() {
                        theirs.in_scope(|| info!("theirs"));
                        theirs.record("late", n);
                        drop((theirs.clone(), theirs, child.clone()));
                    }
                    drop(child);
                }
                assert_eq!(obs::current().request_id(), None);
                barrier.wait();
                drop(to);
                receiver.try_iter().for_each(drop);
            });
        }
        drop(senders);
    });
    drop(request);
    let left = bench.left();
    let trace = left.server("A").ids.trace_id;
    assert_eq!(left.spans.len(), 1 + 2 * THREADS * ROUNDS);
    assert!(left.spans.iter().all(|span| span.ids.trace_id == trace));
    let lines = left.lines.iter().filter(|line| line["message"] == "theirs");
    assert!(lines.into_iter().all(|line| line["request_id"] == "A" && line["n"].is_u64()));
}
