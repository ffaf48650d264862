//! Layers of others beside ours: they see each request as a span, entered and left in balance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Record};
use tracing::{Event, Id, Subscriber, info, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::collector::{Answer, Collector};
use crate::process::alone;
use crate::service::{Service, TempFile, exchange, request, until};

/// Bound as tokio-console's layer and that of tracing-subscriber's `fmt` are.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    requests: HashMap<u64, Request>,
    /// For each event, the fields of the request it was seen in.
    events: Vec<String>,
}

#[derive(Clone, Default, Debug)]
struct Request {
    entered: usize,
    left: usize,
    closed: usize,
    fields: String,
}

impl Visit for Request {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.fields += &format!("{}={value:?} ", field.name());
    }
}

impl Counting {
    fn of(&self, id: &Id, with: impl FnOnce(&mut Request)) {
        if let Some(request) = self.0.lock().unwrap().requests.get_mut(&id.into_u64()) {
            with(request);
        }
    }

    fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap().requests.values().cloned().collect()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counting {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let metadata = attributes.metadata();
        if (metadata.target(), metadata.name()) == ("obs::request", "request") {
            let mut request = Request::default();
            attributes.record(&mut request);
            assert!(attributes.is_root(), "whatever else is open on the thread");
            // Ids are used again: what a key knew before has closed.
            let key = id.into_u64() + (self.requests().len() as u64) * (1 << 48);
            let mut seen = self.0.lock().unwrap();
            if let Some(before) = seen.requests.insert(id.into_u64(), request) {
                seen.requests.insert(key, before);
            }
        }
    }
    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.of(id, |request| values.record(request));
    }
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let root =
            context.event_scope(event).and_then(|scope| scope.from_root().next().map(|span| span.id()));
        let mut seen = self.0.lock().unwrap();
        let fields =
            root.and_then(|id| seen.requests.get(&id.into_u64())).map(|request| request.fields.clone());
        seen.events.extend(fields);
    }
    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        self.of(id, |request| request.entered += 1);
    }
    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        self.of(id, |request| request.left += 1);
    }
    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.of(&id, |request| request.closed += 1);
    }
}

fn router() -> Router {
    let hello = async || {
        info!("in the handler");
        let spawned = obs::spawn(async {
            info_span!("in a task").in_scope(|| info!("in a task's span"));
        });
        spawned.await.unwrap();
        tokio::task::yield_now().await;
        "hello"
    };
    let panics = async || -> &'static str {
        tokio::task::yield_now().await;
        panic!("oh no")
    };
    let never = async || -> &'static str {
        std::future::pending::<()>().await;
        "never"
    };
    Router::new().route("/hello", get(hello)).route("/panics", get(panics)).route("/never", get(never))
}

#[track_caller]
fn check(obs: &obs::Obs, counting: &Counting, file: &TempFile, collector: &Collector) {
    let service = Service::start(router().layer(obs.layer()));
    assert_eq!(service.get("/hello").status, 200);
    assert!(exchange(service.addr, &request("GET", "/panics", "")).is_none());
    {
        use std::io::Write;
        let mut gone = std::net::TcpStream::connect(service.addr).unwrap();
        gone.write_all(&request("GET", "/never", "")).unwrap();
        until("it is being handled", || {
            counting.requests().iter().filter(|one| one.entered > 0).count() == 3
        });
    }
    until("all have closed", || counting.requests().iter().filter(|one| one.closed == 1).count() == 3);
    drop(service);
    for one in counting.requests() {
        assert!(one.entered >= 2 && one.entered == one.left && one.closed == 1, "{one:?}");
        assert!(one.fields.contains("method=\"GET\"") && one.fields.contains("outcome="), "{one:?}");
    }
    let of_hello =
        |one: &Request| one.fields.contains("route=\"/hello\" status_code=200 outcome=\"success\"");
    assert_eq!(counting.requests().into_iter().filter(of_hello).count(), 1);
    // Both events were seen inside of the request by the layer of others.
    let seen = counting.0.lock().unwrap().events.clone();
    assert_eq!(seen.iter().filter(|fields| fields.contains("path=\"/hello\"")).count(), 2, "{seen:?}");

    assert!(obs.flush(Duration::from_secs(20)));
    let spans = collector.spans();
    let mut names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["GET /hello", "GET /never", "GET /panics", "in a task"], "one span a request");
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(find("in a task").parent_span_id, find("GET /hello").span_id);
    let lines = file.lines();
    for message in ["in the handler", "in a task's span"] {
        let line = lines.iter().find(|line| line["message"] == message).unwrap();
        let keys: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected =
            ["timestamp", "level", "target", "message", "service", "trace_id", "span_id", "request_id"];
        expected.sort_unstable();
        assert_eq!(keys, expected, "a request's fields are on its access line");
    }
}

#[test]
fn other_layers_see_each_request_as_a_span() {
    let (counting, file, collector) =
        (Counting::default(), TempFile::new("composed.log"), Collector::start(Answer::Ok));
    let builder =
        obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).otlp_endpoint(collector.url());
    let layer = counting.clone();
    let obs = builder.compose(move |ours| ours.with(layer)).build().unwrap();
    check(&obs, &counting, &file, &collector);
}

#[test]
fn they_do_so_where_the_installation_is_the_processs_own() {
    alone(module_path!(), "they_do_so_where_the_installation_is_the_processs_own", &[], || {
        let (counting, file, collector) =
            (Counting::default(), TempFile::new("composed-global.log"), Collector::start(Answer::Ok));
        let builder =
            obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).otlp_endpoint(collector.url());
        let layer = counting.clone();
        let obs = builder.compose(move |ours| ours.with(layer)).install().unwrap();
        check(&obs, &counting, &file, &collector);
    });
}
