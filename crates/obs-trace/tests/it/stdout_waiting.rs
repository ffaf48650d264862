//! When trees are printed, and what becomes of spans whose local root does not end, or that cannot be written.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use obs_core::Clock;
use obs_export::queue::{self, Reason};
use obs_trace::stdout::{PIPELINE, StdoutTree};
use obs_trace::{Kind, SpanRecord, SpanSink};

use crate::stdout::{LONG, START, Setup, base, ids, manual, remote, settings, span, start};

#[test]
fn two_local_roots_of_one_trace_take_their_own_spans_only() {
    let setup = manual();
    setup.export(&span(3, Some(2), "inner work", 20, 10));
    setup.export(&span(5, Some(1), "outer work", 5, 10));
    setup.export(&SpanRecord {
        parent: remote(4),
        kind: Kind::Server,
        ..span(2, None, "GET /inner", 10, 80)
    });
    assert_eq!(
        setup.delivered(),
        "\
GET /inner  80 us  trace 4bf92f3577b34da6a3ce929d0e0e4736
└─ inner work  10 us
"
    );
    setup.export(&SpanRecord { kind: Kind::Client, ..span(4, Some(1), "call", 8, 90) });
    setup.export(&span(1, None, "GET /outer", 0, 1_200_000));
    assert_eq!(
        setup.delivered(),
        "\
GET /outer  1.20 s  trace 4bf92f3577b34da6a3ce929d0e0e4736
├─ outer work  10 us
└─ call  90 us  client
"
    );
    assert_eq!(setup.flushed(), "", "nothing is left");
}

const PART: &str = "\
part of trace 4bf92f3577b34da6a3ce929d0e0e4736
├─ late  0.1 ms
│  └─ query  10 us
└─ other  10 us
";

fn export_part(setup: &Setup) {
    setup.export(&span(3, Some(2), "query", 20, 10));
    setup.export(&span(2, Some(1), "late", 10, 100));
    setup.export(&span(5, Some(4), "other", 30, 10));
}

#[test]
fn spans_whose_root_does_not_end_are_printed_as_a_part_at_a_flush() {
    let setup = manual();
    export_part(&setup);
    assert_eq!(setup.flushed(), PART);
    assert_eq!(setup.flushed(), "", "once");
}

#[test]
fn spans_whose_root_does_not_end_are_printed_as_a_part_at_the_end() {
    let mut setup = manual();
    export_part(&setup);
    setup.worker.shutdown(LONG);
    assert_eq!(setup.text(), PART);
    assert!(setup.tree.flush(LONG).is_ok(), "a flush after the end waits for nobody");
}

#[test]
fn waiting_too_long_makes_a_part_counted_from_the_first_span() {
    let setup = manual();
    export_part(&setup);
    assert_eq!(setup.delivered(), "");
    setup.base.clock.advance(Duration::from_millis(4_999));
    setup.export(&span(7, Some(2), "another", 40, 10));
    assert_eq!(setup.delivered(), "");
    setup.base.clock.advance(Duration::from_millis(1));
    setup.export(&span(9, None, "unrelated", 0, 10));
    let text = setup.delivered();
    let unrelated = "unrelated  10 us  trace 4bf92f3577b34da6a3ce929d0e0e4736\n";
    let part = "\
part of trace 4bf92f3577b34da6a3ce929d0e0e4736
├─ late  0.1 ms
│  ├─ query  10 us
│  └─ another  10 us
└─ other  10 us
";
    // Either thread may be the one that finds it overdue.
    let either = [format!("{unrelated}{part}"), format!("{part}{unrelated}")];
    assert!(either.contains(&text), "{text}");
}

#[test]
fn waiting_too_long_makes_a_part_although_nothing_else_arrives() {
    let setup = start(Clock::system(), settings().patience(Duration::from_millis(20)));
    for _ in 0..2 {
        export_part(&setup);
        setup.worker.queue().flush(LONG).unwrap();
        setup.written.recv_timeout(LONG).unwrap();
        assert_eq!(setup.text(), PART);
    }
}

#[test]
fn beyond_the_bound_the_trace_that_waits_longest_is_printed() {
    let setup = start(Clock::manual(START), settings().waiting_bytes(1_200));
    for trace in 1..=4 {
        let record = span(trace, Some(99), "child", 0, 10);
        let ids = ids(trace.into(), trace);
        setup.export(&SpanRecord { ids, ..record });
    }
    let text = setup.delivered();
    let first = format!("part of trace {:032x}\n└─ child  10 us\n", 1);
    assert!(text.starts_with(&first) && !text.contains(&format!("{:032x}", 4)), "{text}");
    let rest = setup.flushed();
    assert!(rest.ends_with(&format!("part of trace {:032x}\n└─ child  10 us\n", 4)), "{rest}");
    assert_eq!((text + &rest).matches("part of").count(), 4, "none is lost and none is printed twice");
}

#[test]
fn ids_that_are_twisted_cost_nothing_but_order() {
    let setup = manual();
    for (id, parent) in [(2, 3), (3, 2), (4, 4), (5, 1), (5, 5)] {
        setup.export(&span(id, Some(parent), "odd", 0, 10));
    }
    setup.export(&span(1, None, "top", 0, 10));
    let text = setup.delivered() + &setup.flushed();
    assert_eq!(text.matches("odd  10 us").count(), 5, "each is printed once: {text}");
}

#[test]
fn what_cannot_be_written_is_counted() {
    /// Full, and then mad.
    struct Full(bool);
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            assert!(!std::mem::replace(&mut self.0, true), "a writer of the caller's may panic");
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (tree, worker) =
        StdoutTree::spawn(&base(Clock::manual(START)), settings().writer(Box::new(Full(false)))).unwrap();
    for expected in [2, 4] {
        tree.export(&span(2, Some(1), "child", 0, 10));
        tree.export(&span(1, None, "top", 0, 10));
        tree.flush(LONG).unwrap();
        let counts = worker.queue().counts();
        assert_eq!((counts.dropped_for(Reason::Io), counts.delivered, counts.pending), (expected, 0, 0));
    }
}

#[test]
fn an_output_that_hangs_stops_neither_the_producer_nor_a_flush() {
    struct Hangs(Receiver<()>);
    impl Write for Hangs {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (open, gate) = channel();
    let settings = settings().queue(queue::Settings::new(PIPELINE).linger(LONG).capacity_bytes(1_000));
    let (tree, worker) =
        StdoutTree::spawn(&base(Clock::manual(START)), settings.writer(Box::new(Hangs(gate)))).unwrap();
    tree.export(&span(2, Some(1), "child", 0, 10));
    worker.queue().flush(LONG).unwrap();
    let soon = Duration::from_millis(20);
    assert!(tree.flush(soon).is_err(), "the part cannot be written");
    for _ in 0..100 {
        tree.export(&span(1, None, "top", 0, 10));
    }
    assert!(tree.flush(soon).is_err());
    let counts = worker.queue().counts();
    assert!(counts.dropped_for(Reason::QueueFull) > 50 && counts.pending_bytes <= 1_000, "{counts:?}");
    drop(open);
    tree.flush(LONG).unwrap();
}
