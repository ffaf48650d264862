//! What is done seldom: more client spans than a request has, statics, ends of threads and of the installation, other
//! subscribers in between.

use std::cell::RefCell;
use std::sync::Mutex;

use obs_core::SpanId;
use obs_core::context::{self, Context};
use obs_core::fields::{Fields, Value};
use tracing::{Instrument, Span, info, info_span};

use super::bench::Bench;

/// Runs `work` as a client layer would, in a native span of its own.
async fn called<F: Future>(n: u64, work: F) -> F::Output {
    let child = context::current().unwrap().child(SpanId::from_bytes((n + 1).to_be_bytes()).unwrap());
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|task| {
        let _scope = context::enter_poll(&child);
        work.as_mut().poll(task)
    })
    .await
}

#[test]
fn a_request_with_many_client_spans_still_carries_each_of_them() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let first = Span::current();
        for n in 0..100 {
            called(n, async move {
                let task = async move { info!("call {n}") }.in_current_span();
                tokio::spawn(task).await.unwrap();
            })
            .await;
        }
        assert_eq!(Span::current().id(), first.id());
        first.in_scope(|| info!("in the first"));
    }));
    let left = bench.left();
    for n in 0..100u64 {
        let line = left.line(&format!("call {n}"));
        assert_eq!(line["request_id"], "A");
        assert_eq!(line["span_id"], format!("{:016x}", n + 1), "{line}");
    }
    left.stands_in("in the first", left.server("A"), "A");
}

#[test]
fn parallel_client_spans_beyond_the_most_leave_no_id_behind_and_never_a_wrong_one() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let request = context::current().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4u64 {
                let (request, dispatch) = (&request, &bench.dispatch);
                scope.spawn(move || {
                    let _default = tracing::dispatcher::set_default(dispatch);
                    let mut held = Vec::new();
                    for n in 1..500u64 {
                        let span_id = SpanId::from_bytes((thread << 32 | n).to_be_bytes()).unwrap();
                        let _scope = context::enter_poll(&request.child(span_id));
                        let span = Span::current();
                        span.in_scope(|| assert_eq!(context::current_ids().unwrap().span_id, span_id));
                        held.push(span);
                        held.drain(..held.len().saturating_sub(3));
                    }
                });
            }
        });
    }));
    bench.left();
}

struct LogsAtTheEnd(Span);

impl Drop for LogsAtTheEnd {
    fn drop(&mut self) {
        self.0.in_scope(|| {
            info!("at the end of the thread");
            info_span!("late").in_scope(|| info!(what = ?Span::current().id().is_some(), "later"));
            obs::current().set("late", true);
        });
    }
}

thread_local! {
    static AT_THE_END: RefCell<Option<LogsAtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn spans_that_close_with_their_thread_leave_nothing_open() {
    for first in [false, true] {
        let bench = Bench::new();
        let request = bench.block_on(bench.serve("A", async || Span::current()));
        let dispatch = bench.dispatch.clone();
        std::thread::spawn(move || {
            if first {
                // Before whatever the engines keep for a thread, so that it ends after all of that.
                AT_THE_END.with(|end| *end.borrow_mut() = None);
            }
            tracing::dispatcher::with_default(&dispatch, || {
                let span = request.in_scope(|| info_span!("of the thread"));
                span.in_scope(|| info!("used"));
                AT_THE_END.with(|end| *end.borrow_mut() = Some(LogsAtTheEnd(span)));
            });
            drop(request);
        })
        .join()
        .unwrap();
        let left = bench.left();
        assert_eq!(left.span("of the thread").ids.trace_id, left.server("A").ids.trace_id);
    }
}

#[test]
fn a_span_may_outlive_its_installation() {
    static KEPT: Mutex<Vec<Span>> = Mutex::new(Vec::new());
    let obs = obs::testing::start("gone");
    {
        let _entered = obs.enter();
        let span = info_span!("kept", late = tracing::field::Empty);
        let child = span.in_scope(|| info_span!("child"));
        KEPT.lock().unwrap().extend([span, child]);
    }
    drop(obs);
    let kept = std::mem::take(&mut *KEPT.lock().unwrap());
    kept[0].record("late", 1);
    kept[1].in_scope(|| info!("nobody hears this"));
    drop(kept);
}

#[test]
fn another_subscriber_within_a_request_is_a_world_of_its_own() {
    let (bench, other) = (Bench::new(), Bench::new());
    bench.block_on(bench.serve("A", async || {
        let outer = info_span!("outer").entered();
        tracing::dispatcher::with_default(&other.dispatch, || {
            let inner = info_span!("inner").entered();
            info!("in the other");
            let child = info_span!(parent: &*outer, "of a foreign parent");
            child.follows_from(&*outer);
            tracing::dispatcher::with_default(&bench.dispatch, || info!("back again"));
            drop((child, inner));
            // Left in the wrong order.
            outer.record("nothing", 1);
            drop(outer);
            info!("after the outer");
        });
        info!("afterwards");
    }));
    assert_eq!(other.open(), 0);
    let (left, theirs) = (bench.left(), other.left());
    left.stands_in("afterwards", left.server("A"), "A");
    assert_eq!(left.line("back again")["request_id"], "A");
    assert_eq!(theirs.line("in the other")["request_id"], "A");
    theirs.stands_in("after the outer", left.server("A"), "A");
}

/// As a key it asks for the context it is about to be set in.
struct Asks;

impl From<Asks> for std::borrow::Cow<'static, str> {
    fn from(_: Asks) -> Self {
        obs::current().set("asked", true);
        "asks".into()
    }
}

