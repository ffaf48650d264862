//! The idioms in which guards and threads meet: no id leaks, and no lock is held while a user's code runs.

use std::sync::{Arc, Barrier};
use std::task::{Context as TaskContext, Waker};

use obs_core::context::{self, Ids};
use obs_trace::Sampler;
use obs_trace::sink::Scalar;
use tracing::{Instrument, Span, field, info, info_span};

use crate::layer::{Setup, request, setup};

fn run(work: impl FnOnce(&Setup)) -> Setup {
    let setup = setup(Sampler::always_on());
    tracing::dispatcher::with_default(&setup.dispatch, || work(&setup));
    setup
}

fn current() -> Ids {
    context::current_ids().expect("an open context")
}

#[test]
fn guards_dropped_out_of_order_leave_the_right_span_open() {
    run(|_| {
        let (a, b) = (info_span!("a").entered(), info_span!("b").entered());
        let in_b = current();
        drop(a);
        assert_eq!(current(), in_b);
        let c = info_span!("c").entered();
        drop(b);
        assert_ne!(current(), in_b);
        drop(c);
        assert!(context::current().is_none());
    });
}

#[test]
fn a_span_entered_twice_is_open_until_it_is_left_twice() {
    run(|_| {
        let span = info_span!("twice");
        let (first, second) = (span.enter(), span.enter());
        let ids = current();
        drop(first);
        assert_eq!(current(), ids);
        drop(second);
        assert!(context::current().is_none());
    });
}

#[test]
fn a_span_that_crosses_threads_takes_its_ids_along_and_leaves_none_behind() {
    let setup = run(|setup| {
        let request = request(&setup.base, true);
        let poll = context::enter_poll(&request);
        let span = info_span!("work", thread = field::Empty);
        drop(poll);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _default = tracing::dispatcher::set_default(&setup.dispatch);
                span.in_scope(|| {
                    assert_eq!(current().trace_id, request.trace_id());
                    Span::current().record("thread", "other");
                    info_span!("nested").in_scope(|| info!("there"));
                });
                assert!(context::current().is_none());
            });
        });
        assert!(context::current().is_none());
    });
    let (work, nested) = (setup.memory.find("work").unwrap(), setup.memory.find("nested").unwrap());
    assert_eq!(nested.parent_id(), Some(work.ids.span_id));
    assert_eq!(work.attribute("thread"), Some(&Scalar::Str("other".into())));
    assert_eq!(nested.events.len(), 1);
}

#[test]
fn instrumented_futures_are_in_their_span_during_polls_only() {
    let setup = run(|setup| {
        let request = request(&setup.base, true);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let task = async {
                let before = current();
                tokio::task::yield_now().await;
                assert_eq!(current(), before);
                info!("after the await");
            };
            let poll = context::enter_poll(&request);
            let task = tokio::spawn(task.instrument(info_span!("task")));
            drop(poll);
            for _ in 0..4 {
                tokio::task::yield_now().await;
                assert!(context::current().is_none());
            }
            task.await.unwrap();
        });
    });
    let task = setup.memory.find("task").unwrap();
    assert_eq!(task.events.len(), 1);
}

#[test]
#[expect(clippy::await_holding_invalid_type, reason = "the mistake this is about")]
fn a_guard_held_across_an_await_leaks_into_no_other_request() {
    let setup = run(|setup| {
        let (first, second) = (request(&setup.base, true), request(&setup.base, true));
        let mut task = TaskContext::from_waker(Waker::noop());
        let mut careless = Box::pin(async {
            let _guard = info_span!("careless").entered();
            let mut yielded = false;
            std::future::poll_fn(|_| {
                if std::mem::replace(&mut yielded, true) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
        });
        // Polls as the middleware does, the two requests in turn on one thread.
        let poll = context::enter_poll(&first);
        assert!(careless.as_mut().poll(&mut task).is_pending());
        drop(poll);
        assert!(context::current().is_none());

        let poll = context::enter_poll(&second);
        assert_eq!(current(), second.ids());
        info!("of the second request");
        info_span!("second's").in_scope(|| info!("of the second request too"));
        drop(poll);

        let poll = context::enter_poll(&first);
        assert!(careless.as_mut().poll(&mut task).is_ready());
        assert_eq!(current(), first.ids());
        drop(careless);
        drop(poll);
        assert!(context::current().is_none());
    });
    let (careless, seconds) =
        (setup.memory.find("careless").unwrap(), setup.memory.find("second's").unwrap());
    assert_ne!(careless.ids.trace_id, seconds.ids.trace_id);
    assert!(careless.events.is_empty(), "{careless:?}");
    assert_eq!(seconds.events.len(), 1);
}

#[test]
fn threads_that_record_on_one_span_lose_nothing() {
    let setup = run(|setup| {
        let span = info_span!("shared", a = field::Empty, b = field::Empty);
        let barrier = Arc::new(Barrier::new(2));
        std::thread::scope(|scope| {
            for key in ["a", "b"] {
                let (span, barrier) = (span.clone(), Arc::clone(&barrier));
                scope.spawn(move || {
                    let _default = tracing::dispatcher::set_default(&setup.dispatch);
                    barrier.wait();
                    span.record(key, 1u64);
                    for _ in 0..50 {
                        info!(parent: &span, "tick");
                    }
                });
            }
        });
    });
    let shared = setup.memory.find("shared").unwrap();
    assert_eq!(shared.events.len(), 100);
    assert!(shared.attribute("a").is_some() && shared.attribute("b").is_some());
}
