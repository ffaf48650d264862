//! Local roots that stay open for long, such as streams, sockets and loops, leave room for those that do not.

use std::time::Duration;

use obs_core::fields::Value;
use obs_core::{Context, Outcome};
use obs_trace::sink::Scalar;
use obs_trace::{Kind, Sampler, Tail};

use crate::tail::{Setup, dropped, settled, setup, total};

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(600);

/// A quarter of what there is by default, in which 64 traces have all they may.
fn tail() -> Tail {
    Tail::new().errors().trace_bytes(64 * 1024).process_bytes(4 << 20)
}

fn child(setup: &Setup, parent: &Context, bytes: usize) {
    let mut span = setup.tracer.start(Some(parent), "part", Kind::Internal);
    span.set("text", Value::Str(&"x".repeat(bytes)));
    setup.tracer.end(span);
}

/// Local roots that are open, each with so many spans of 4,000 bytes under it.
fn filled(setup: &Setup, roots: usize, spans: usize) -> Vec<Context> {
    let roots: Vec<_> = (0..roots).map(|_| setup.open(false)).collect();
    for root in &roots {
        (0..spans).for_each(|_| child(setup, root, 4_000));
    }
    roots
}

/// Requests that fail, ten of them open at once, while `open` go on; each leaves all it had.
fn fail(setup: &Setup, requests: usize, open: &[Context]) {
    for round in 0..requests / 10 {
        let failing: Vec<_> = (0..10).map(|_| setup.open(false)).collect();
        for _ in 0..5 {
            failing.iter().for_each(|request| child(setup, request, 300));
            if let Some(socket) = open.get(round % open.len().max(1)) {
                child(setup, socket, 4_000);
            }
        }
        setup.memory.take();
        for (at, request) in failing.iter().enumerate() {
            setup.close(request, Outcome::ServerError, SHORT);
            let spans = setup.memory.take();
            assert_eq!(spans.len(), 6, "request {at} of round {round}");
            assert_eq!(spans[5].attribute("obs.spans.dropped"), None);
        }
    }
}

#[test]
fn hundreds_of_sockets_that_fill_all_there_is_leave_room_for_a_thousand_requests_that_fail() {
    let setup = setup(Sampler::always_off(), tail());
    let sockets = filled(&setup, 300, 20);
    let full = total(&setup.base, "obs_tail_bytes");
    assert!(full > 3.9 * 1024.0 * 1024.0, "{full}");
    setup.base.clock.advance(LONG);
    fail(&setup, 1_000, &sockets);
    assert!(dropped(&setup, "overdue") > 0.0);
    let mut all_gave_way = 0;
    for socket in &sockets {
        setup.close(socket, Outcome::ServerError, LONG);
        let spans = setup.memory.take();
        let (root, parts) = spans.split_last().unwrap();
        assert_eq!(
            root.attribute("obs.kept"),
            Some(&Scalar::Str("error".to_owned())),
            "it is judged by its end"
        );
        let gave_way = root.attribute("obs.gave_way") == Some(&Scalar::Bool(true));
        if gave_way {
            assert_eq!(parts.len(), 0);
            assert!(matches!(root.attribute("obs.spans.dropped"), Some(Scalar::U64(1..))), "{root:?}");
        }
        all_gave_way += usize::from(gave_way);
    }
    assert!(all_gave_way > 0);
    settled(&setup);
}

#[test]
fn thousands_of_idle_sockets_with_a_span_each_leave_room_too() {
    let setup = setup(Sampler::always_off(), tail());
    let sockets = filled(&setup, 2_000, 1);
    setup.base.clock.advance(LONG);
    fail(&setup, 1_000, &[]);
    for socket in &sockets {
        setup.close(socket, Outcome::Success, LONG);
    }
    assert!(setup.memory.take().is_empty(), "they ended well");
    settled(&setup);
}

#[test]
fn before_its_time_a_root_has_what_it_holds_and_after_it_as_long_as_there_is_room() {
    let tail = Tail::new().errors().process_bytes(256 * 1024).wait(Duration::from_secs(20));
    let setup = setup(Sampler::always_off(), tail);
    let old = filled(&setup, 1, 1);
    setup.base.clock.advance(LONG);
    let young = filled(&setup, 63, 1);
    assert_eq!(dropped(&setup, "process_full") + dropped(&setup, "overdue"), 0.0, "there was room for all");
    setup.base.clock.advance(Duration::from_secs(19));
    let [late, later] = [setup.open(false), setup.open(false)];
    child(&setup, &late, 4_000);
    assert_eq!(
        (dropped(&setup, "overdue"), dropped(&setup, "process_full")),
        (1.0, 0.0),
        "the oldest gave way"
    );
    child(&setup, &later, 4_000);
    assert_eq!((dropped(&setup, "overdue"), dropped(&setup, "process_full")), (1.0, 1.0), "no other did");
    // What is under a root that has given way is not recorded any more, and costs nothing.
    assert!(!setup.tracer.start(Some(&old[0]), "part", Kind::Internal).is_recording());
    for root in old.iter().chain(&young).chain([&late, &later]) {
        setup.close(root, Outcome::ServerError, SHORT);
    }
    let parts = setup.memory.take().into_iter().filter(|span| span.name == "part").count();
    assert_eq!(parts, 63 + 1);
    settled(&setup);
}

#[test]
fn a_root_that_holds_more_than_its_share_gives_what_is_above_it() {
    let setup = setup(Sampler::always_off(), tail());
    let heavy = filled(&setup, 64, 16);
    assert_eq!(dropped(&setup, "process_full"), 0.0);
    fail(&setup, 1_000, &heavy);
    assert_eq!(dropped(&setup, "overdue"), 0.0);
    let in_full = dropped(&setup, "process_full");
    assert!(in_full > 0.0);
    for root in &heavy {
        setup.close(root, Outcome::ServerError, SHORT);
        let spans = setup.memory.take();
        // A share is a 256th of 4 MiB.
        assert!((spans.len() - 1) * 4_096 >= 12 * 1024, "{}", spans.len());
    }
    settled(&setup);
}

#[test]
fn roots_that_hold_give_way_and_end_on_many_threads_are_counted_once() {
    let tail = Tail::new().errors().process_bytes(128 * 1024).wait(Duration::ZERO);
    let setup = setup(Sampler::always_off(), tail);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let setup = &setup;
            scope.spawn(move || {
                for round in 0..300 {
                    setup.base.clock.advance(SHORT);
                    let root = setup.open(false);
                    (0..round % 12).for_each(|_| child(setup, &root, 4_000));
                    if round % 3 == thread % 3 {
                        setup.close(&root, Outcome::ServerError, SHORT);
                    }
                }
            });
        }
    });
    settled(&setup);
}
