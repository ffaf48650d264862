//! `#[instrument]`, `Instrument`, `in_scope`, `Span::current()`.

use obs_trace::Sampler;
use obs_trace::sink::{FinishedStatus, Scalar};
use tracing::{Instrument, Span, field, info, info_span, instrument};

use super::bench::Bench;

#[instrument(fields(step = "sync"))]
fn compute(n: u64) -> u64 {
    info!("computing");
    n + 1
}

#[instrument(fields(step = "async", rows))]
async fn load(n: u64) -> u64 {
    info!("before the await");
    tokio::task::yield_now().await;
    Span::current().record("rows", 3);
    info!("after the await");
    compute(n)
}

#[instrument(err)]
async fn fail() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err(String::from("no such order"))
}

#[test]
fn instrumented_functions_are_children_of_the_request() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        info!("in the handler");
        assert_eq!(load(1).await, 2);
        fail().await.unwrap_err();
    }));
    let left = bench.left();
    let server = left.server("A");
    left.stands_in("in the handler", server, "A");
    left.is_child("load", server);
    left.is_child("fail", server);
    left.is_child("compute", left.span("load"));
    for message in ["before the await", "after the await"] {
        left.stands_in(message, left.span("load"), "A");
    }
    left.stands_in("computing", left.span("compute"), "A");
    assert_eq!(left.span("load").attribute("rows"), Some(&Scalar::I64(3)));
    assert_eq!(left.span("load").events.len(), 2);
    assert_eq!(left.span("fail").status, FinishedStatus::Error("no such order".into()));
    let line = left.line("computing");
    assert_eq!((&line["step"], &line["rows"], &line["n"]), (&"sync".into(), &3.into(), &1.into()));
    assert!(left.line("before the await").get("rows").is_none());
}

#[test]
fn what_is_recorded_on_the_current_span_shows_on_later_lines_and_on_the_span() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let work = async {
            Span::current().record("user", "ann");
            tokio::task::yield_now().await;
            info!("known");
        };
        work.instrument(info_span!("work", user = field::Empty)).await;
        // The request's own span has no such field, and nothing breaks by it.
        Span::current().record("user", "bob");
        info!("afterwards");
    }));
    let left = bench.left();
    assert_eq!(left.line("known")["user"], "ann");
    assert!(left.line("afterwards").get("user").is_none());
    assert_eq!(left.span("work").attribute("user"), Some(&Scalar::Str("ann".into())));
    assert_eq!(left.server("A").attribute("user"), None);
}

#[test]
fn an_unsampled_request_has_ids_and_fields_on_its_lines_and_leaves_no_span() {
    let bench = Bench::sampling(Sampler::always_off());
    bench.block_on(bench.serve("A", async || {
        info_span!("work", order = 7).in_scope(|| info!("unsampled"));
    }));
    let left = bench.left();
    assert!(left.spans.is_empty(), "{:?}", left.spans);
    let line = left.line("unsampled");
    assert_eq!((&line["order"], &line["request_id"]), (&7.into(), &"A".into()));
    assert_eq!(line["trace_id"], left.line("request")["trace_id"]);
    assert_ne!(line["span_id"], left.line("request")["span_id"]);
}

#[test]
fn a_span_that_only_lines_look_at_shows_the_ids_around_it() {
    let bench = Bench::filtered("info", "off");
    bench.block_on(bench.serve("A", async || {
        let work = info_span!("work", order = 7);
        work.in_scope(|| info!("inside"));
        async { info!("elsewhere") }.instrument(work).await;
    }));
    let left = bench.left();
    for message in ["inside", "elsewhere"] {
        left.stands_in(message, left.server("A"), "A");
        assert_eq!(left.line(message)["order"], 7);
    }
    assert_eq!(left.spans.len(), 1);
}

#[test]
fn a_span_that_only_traces_look_at_leaves_no_field_on_lines() {
    let bench = Bench::filtered("off,quiet=info", "info");
    bench.block_on(bench.serve("A", async || {
        info_span!("work", order = 7).in_scope(|| info!(target: "quiet", "inside"));
    }));
    let left = bench.left_open();
    let line = left.line("inside");
    assert!(line.get("order").is_none(), "{line}");
    assert_eq!(line["span_id"], left.span("work").ids.span_id.to_string());
    assert_eq!(left.span("work").events.len(), 1);
}

#[test]
fn call_sites_that_nobody_looks_at_cost_nothing_and_change_nothing() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let quiet = tracing::debug_span!("quiet", secret = 1);
        assert!(quiet.is_disabled());
        quiet.in_scope(|| {
            tracing::debug!("not written");
            info!("written");
        });
    }));
    let left = bench.left();
    left.stands_in("written", left.server("A"), "A");
    assert!(left.line("written").get("secret").is_none());
    assert_eq!(left.lines.len(), 2);
}

#[test]
fn fields_set_on_the_request_ride_on_later_lines_and_on_its_span_and_on_no_other() {
    let bench = Bench::new();
    bench.block_on(async {
        bench
            .serve("A", async || {
                info!("before");
                obs::current().set("tenant", "acme");
                info_span!("work").in_scope(|| obs::current().set("user", 7));
                info!("after");
            })
            .await;
        bench.serve("B", async || info!("in B")).await;
        obs::current().set("nobody", true);
    });
    let left = bench.left();
    assert!(left.line("before").get("tenant").is_none());
    assert_eq!((&left.line("after")["tenant"], &left.line("after")["user"]), (&"acme".into(), &7.into()));
    assert!(left.line("in B").get("tenant").is_none());
    assert_eq!(left.server("A").attribute("tenant"), Some(&Scalar::Str("acme".into())));
    assert_eq!(left.server("A").attribute("user"), Some(&Scalar::I64(7)));
    assert_eq!(left.server("B").attribute("tenant"), None);
    let access =
        |id: &str| left.lines.iter().find(|line| line["message"] == "request" && line["request_id"] == id);
    assert_eq!(access("A").unwrap()["tenant"], "acme");
    assert!(access("B").unwrap().get("tenant").is_none());
}
