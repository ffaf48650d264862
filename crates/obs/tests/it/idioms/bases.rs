//! Installations that are not the process's own, and scopes of other subscribers.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use obs::Obs;
use tower::ServiceExt;
use tracing::subscriber::NoSubscriber;
use tracing::{Instrument, info, info_span};

use super::bench::Bench;
use crate::collector::{Answer, Collector};
use crate::scrape::Scrape;
use crate::service::{Service, TempFile};

#[test]
fn inside_of_no_subscriber_nothing_is_made_and_the_context_stays() {
    let bench = Bench::new();
    bench.block_on(bench.serve("A", async || {
        let outer = info_span!("outer").entered();
        tracing::subscriber::with_default(NoSubscriber::default(), || {
            info!("nowhere");
            assert!(info_span!("nowhere").is_disabled());
            assert!(obs::current().trace_id().is_some());
        });
        info!("back");
        drop(outer);
    }));
    let left = bench.left();
    left.stands_in("back", left.span("outer"), "A");
    assert_eq!((left.lines.len(), left.spans.len()), (2, 2));
}

#[test]
fn two_subscribers_inside_of_each_other_keep_their_spans_apart() {
    let (one, two) = (Bench::new(), Bench::new());
    one.block_on(one.serve("A", async || {
        let outer = info_span!("outer", of = 1).entered();
        tracing::dispatcher::with_default(&two.dispatch, || {
            let inner = info_span!("inner", of = 2).entered();
            info!("in two");
            tracing::dispatcher::with_default(&one.dispatch, || {
                info!("in one again");
                drop(info_span!("of one"));
            });
            drop(inner);
        });
        info!("in one");
        drop(outer);
    }));
    let (one, two) = (one.left(), two.left());
    assert_eq!((one.line("in one")["of"].as_u64(), two.line("in two")["of"].as_u64()), (Some(1), Some(2)));
    // What is open is open for all, whoever opened it.
    two.is_child("inner", one.span("outer"));
    one.stands_in("in one again", two.span("inner"), "A");
    assert_eq!(one.line("in one again")["of"], 1);
    one.is_child("of one", two.span("inner"));
    assert_eq!((one.spans.len(), two.spans.len()), (3, 1));
}

#[test]
fn a_span_outlives_the_scope_of_its_subscriber() {
    let (one, two) = (Bench::new(), Bench::new());
    let span = tracing::dispatcher::with_default(&one.dispatch, || info_span!("kept"));
    tracing::dispatcher::with_default(&two.dispatch, || {
        span.in_scope(|| {
            info!("in another's span");
            info_span!("child of another's").in_scope(|| ());
        });
    });
    drop(span);
    let (one, two) = (one.left(), two.left());
    two.is_child("child of another's", one.span("kept"));
    let line = two.line("in another's span");
    assert_eq!(line["span_id"], one.span("kept").ids.span_id.to_string());
}

struct Apart {
    obs: Obs,
    file: TempFile,
    collector: Collector,
}

impl Apart {
    fn new(name: &str) -> Self {
        let (file, collector) = (TempFile::new(&format!("{name}.log")), Collector::start(Answer::Ok));
        let builder = obs::builder(name).admin(obs::Admin::Off).log_file(&file.0);
        Self { obs: builder.otlp_endpoint(collector.url()).build().unwrap(), file, collector }
    }

    fn router(&self) -> Router {
        let hello = async || {
            let inside = async {
                info!("in a handler");
                metrics::counter!("answers").increment(1);
                // Tasks of the request belong to its base too, on whatever thread they run.
                let task = obs::spawn(async {
                    tokio::task::yield_now().await;
                    info!("in a task");
                    metrics::counter!("answers").increment(1);
                    obs::spawn_blocking(|| info!("blocking")).await.unwrap();
                });
                task.await.unwrap();
            };
            inside.instrument(info_span!("inside")).await;
            "hello"
        };
        Router::new().route("/hello", get(hello)).layer(self.obs.layer())
    }

