//! Work that is given up, and work that panics.

use std::future::pending;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use obs::testing::FinishedStatus;

use super::{Refused, counted};

type Headers = Vec<(String, String)>;

/// Begins it, and sees it wait.
fn begin(work: Pin<&mut impl Future>) {
    assert!(work.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[test]
fn what_is_given_up_is_cancelled_and_no_error() {
    let obs = obs::testing::start("shop");
    let (db, cache, topic) =
        (obs.db("postgresql", "orders"), obs.cache("redis"), obs.messaging("kafka", "placed"));
    {
        let mut headers = Headers::new();
        let work = (
            pin!(db.query("SELECT 1 FROM orders").run(pending::<Result<(), Refused>>())),
            pin!(cache.get("user:42").run(pending::<Option<()>>())),
            pin!(topic.publish().inject(&mut headers).run(pending::<Result<(), Refused>>())),
            pin!(topic.process().run(pending::<()>())),
            pin!(obs.job("nightly").run(pending::<()>())),
        );
        begin(work.0);
        begin(work.1);
        begin(work.2);
        begin(work.3);
        begin(work.4);
    }
    for name in ["SELECT orders", "GET redis", "publish placed", "process placed", "nightly"] {
        let span = obs.span(name);
        assert_eq!(span.status, FinishedStatus::Unset, "{name}");
        assert_eq!(super::attributes(&span).pop().unwrap(), ("obs.outcome", "cancelled".to_owned()));
    }
    for family in [
        "db_client_operations_cancelled_total",
        "cache_requests_cancelled_total",
        "messaging_client_operations_cancelled_total",
        "messaging_process_cancelled_total",
        "job_executions_cancelled_total",
    ] {
        counted(&obs, family, &[], 1.0);
    }
    for family in
        ["db_client_operations_total", "job_executions_total", "job_execution_duration_seconds_count"]
    {
        assert_eq!(obs.value(family, &[]), None, "{family}");
    }
}

#[tokio::test]
async fn a_panic_is_an_error_and_goes_on() {
    let obs = obs::testing::start("shop");
    let run = obs.job("nightly").run(async {
        tracing::info!("before it");
        if true {
            panic!("out of paper, token=abcdef");
        }
    });
    let panic = tokio::spawn(run).await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"out of paper, token=abcdef"));
    let span = obs.span("nightly");
    assert_eq!(span.status, FinishedStatus::Error("out of paper, token=[redacted]".to_owned()));
    counted(&obs, "job_execution_errors_total", &[("job_name", "nightly"), ("kind", "panicked")], 1.0);
    assert_eq!(obs.line("before it").span_id(), Some(span.ids.span_id));
    assert!(obs_core::context::current().is_none());
}
