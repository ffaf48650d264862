//! Parents that are named, spans that point at others, and calls that come too late.

use obs::Fused;
use obs_core::context;
use obs_trace::Sampler;
use obs_trace::sink::Scalar;
use tracing::{Id, Level, Span, error, field, info, info_span};

use super::bench::Bench;

#[test]
fn parents_are_those_that_were_named() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let outer = info_span!("outer", o = 1);
        let _inner = info_span!("inner", i = 1).entered();
        let named = info_span!(parent: &outer, "named");
        named.in_scope(|| info!("in named"));
        info_span!(parent: None, "root", r = 1).in_scope(|| info!("in root"));
        info!(parent: &outer, "event of outer");
        info!(parent: None, "event of none");
        let current = Span::current();
        info_span!(parent: &current, "of current").in_scope(|| ());
    }));
    let left = bench.left();
    left.is_child("outer", left.server("A"));
    left.is_child("named", left.span("outer"));
    left.is_child("of current", left.span("inner"));
    assert_eq!(left.span("root").parent_id(), None);
    assert_ne!(left.span("root").ids.trace_id, left.server("A").ids.trace_id);
    let in_named = left.line("in named");
    assert_eq!((&in_named["o"], in_named.get("i")), (&1.into(), None));
    let in_root = left.line("in root");
    assert_eq!((&in_root["r"], in_root.get("i")), (&1.into(), None));
    assert_eq!(in_root["trace_id"], left.span("root").ids.trace_id.to_string());
    assert_eq!(left.line("event of outer")["o"], 1);
    assert_eq!(left.span("outer").events.len(), 1);
    assert!(left.line("event of none").get("i").is_none());
}

#[test]
fn a_handle_of_the_request_can_be_named_as_a_parent() {
    let bench = Bench::new();
    bench.block_on(async {
        let request = bench.serve("A", async || Span::current()).await;
        let late = info_span!(parent: &request, "late");
        drop(request);
        late.in_scope(|| info!("in late"));
    });
    let left = bench.left();
    left.is_child("late", left.server("A"));
    left.stands_in("in late", left.span("late"), "A");
}

#[test]
fn a_span_points_at_those_it_follows_from() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let (cause, request) = (info_span!("cause"), Span::current());
        let effect = info_span!("effect");
        effect.follows_from(&cause);
        effect.follows_from(&request);
        effect.follows_from(Id::from_u64(1));
    }));
    let left = bench.left();
    let links: Vec<_> = left.span("effect").links.iter().map(|link| link.ids.span_id).collect();
    assert_eq!(links, [left.span("cause").ids.span_id, left.server("A").ids.span_id]);
}

#[test]
fn errors_are_read_even_where_there_is_no_room() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let _full = info_span!("full").entered();
        for n in 0..200 {
            info!(n, "event");
        }
        error!(error = "disk full", "failed");
    }));
    let left = bench.left();
    let full = left.span("full");
    assert_eq!((full.events.len(), full.dropped_events), (128, 73));
    assert_eq!(full.status, obs_trace::sink::FinishedStatus::Error("disk full".into()));
}

#[test]
fn special_fields_set_the_span_at_any_time() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let span = info_span!("before", otel.name = "GET from cache", otel.kind = ?"client", n = 1);
        span.record("n", 2);
        let later = info_span!("later", otel.name = field::Empty, otel.status_code = field::Empty);
        later.record("otel.name", "renamed");
        later.record("otel.status_code", "ok");
    }));
    let left = bench.left();
    let span = left.span("GET from cache");
    assert_eq!(span.attribute("n"), Some(&Scalar::I64(2)));
    assert_eq!(span.attribute("otel.name"), None);
    assert_eq!(left.span("renamed").status, obs_trace::sink::FinishedStatus::Ok);
}

#[test]
fn ids_that_are_gone_or_of_another_are_ignored() {
    let (bench, other) = (Bench::new(), Bench::new());
    let stale = bench.block_on(async {
        let span = info_span!("gone", late = field::Empty);
        let id = span.id().unwrap();
        drop(span);
        // In the same slot, for all that is known.
        let next = info_span!("next", n = 1);
        let of_other = tracing::dispatcher::with_default(&other.dispatch, || info_span!("other's"));
        for id in [&id, &of_other.id().unwrap(), &Id::from_u64(1), &Id::from_u64(u64::MAX)] {
            bench.dispatch.enter(id);
            bench.dispatch.record_follows_from(id, id);
            bench.dispatch.record_follows_from(&next.id().unwrap(), id);
            assert_eq!(bench.dispatch.clone_span(id), *id);
            assert!(!bench.dispatch.try_close(id.clone()));
            assert!(context::current().is_none());
            assert!(bench.dispatch.current_span().id().is_none());
            bench.dispatch.exit(id);
            info!(parent: id, "parent gone");
            info_span!(parent: id, "child of gone").in_scope(|| ());
        }
        drop(of_other);
        id
    });
    let left = bench.left();
    assert!(left.spans.iter().all(|span| span.parent_id().is_none() && span.links.is_empty()));
    assert_eq!(left.spans.iter().filter(|span| span.name == "next").count(), 1);
    assert_eq!(other.left().spans.len(), 1);
    drop(bench);
    assert!(!other.dispatch.try_close(stale));
}