#[test]
fn a_key_that_sets_fields_itself_does_not_deadlock() {
    let (done, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let bench = Bench::new();
        bench.block_on(bench.serve("A", async || {
            obs::current().set(Asks, 1);
            info!("went on");
        }));
        let line = bench.left().line("went on").clone();
        done.send((line["asked"] == true, line["asks"] == 1)).unwrap();
    });
    assert_eq!(waits.recv_timeout(std::time::Duration::from_secs(10)), Ok((true, true)));
}

#[test]
fn fields_set_in_a_loop_never_fill_the_memory() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let long = "k".repeat(100_000);
        for n in 0..2_000u64 {
            obs::current().set(format!("{n}{long}"), n);
            obs::current().set("same", &*format!("{n}{long}"));
        }
        let bytes = context::with_current(|context: &Context| {
            context.local().with_fields(|fields: &Fields| {
                fields.capacity_bytes() + fields.iter().map(|(key, _)| key.len()).sum::<usize>()
            })
        });
        assert!(bytes.flatten().unwrap() < 256 * 1_024, "{bytes:?}");
        obs::current().set("same", "last");
        let same = context::with_current(|context| {
            context.local().with_fields(|fields| fields.find("same") == Some(Value::Str("last")))
        });
        assert_eq!(same.flatten(), Some(true));
        info!("in the request");
    }));
    let left = bench.left();
    left.stands_in("in the request", left.server("A"), "A");
}

#[test]
fn an_event_of_a_named_span_stands_in_that_where_nothing_is_open() {
    let bench = Bench::new();
    let span = bench.block_on(bench.serve("A", async || info_span!("kept", order = 7)));
    bench.block_on(async {
        info!(parent: &span, "outside of all");
        info!("afterwards");
    });
    drop(span);
    let left = bench.left();
    left.stands_alone("afterwards");
    left.stands_in("outside of all", left.span("kept"), "A");
    assert_eq!(left.line("outside of all")["order"], 7);
}

#[test]
fn join_sets_that_are_aborted_leave_no_span_open() {
    let bench = Bench::new();
    let never = Mutex::new(Vec::new());
    bench.block_on_threads(bench.serve("A", async || {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..50u64 {
            let (send, wait) = tokio::sync::oneshot::channel::<()>();
            never.lock().unwrap().push(send);
            let work = async move { wait.await.unwrap() }.instrument(info_span!("task", n));
            if n % 2 == 0 {
                tasks.spawn(obs::in_current(work));
            } else {
                tasks.spawn(work.in_current_span());
            }
        }
        tokio::task::yield_now().await;
        tasks.shutdown().await;
    }));
    let left = bench.left();
    let server = left.server("A").ids.span_id;
    let tasks: Vec<_> = left.spans.iter().filter(|span| span.name == "task").collect();
    assert_eq!(tasks.len(), 50);
    assert!(tasks.iter().all(|task| task.parent_id() == Some(server)));
}
