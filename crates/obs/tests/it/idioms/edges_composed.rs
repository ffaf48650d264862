//! What must hold with layers of others beside ours too, where the registry keeps spans its own way.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Instrument, info, info_span};
use tracing_subscriber::layer::{Identity, SubscriberExt};

use crate::service::TempFile;

/// Serves requests A, B and C at once, on this thread; gives all lines.
fn lines_of(name: &str, handler: impl AsyncFn(&'static str)) -> Vec<Value> {
    let file = TempFile::new(name);
    let builder = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0);
    let obs = builder.compose(|ours| ours.with(Identity::new())).build().unwrap();
    let one = async |id: &'static str| {
        let handler = &handler;
        let service = obs.layer().layer(service_fn(async |_: Request<()>| {
            handler(id).await;
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"done"))))
        }));
        let request = Request::builder().uri("/work").header("x-request-id", id);
        let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::join!(one("A"), one("B"), one("C")) });
    drop(runtime);
    assert!(obs_core::context::current().is_none());
    drop(obs);
    file.lines()
}

#[track_caller]
fn find<'a>(lines: &'a [Value], message: &str) -> &'a Value {
    lines.iter().find(|line| line["message"] == message).unwrap_or_else(|| panic!("{message}: {lines:#?}"))
}

#[test]
fn fields_and_ids_of_one_request_never_reach_another() {
    let lines = lines_of("edges.log", async |id| {
        obs::current().set("tenant", id);
        let span = info_span!("work", card = id);
        for step in 0..10 {
            let held = info_span!("step", step, of = id);
            async {
                info!("first");
                tokio::task::yield_now().await;
                info!("again");
                let task = async { info!("task") };
                obs::spawn(task.in_current_span()).await.unwrap();
            }
            .instrument(held)
            .instrument(span.clone())
            .await;
        }
    });
    assert_eq!(lines.len(), 3 * (10 * 3 + 1));
    for id in ["A", "B", "C"] {
        let own: Vec<_> = lines.iter().filter(|line| line["request_id"] == id).collect();
        assert_eq!(own.len(), 31);
        assert!(own.iter().all(|line| line["tenant"] == id), "{own:#?}");
        let mut inside = own.iter().filter(|line| line["message"] != "request");
        assert!(inside.all(|line| line["of"] == id), "{own:#?}");
    }
}

#[test]
fn a_guard_that_is_held_across_an_await_keeps_its_fields_to_itself() {
    #[expect(clippy::await_holding_invalid_type, reason = "the fault this test is about")]
    let lines = lines_of("held.log", async |id| {
        if id == "A" {
            let _guard = info_span!("held", card = "only A's").entered();
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        } else {
            info!("in {id}");
            info_span!("work").in_scope(|| info!("in work of {id}"));
            tokio::task::yield_now().await;
            info!("later in {id}");
        }
    });
    for id in ["B", "C"] {
        for message in [format!("in {id}"), format!("in work of {id}"), format!("later in {id}")] {
            let line = find(&lines, &message);
            assert_eq!(line["request_id"], id);
            assert!(line.get("card").is_none(), "{line}");
        }
    }
}