#[test]
fn a_record_after_the_span_has_closed_changes_nothing() {
    let bench = Bench::new();
    bench.block_on(async {
        let fields = info_span!("fields", late = field::Empty);
        let (first, meta) = (info_span!("first", late = field::Empty), fields.metadata().unwrap());
        let id = first.id().unwrap();
        drop(first);
        let second = info_span!("second", late = field::Empty);
        let late = meta.fields().field("late").unwrap();
        let values = [(&late, Some(&7 as &dyn tracing::Value))];
        let values = meta.fields().value_set(&values);
        bench.dispatch.record(&id, &tracing::span::Record::new(&values));
        second.in_scope(|| info!("in second"));
    });
    let left = bench.left();
    assert!(left.line("in second").get("late").is_none());
    assert_eq!(left.span("second").attribute("late"), None);
}

#[test]
fn work_of_telemetry_itself_leaves_nothing() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let _silence = context::silence();
        let span = info_span!("silent", n = 1);
        assert!(!span.is_disabled());
        let copy = span.clone();
        copy.in_scope(|| {
            info!("silent");
            info_span!(parent: &copy, "child").record("n", 2);
            assert!(Span::current().is_none());
        });
        copy.follows_from(&span);
    }));
    let left = bench.left();
    assert_eq!((left.lines.len(), left.spans.len()), (1, 1));
}

#[test]
fn spans_beyond_the_most_do_nothing_and_harm_nothing() {
    let bench = Bench::with(|fused| fused.max_open(2), Sampler::always_on(), "info", "info");
    bench.block_on(bench.serve("A", async || {
        let first = info_span!("first", f = 1).entered();
        let _second = info_span!("second");
        let third = info_span!("third", t = 1);
        third.in_scope(|| {
            info!("in third");
            drop(info_span!(parent: &third, "child"));
        });
        drop(third.clone());
        drop(first);
    }));
    let left = bench.left();
    left.stands_in("in third", left.span("first"), "A");
    assert_eq!(left.line("in third")["f"], 1);
    assert_eq!(left.spans.len(), 3);
    assert_eq!(bench.dispatch.downcast_ref::<Fused>().unwrap().refused_spans(), 2);
}

#[test]
fn a_deep_chain_of_spans_closes_without_recursion() {
    let bench = Bench::new();
    bench.block_on(async {
        let mut span = info_span!("link");
        for _ in 0..50_000 {
            let child = info_span!(parent: &span, "link");
            span = child;
        }
        assert_eq!(bench.open(), 50_001);
        drop(span);
    });
    assert_eq!(bench.left().spans.len(), 10_000, "as many as fit");
}

#[test]
fn levels_that_change_while_running_reach_known_call_sites() {
    let obs = obs::builder("shop").admin(obs::Admin::Off).log_output(obs::config::LogOutput::Off);
    let obs = obs.trace_filter("warn").build().unwrap();
    let is_traced = || {
        let span = tracing::span!(Level::INFO, "reloaded");
        !span.is_disabled()
    };
    let _entered = obs.enter();
    assert!(!is_traced());
    obs.set_trace_filter("info").unwrap();
    assert!(is_traced());
    obs.set_trace_filter("no level=at all=").unwrap_err();
    assert!(is_traced());
    obs.set_trace_filter("off").unwrap();
    assert!(!is_traced());
}

#[test]
fn a_signal_that_begins_to_look_at_a_call_site_finds_it_where_the_other_has_looked_before() {
    let file = crate::service::TempFile::new("other-signal.log");
    let obs =
        obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).trace_filter("off").build().unwrap();
    let _entered = obs.enter();
    let ids = || info_span!("seen by lines").in_scope(|| obs::current().span_id());
    assert_eq!(ids(), None);
    obs.set_trace_filter("info").unwrap();
    assert!(ids().is_some());
    obs.set_trace_filter("off").unwrap();
    assert_eq!(ids(), None);
}
