//! Which waits leave an exemplar and a span, and what that span says.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use obs_core::context::{self, Context, Local};
use obs_core::id::SpanId;
use obs_core::observe::{Candidate, Operation, OperationEnd, OperationKind, OperationObserver};
use obs_core::{Clock, Outcome, Timestamp};
use obs_metrics::Operations;
use obs_metrics::pools::SPAN_AFTER;

use super::pools::{acquire, now, poll, three, timed};
use super::{open_metrics, root};

/// What the observers of a base are told.
#[derive(Default)]
struct Spans(Mutex<Vec<Told>>);

#[derive(Debug, PartialEq)]
struct Told {
    name: String,
    parent: Option<SpanId>,
    started: Timestamp,
    duration: Duration,
    outcome: Outcome,
    fault: Option<&'static str>,
    attributes: String,
}

impl OperationObserver for Spans {
    fn finish(&self, _: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        assert_eq!((operation.kind, operation.measures), (OperationKind::Internal, None));
        let (first, second) = operation.name;
        self.0.lock().unwrap().push(Told {
            name: format!("{first} {}", second.unwrap_or_default()),
            parent: operation.parent,
            started: operation.started,
            duration: end.duration,
            outcome: end.outcome,
            fault: end.fault,
            attributes: format!("{:?}", operation.attributes),
        });
    }
}

#[test]
fn a_wait_in_a_sampled_span_leaves_an_exemplar_and_a_span_unless_it_was_short_and_good() {
    let check = |sampled: Option<bool>, waits: Duration, given: Result<(), &str>, makes_span: bool| {
        let (recorder, base) = timed();
        let clock = base.clock.clone();
        let spans = Arc::new(Spans::default());
        base.operations.register(Arc::<Spans>::clone(&spans));
        base.operations.register(Arc::new(Operations::new(&recorder)));
        // The time of an exemplar is that of the last reading of a system's clock.
        Clock::system().now();
        let pool = recorder.pool("orders", three).unwrap();
        let open = sampled.map(root);
        let scope = open.as_ref().map(context::enter_poll);
        let started = clock.now();
        let _ = now(pool.timed(acquire(clock, waits, given), |error| *error == "no time"));
        drop(scope);

        let told = spans.0.lock().unwrap();
        let case = format!("{sampled:?} {waits:?} {given:?}");
        assert_eq!(told.len(), usize::from(makes_span), "{case}");
        let text = open_metrics(&recorder);
        // The counter of what went wrong may have one too.
        let exemplars: Vec<_> =
            text.lines().filter(|line| line.contains("_bucket") && line.contains(" # {")).collect();
        assert_eq!(exemplars.len(), usize::from(sampled == Some(true)), "{case}: {text}");
        if let (Some(line), Some(open)) = (exemplars.first(), &open) {
            assert!(line.contains(&format!("trace_id=\"{}\"", open.trace_id())), "{line}");
            // It points at the wait's own span, where there is one.
            let points_at_parent = line.contains(&format!("span_id=\"{}\"", open.span_id()));
            assert_eq!(points_at_parent, !makes_span, "{case}: {line}");
        }
        if let Some(told) = told.first() {
            let (outcome, fault) = match given {
                Ok(()) => (Outcome::Success, None),
                Err("no time") => (Outcome::TimedOut, Some("timed_out")),
                Err(_) => (Outcome::ServerError, Some("server_error")),
            };
            let word = outcome.as_str();
            let mut attributes = format!(
                "[(\"db.client.connection.pool.name\", Str(\"orders\")), (\"obs.outcome\", Str(\"{word}\"))"
            );
            if fault.is_some() {
                attributes += &format!(", (\"error.type\", Str(\"{word}\"))");
            }
            let expected = Told {
                name: "acquire orders".to_owned(),
                parent: open.map(|open| open.span_id()),
                started,
                duration: waits,
                outcome,
                fault,
                attributes: attributes + "]",
            };
            assert_eq!(*told, expected);
        }
    };
    let short = SPAN_AFTER - Duration::from_nanos(1);
    check(Some(true), SPAN_AFTER, Ok(()), true);
    check(Some(true), short, Ok(()), false);
    check(Some(true), short, Err("no time"), true);
    check(Some(true), Duration::ZERO, Err("no host"), true);
    check(Some(false), SPAN_AFTER, Ok(()), false);
    check(Some(false), SPAN_AFTER, Err("no time"), false);
    // No trace is begun for a wait.
    check(None, SPAN_AFTER, Err("no time"), false);
}

#[test]
fn a_wait_given_up_outside_of_any_poll_is_still_a_part_of_its_span() {
    let (recorder, base) = timed();
    let pool = recorder.pool("orders", three).unwrap();
    let open = root(true);
    Clock::system().now();
    let mut waits = Box::pin(pool.timed(pending::<Result<(), ()>>(), |()| false));
    let scope = context::enter_poll(&open);
    assert!(poll(waits.as_mut()).is_pending());
    drop(scope);
    base.clock.advance(SPAN_AFTER);
    drop(waits);
    let text = open_metrics(&recorder);
    assert!(text.contains(&format!("# {{trace_id=\"{}\"", open.trace_id())), "{text}");
}

#[test]
fn a_wait_inside_of_a_context_of_another_process_is_a_root_that_the_sampler_is_asked_for() {
    /// Records every other one.
    #[derive(Default)]
    struct Asked(Mutex<(u32, Vec<bool>)>);

    impl OperationObserver for Asked {
        fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
            assert!(candidate.parent.is_some());
            let mut asked = self.0.lock().unwrap();
            asked.0 += 1;
            Some(asked.0 % 2 == 1)
        }
        fn finish(&self, context: &Context, operation: &Operation<'_>, _: &OperationEnd<'_>) {
            assert!(operation.is_parent_remote && operation.parent.is_some());
            self.0.lock().unwrap().1.push(context.is_sampled());
        }
    }

    let (recorder, base) = timed();
    let asked = Arc::new(Asked::default());
    base.operations.register(Arc::clone(&asked) as _);
    let pool = recorder.pool("orders", three).unwrap();
    let ids = root(true).ids();
    let caller = Context::root(ids, Local::task().called_by(ids.span_id));
    let _attached = context::enter_poll(&caller);
    for _ in 0..4 {
        now(pool.timed(std::future::ready(Err::<(), _>("no")), |_| false)).unwrap_err();
    }
    assert_eq!(*asked.0.lock().unwrap(), (4, vec![true, false, true, false]));
}
