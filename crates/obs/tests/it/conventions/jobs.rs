//! Jobs, in this process and in those it starts.

use std::process::Command;

use obs::propagate::{Extractor, Header};

use super::{Refused, counted};
use crate::process::alone;

#[tokio::test]
async fn a_job_is_the_root_of_a_trace_and_shows_what_was_set_on_it() {
    let obs = obs::testing::start("shop");
    let outer = obs.job("outer").run(async {
        obs.job("inner")
            .run(async {
                obs::current().set("tenant", "acme");
                tracing::info!("inside");
                obs.db("sqlite", "main").query("SELECT 1").run(async { Ok::<_, Refused>(()) }).await.unwrap();
            })
            .await;
    });
    outer.await;
    let (outer, inner, query) = (obs.span("outer"), obs.span("inner"), obs.span("SELECT main"));
    assert_ne!(outer.ids.trace_id, inner.ids.trace_id);
    assert_eq!((inner.parent, inner.links[0].ids.span_id), (None, outer.ids.span_id));
    assert_eq!(query.parent.unwrap().span_id, inner.ids.span_id);
    let line = obs.line("inside");
    assert_eq!((line.trace_id(), line.field("tenant").as_str()), (Some(inner.ids.trace_id), Some("acme")));
    super::check(&inner, &[("job.name", "inner"), ("obs.outcome", "success"), ("tenant", "acme")]);
    counted(&obs, "job_executions_total", &[("job_name", "inner"), ("result", "success")], 1.0);
}

#[tokio::test]
async fn a_job_that_fails_is_an_error_and_one_that_is_no_future_is_told_as_well() {
    let obs = obs::testing::start("shop");
    obs.job("import").run(async { Err::<(), _>(Refused) }).await.unwrap_err();
    counted(&obs, "job_execution_errors_total", &[("kind", "it::conventions::Refused")], 1.0);
    obs.job("export").call(|| tracing::info!("without a runtime"));
    assert_eq!(obs.line("without a runtime").span_id(), Some(obs.span("export").ids.span_id));
}

#[test]
fn a_child_process_goes_on_with_its_parents_trace() {
    let obs = obs::testing::start("parent");
    let mut command = Command::new("child");
    let _entered = obs.enter();
    let trace = obs.job("parent").open();
    let context = trace.context().unwrap().clone();
    let scope = obs_core::context::enter_poll(&context);
    obs::inject(&mut command);
    drop(scope);
    trace.end(obs::operation::Judged::SUCCESS);
    let given: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str().unwrap(), value?.to_str().unwrap())))
        .collect();
    let expected = format!("00-{}-{}-03", context.trace_id(), context.span_id());
    assert_eq!(given, [("TRACEPARENT", expected.as_str())]);
    alone(module_path!(), "a_child_process_goes_on_with_its_parents_trace", &given, || {
        let obs = obs::testing::start("child");
        obs.job("child").from(&obs::environment()).call(|| tracing::info!("in the child"));
        let span = obs.span("child");
        let parent = span.parent.unwrap();
        assert!(parent.remote);
        let told = format!("00-{}-{}-03", span.ids.trace_id, parent.span_id);
        assert_eq!(obs::environment().once(Header::Traceparent), Some(told.as_bytes()));
        assert_eq!(obs.line("in the child").trace_id(), Some(span.ids.trace_id));
    });
}
