//! `Debug` code that traces, opens spans or panics while it is read. In processes of their own: `tracing` lets calls
//! inside of calls through to the global subscriber only.

use std::fmt;

use obs_trace::sink::Scalar;
use tracing::{Span, field, info, info_span};

use super::bench::Bench;
use crate::process::alone;

/// Does all that a subscriber can be asked for, while it is printed by it.
struct Meddles(Span);

impl fmt::Debug for Meddles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info_span!("inside", deep = field::Empty).in_scope(|| {
            Span::current().record("deep", field::debug(1));
            info!(value = ?2, "inside an event");
        });
        self.0.record("meddled", true);
        obs::current().set("by", "a Debug");
        info!(parent: &self.0, "meddled");
        drop(self.0.clone());
        f.write_str("meddles")
    }
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        panic!("as users' code may")
    }
}

fn global() -> Bench {
    let bench = Bench::new();
    tracing::dispatcher::set_global_default(bench.dispatch.clone()).unwrap();
    bench
}

#[test]
fn a_debug_that_traces_neither_deadlocks_nor_loses_anything() {
    alone(module_path!(), "a_debug_that_traces_neither_deadlocks_nor_loses_anything", &[], || {
        let bench = global();
        {
            let span =
                info_span!("outer", first = field::Empty, meddled = field::Empty, later = field::Empty);
            let _entered = span.enter();
            span.record("first", 1u64);
            span.record("later", field::debug(Meddles(span.clone())));
            info!(what = ?Meddles(span.clone()), "outer event");
            drop(info_span!("new", what = ?Meddles(span.clone())));
        }
        let left = bench.left();
        let outer = left.span("outer");
        assert_eq!(outer.attribute("first"), Some(&Scalar::U64(1)));
        assert_eq!(outer.attribute("meddled"), Some(&Scalar::Bool(true)));
        assert_eq!(outer.attribute("later"), Some(&Scalar::Str("meddles".into())));
        assert_eq!(left.span("new").attribute("what"), Some(&Scalar::Str("meddles".into())));
        // A field of a span is printed once for all signals; an event is printed once for its line and once for its
        // span.
        let inside = left.spans.iter().filter(|span| span.name == "inside").count();
        assert_eq!(inside, 1 + 2 + 1);
        let line = left.line("outer event");
        assert_eq!((&line["what"], &line["later"]), (&"meddles".into(), &"meddles".into()));
        assert_eq!(left.lines.iter().filter(|line| line["message"] == "inside an event").count(), inside);
    });
}

#[test]
fn a_debug_that_panics_leaves_what_it_printed_and_nothing_broken() {
    alone(module_path!(), "a_debug_that_panics_leaves_what_it_printed_and_nothing_broken", &[], || {
        let bench = global();
        bench.block_on(bench.serve("A", async || {
            let span = info_span!("span", new = ?Panics, later = field::Empty);
            span.record("later", field::debug(Panics));
            span.in_scope(|| info!(event = ?Panics, "survived"));
            info!("afterwards");
        }));
        let left = bench.left();
        left.stands_in("survived", left.span("span"), "A");
        left.stands_in("afterwards", left.server("A"), "A");
        let line = left.line("survived");
        for key in ["new", "later", "event"] {
            assert_eq!(line[key], "half[panicked]");
        }
    });
}