    #[track_caller]
    fn has_all_of(&self, name: &str, requests: usize) {
        assert!(self.obs.flush(Duration::from_secs(20)));
        let lines = self.file.lines();
        for message in ["in a handler", "in a task", "blocking", "request"] {
            let found: Vec<_> = lines.iter().filter(|line| line["message"] == message).collect();
            assert_eq!(found.len(), requests, "{message}: {lines:?}");
            assert!(found.iter().all(|line| line["service"] == name && line["request_id"].is_string()));
        }
        assert_eq!(lines.len(), 4 * requests);
        let spans = self.collector.spans();
        let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
        let (servers, inside) = (named("GET /hello"), named("inside"));
        assert_eq!(
            (servers.len(), inside.len(), spans.len()),
            (requests, requests, 2 * requests),
            "{spans:?}"
        );
        for span in inside {
            assert!(servers.iter().any(|server| server.span_id == span.parent_span_id));
        }
        let scraped = scrape(&self.obs);
        assert_eq!(scraped.sum("answers_total", &[]), 2.0 * requests as f64);
        assert_eq!(self.obs.open_spans(), Some(0));
    }
}

fn scrape(obs: &Obs) -> Scrape {
    let text = obs.recorder().render(obs_metrics::Format::Text);
    Scrape::parse(&String::from_utf8(text).unwrap())
}

#[test]
fn two_installations_in_one_process_each_get_their_own() {
    let (one, two) = (Apart::new("one"), Apart::new("two"));
    // Each on threads that nobody has prepared.
    let services = [Service::start(one.router()), Service::start(two.router())];
    for (service, requests) in services.iter().zip([3, 5]) {
        for _ in 0..requests {
            assert_eq!(service.get("/hello").status, 200);
        }
    }
    drop(services);
    one.has_all_of("one", 3);
    two.has_all_of("two", 5);
}

#[test]
fn an_installation_that_is_entered_is_the_threads_own_until_it_is_left() {
    let apart = Apart::new("entered");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    {
        let _entered = apart.obs.enter();
        info!("in a handler");
        metrics::counter!("answers").increment(2);
        runtime.block_on(async {
            let task = async {
                info!("in a task");
                metrics::counter!("answers").increment(3);
            };
            obs::spawn(task.instrument(info_span!("inside"))).await.unwrap();
            tokio::spawn(async { info!("of nobody") }).await.unwrap();
        });
    }
    info!("of nobody");
    metrics::counter!("answers").increment(100);
    assert!(apart.obs.flush(Duration::from_secs(20)));
    let lines = apart.file.lines();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["in a handler", "in a task"]);
    assert_eq!(lines[1]["span_id"], hex(&apart.collector.spans()[0].span_id));
    assert_eq!(scrape(&apart.obs).sum("answers_total", &[]), 5.0);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_service_in_process_of_another_installation_has_requests_of_its_own() {
    let (outer, inner) = (Apart::new("outer"), Apart::new("inner"));
    let inner_router = inner.router();
    let call = tower::service_fn(move |_: axum::extract::Request| {
        let inner_router = inner_router.clone();
        async move {
            info!("outside");
            let request = http::Request::builder().uri("/hello").body(axum::body::Body::empty()).unwrap();
            // As if over a connection: a task of its own.
            let answer = tokio::spawn(inner_router.oneshot(request)).await.unwrap().unwrap();
            info!("outside again");
            Ok::<_, Infallible>(answer)
        }
    });
    let service = Service::start(Router::new().route_service("/hello", call).layer(outer.obs.layer()));
    assert_eq!(service.get("/hello").status, 200);
    drop(service);
    inner.has_all_of("inner", 1);
    assert!(outer.obs.flush(Duration::from_secs(20)));
    let lines = outer.file.lines();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["outside", "outside again", "request"]);
    assert!(lines.iter().all(|line| line["trace_id"] == lines[0]["trace_id"]));
}
