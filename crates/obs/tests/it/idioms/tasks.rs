//! Tasks: those that take the request along and those that do not, cancelled ones, streams.

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use obs_core::context;
use tokio::sync::oneshot;
use tracing::{Instrument, Span, info, info_span};

use super::bench::Bench;

/// Two requests at once, the second of which must not notice the first.
async fn beside<F: Future>(bench: &Bench, first: impl FnOnce() -> F) -> F::Output {
    let second = async || {
        for _ in 0..20 {
            info_span!("of the second").in_scope(|| info!("second"));
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(bench.serve("A", first), bench.serve("B", second)).0
}

#[track_caller]
fn second_is_undisturbed(left: &super::bench::Left) {
    let server = left.server("B");
    let lines: Vec<_> = left.lines.iter().filter(|line| line["message"] == "second").collect();
    let spans: Vec<_> = left.spans.iter().filter(|span| span.name == "of the second").collect();
    assert_eq!((lines.len(), spans.len()), (20, 20));
    assert!(
        lines
            .iter()
            .all(|line| line["request_id"] == "B" && line["trace_id"] == server.ids.trace_id.to_string())
    );
    assert!(spans.iter().all(|span| span.parent_id() == Some(server.ids.span_id)));
}

#[test]
fn a_plain_task_carries_nothing() {
    let bench = Bench::new();
    bench.block_on(beside(&bench, async || {
        let task = tokio::spawn(async {
            info!("in the task");
            info_span!("task's own").in_scope(|| ());
        });
        task.await.unwrap();
    }));
    let left = bench.left();
    left.stands_alone("in the task");
    assert_eq!(left.span("task's own").parent_id(), None);
    assert_ne!(left.span("task's own").ids.trace_id, left.server("A").ids.trace_id);
    second_is_undisturbed(&left);
}

#[test]
fn a_task_in_the_current_span_is_part_of_the_request() {
    let bench = Bench::new();
    bench.block_on(beside(&bench, async || {
        let task = async {
            tokio::task::yield_now().await;
            info!("in the task");
            info_span!("task's own").in_scope(|| ());
            // Another step on, from what is only a handle of the request's span.
            let deeper = async { info!("deeper") }.in_current_span();
            tokio::spawn(deeper).await.unwrap();
        };
        tokio::spawn(task.in_current_span()).await.unwrap();
    }));
    let left = bench.left();
    for message in ["in the task", "deeper"] {
        left.stands_in(message, left.server("A"), "A");
    }
    left.is_child("task's own", left.server("A"));
    second_is_undisturbed(&left);
}

#[test]
fn a_task_in_the_current_span_of_a_function_is_part_of_that() {
    let bench = Bench::new();
    bench.block_on(beside(&bench, async || {
        let work = async {
            let task = async {
                tokio::task::yield_now().await;
                info!("in the task");
            };
            tokio::spawn(task.in_current_span()).await.unwrap();
        };
        work.instrument(info_span!("work", order = 7)).await;
    }));
    let left = bench.left();
    left.stands_in("in the task", left.span("work"), "A");
    assert_eq!(left.line("in the task")["order"], 7);
    second_is_undisturbed(&left);
}

#[test]
fn a_handle_of_the_request_does_not_keep_itself_alive() {
    let bench = Bench::new();
    bench.block_on(async {
        let handle = bench
            .serve("A", async || {
                assert_eq!(bench.open(), 0);
                let first = Span::current();
                assert_eq!(first.id(), Span::current().id(), "one id for one span");
                assert_eq!(first.metadata().unwrap().name(), "request");
                first
            })
            .await;
        // The request has ended; its span can still be entered by who holds it.
        assert_eq!(bench.open(), 1);
        handle.in_scope(|| info!("late"));
        drop(handle.clone());
        drop(handle);
        assert_eq!(bench.open(), 0);
    });
    let left = bench.left();
    left.stands_in("late", left.server("A"), "A");
}

#[test]
fn obs_spawn_carries_the_request_and_the_span() {
    for threads in [false, true] {
        let bench = Bench::new();
        let work = beside(&bench, async || {
            obs::spawn(async {
                tokio::task::yield_now().await;
                info!("in the task");
                assert_eq!(obs::current().request_id().unwrap().as_str(), "A");
            })
            .await
            .unwrap();
            let work = async {
                let task = obs::spawn(async {
                    info_span!("task's own").in_scope(|| ());
                    info!("in the span's task");
                });
                let blocking = obs::spawn_blocking(|| info!("blocking"));
                task.await.unwrap();
                blocking.await.unwrap();
            };
            work.instrument(info_span!("work", order = 7)).await;
        });
        if threads {
            bench.block_on_threads(work)
        } else {
            bench.block_on(work)
        }
        let left = bench.left();
        left.stands_in("in the task", left.server("A"), "A");
        for message in ["in the span's task", "blocking"] {
            left.stands_in(message, left.span("work"), "A");
            assert_eq!(left.line(message)["order"], 7);
        }
        left.is_child("task's own", left.span("work"));
        second_is_undisturbed(&left);
    }
}

#[test]
fn futures_of_other_spawners_can_be_carried_too() {
    let bench = Bench::new();
    bench.block_on(beside(&bench, async || {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn_local(obs::in_current(async {
            tokio::task::yield_now().await;
            info!("in the set");
        }));
        tasks.join_next().await.unwrap().unwrap();
    }));
    let left = bench.left();
    left.stands_in("in the set", left.server("A"), "A");
    second_is_undisturbed(&left);
}

struct LogsWhenDropped(&'static str);

impl Drop for LogsWhenDropped {
    fn drop(&mut self) {
        info!("{}", self.0);
    }
}

#[test]
fn what_is_cancelled_is_dropped_in_its_context() {
    let bench = Bench::new();
    bench.block_on(async {
        let (_never, never) = oneshot::channel::<()>();
        beside(&bench, async || {
            let work = async {
                let _logs = LogsWhenDropped("dropped by select");
                never.await.unwrap();
            };
            let carried = obs::in_current(async {
                let _logs = LogsWhenDropped("dropped by its wrapper");
                std::future::pending::<()>().await;
            });
            tokio::select! {
                biased;
                () = work.instrument(info_span!("cancelled")) => unreachable!(),
                () = carried => unreachable!(),
                () = tokio::task::yield_now() => info!("first"),
            }
        })
        .await;
        let elsewhere = bench.serve("D", async || {
            Some(obs::in_current(async {
                let _logs = LogsWhenDropped("dropped elsewhere");
                std::future::pending::<()>().await;
            }))
        });
        let mut elsewhere = Box::pin(elsewhere.await.unwrap());
        assert!(elsewhere.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(elsewhere);
        // A request whose client goes away in the middle.
        let request = bench.serve("C", async || {
            let _logs = LogsWhenDropped("dropped with the request");
            std::future::pending::<()>().await;
        });
        tokio::select! {
            biased;
            () = request => unreachable!(),
            () = tokio::task::yield_now() => {}
        }
    });
    let left = bench.left();
    left.stands_in("dropped by select", left.span("cancelled"), "A");
    left.stands_in("dropped by its wrapper", left.server("A"), "A");
    left.stands_in("first", left.server("A"), "A");
    left.stands_in("dropped elsewhere", left.server("D"), "D");
    left.stands_in("dropped with the request", left.server("C"), "C");
    second_is_undisturbed(&left);
}

#[test]
fn a_stream_that_is_polled_by_turns_stays_in_its_spans() {
    let bench = Bench::new();
    bench.block_on(beside(&bench, async || {
        let step = async |n: u64| {
            tokio::task::yield_now().await;
            info!(n, "step {n}");
        };
        let (a, b) = (info_span!("a"), info_span!("b"));
        tokio::join!(
            async {
                step(1).await;
                step(2).await
            }
            .instrument(a),
            async {
                step(3).await;
                step(4).await
            }
            .instrument(b),
        );
    }));
    let left = bench.left();
    for (message, span) in [("step 1", "a"), ("step 2", "a"), ("step 3", "b"), ("step 4", "b")] {
        left.stands_in(message, left.span(span), "A");
    }
    second_is_undisturbed(&left);
}

#[test]
fn a_local_root_ends_with_its_last_task() {
    let bench = Bench::new();
    let kept = Arc::new(Mutex::new(None));
    bench.block_on(async {
        let (go, gone) = oneshot::channel::<()>();
        let task = bench
            .serve("A", async || {
                *kept.lock().unwrap() = context::current().map(|context| context.downgrade());
                Some(obs::spawn(async move {
                    gone.await.unwrap();
                    info!("after the response");
                }))
            })
            .await;
        let is_alive = || kept.lock().unwrap().as_ref().unwrap().upgrade().is_some();
        assert!(is_alive());
        go.send(()).unwrap();
        task.unwrap().await.unwrap();
        assert!(!is_alive());
    });
    let left = bench.left();
    left.stands_in("after the response", left.server("A"), "A");
}
