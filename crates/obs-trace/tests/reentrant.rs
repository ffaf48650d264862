//! A user's `Debug` that traces while it is formatted. A binary of its own: `tracing` lets calls inside of calls
//! through to the global subscriber only, and there is one in a process.

use std::fmt;

use obs_core::{Base, Clock, IdSource, Resource};
use obs_trace::Tracer;
use obs_trace::layer::TraceLayer;
use obs_trace::sink::{Memory, Scalar};
use tracing::{Span, field, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

/// Does all that the engine does, while it is formatted by the engine.
struct Meddles(Span);

impl fmt::Debug for Meddles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info_span!("inside", deep = field::Empty).in_scope(|| {
            Span::current().record("deep", field::debug(1));
            info!(value = ?2, "inside an event");
        });
        self.0.record("meddled", true);
        info!(parent: &self.0, "meddled");
        f.write_str("meddles")
    }
}

#[test]
fn a_debug_that_traces_neither_deadlocks_nor_loses_anything() {
    let base = Base::with(Resource::new("orders"), Clock::system(), IdSource::seeded(5));
    let memory = Memory::new();
    let tracer = Tracer::builder(base).sink(memory.clone()).build();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(TraceLayer::new(&tracer)))
        .unwrap();
    {
        let span = info_span!("outer", first = field::Empty, meddled = field::Empty, later = field::Empty);
        let _entered = span.enter();
        span.record("first", 1u64);
        span.record("later", field::debug(Meddles(span.clone())));
        info!(what = ?Meddles(span.clone()), "outer event");
        drop(info_span!("new", what = ?Meddles(span.clone())));
    }
    let outer = memory.find("outer").unwrap();
    let of = |key| outer.attribute(key).cloned();
    assert_eq!(of("first"), Some(Scalar::U64(1)));
    assert_eq!(of("meddled"), Some(Scalar::Bool(true)));
    assert_eq!(of("later"), Some(Scalar::Str("meddles".into())));
    let names: Vec<_> = outer.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["meddled", "meddled", "outer event", "meddled"]);
    let inside: Vec<_> = memory.spans().into_iter().filter(|span| span.name == "inside").collect();
    assert_eq!(inside.len(), 3);
    assert!(inside.iter().all(|span| span.events.len() == 1 && span.attribute("deep").is_some()));
}
