//! One service with all signals, installed for real, that writes everything there is to write; and what it wrote.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use obs::metrics::pools::Connections;
use obs::metrics::sli::Sli;
use opentelemetry::trace::Tracer as _;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use tower::{Layer, Service as _, ServiceExt};

use super::work;
use crate::collector::{Answer, Collector};
use crate::scrape::Scrape;
use crate::service::{LONG, Service, TempFile, exchange, request, until};

/// What the service itself writes, on top of what obs does.
pub(super) const USER_FAMILIES: [&str; 2] = ["order_seconds", "orders_total"];
pub(super) const USER_ATTRIBUTES: [&str; 3] = ["order_id", "service", "sku"];
/// A field that would hide one of the line's own is written under `field.`.
pub(super) const USER_FIELDS: [&str; 3] = ["field.service", "order_id", "sku"];

/// Everything that was written.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) scrape: Scrape,
    pub(super) openmetrics: String,
    pub(super) resource: Vec<KeyValue>,
    pub(super) spans: Vec<Span>,
    /// The lines, as text and as data.
    pub(super) lines: Vec<(String, Value)>,
}

#[tracing::instrument(fields(order_id = 7))]
async fn place_order() {
    tracing::info!(sku = "A-1", service = "of the event", "placed");
    metrics::histogram!("order_seconds").record(0.003);
    let scope = opentelemetry::InstrumentationScope::builder("a library").with_version("1.2").build();
    opentelemetry::global::tracer_with_scope(scope).in_span("theirs", |_| ());
}

/// A pool that has nothing to give.
async fn take(pool: obs::metrics::TimedPool<fn() -> Connections>) -> &'static str {
    pool.timed(std::future::ready(Err::<(), _>("no time")), |_| true).await.unwrap_err()
}

async fn order() -> &'static str {
    place_order().await;
    "placed"
}

fn crowd(spans: u32) {
    (0..spans).for_each(|_| tracing::info_span!("crowd").in_scope(|| ()));
}

/// A method of gRPC, trailers-only.
async fn remote() -> [(&'static str, &'static str); 2] {
    [("content-type", "application/grpc"), ("grpc-status", "0")]
}

/// What a router of gRPC answers to what it does not know.
async fn nobody() -> [(&'static str, &'static str); 2] {
    [("content-type", "application/grpc"), ("grpc-status", "12")]
}

async fn fail() -> StatusCode {
    tracing::debug!("held until it is known that this fails");
    crowd(100);
    tracing::error!("{}", "the text of a very long error, ".repeat(10_000));
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn panicking() -> StatusCode {
    panic!("no such order")
}

/// Gives its connection to another protocol, which is over when the client is gone.
async fn upgrade(mut request: axum::extract::Request) -> impl axum::response::IntoResponse {
    let serve = obs::in_upgrade(|connection: hyper::upgrade::Upgraded| async {
        let mut connection = hyper_util::rt::TokioIo::new(connection);
        tokio::io::copy(&mut connection, &mut tokio::io::sink()).await
    });
    let connection = hyper::upgrade::on(&mut request);
    tokio::spawn(async move { serve(connection.await.unwrap()).await });
    (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
}

const MEASURED: &str = "requests: { sizes: true, head_time: true }";

/// Runs the service once; needs a process of its own, with `RUST_BACKTRACE` set.
pub(super) fn run() -> Run {
    let file = TempFile::new("semantics.log");
    let config = TempFile::new("semantics.yaml");
    let sampling = "sampling: { tick: 1h, first: 20, thereafter: 0 }";
    // The head of what fails is left out, and its spans find little room.
    let tail = "routes: [{ route: '/f*', ratio: 0 }], \
        tail: { keep_errors: true, trace_bytes: 64KiB, process_bytes: 64KiB, wait: 1ms }";
    let text =
        format!("service: {{ version: 1.2.3 }}\nlogs: {{ {sampling} }}\ntraces: {{ {tail} }}\n{MEASURED}");
    std::fs::write(&config.0, text).unwrap();
    let collector = Collector::start(Answer::LaterOk);
    let obs = obs::builder("shop")
        .config_file(&config.0)
        .attribute("service.namespace", "shops")
        .attribute("deployment.environment.name", "test")
        .attribute("cloud.region", "cn-east")
        .attribute("k8s.cluster.name", "c1")
        .attribute("vcs.ref.head.revision", "9d59409")
        .log_file(&file.0)
        .log_caller()
        .flight_recorder(obs::config::FlightRecorder::new())
        .otlp_endpoint(collector.url())
        .debug_key("a key that nobody signs with")
        // It would be what is turned away.
        .no_otlp_probe()
        .admin(obs::Admin::At("127.0.0.1:0".parse().unwrap()))
        .link("jaeger", "http://jaeger.test")
        .link_on_line("jaeger")
        .idle_timeout(Duration::from_secs(3_600))
        .install()
        .unwrap();
    let (began, begun) = mpsc::channel();
    let wait = async move || -> &'static str {
        began.send(()).unwrap();
        std::future::pending().await
    };
    let (filled, full) = mpsc::channel();
    let (empty, emptied) = tokio::sync::watch::channel(());
    let fill = async move || -> StatusCode {
        crowd(1_000);
        filled.send(Instant::now()).unwrap();
        emptied.clone().changed().await.unwrap();
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let none: fn() -> Connections = || Connections::new(0, 0).max(8).waiters(0);
    let pool = obs.recorder().pool("orders", none).unwrap();
    let (prices, imports) = (obs.recorder().cache("prices"), Sli::new(obs.recorder(), "imports").unwrap());
    let look = async move || {
        prices.miss();
        imports.count(true);
    };
    let router = Router::new()
        .route("/orders/{id}", get(order))
        .route("/shop.Orders/Place", axum::routing::post(remote))
        .route("/scan.Me/{method}", axum::routing::post(nobody))
        .route("/fail", get(fail))
        .route("/fill", get(fill))
        .route("/panic", get(panicking))
        .route("/upgrade", get(upgrade))
        .route("/wait", get(wait))
        .route("/look", get(look))
        .route("/take", get(move || take(pool.clone())));
    let service = Service::start(router.layer(obs.layer()));
    let checks = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    obs::metrics::runtime::register(obs.base(), checks.handle(), "checks");
    obs::metrics::allocator::register(obs.base(), "of the test", || {
        let usage = obs::metrics::allocator::Usage::new().allocated_bytes(1).active_bytes(2);
        usage.resident_bytes(3).mapped_bytes(4).retained_bytes(5)
    });
    obs.health().check("shelf", async || Ok::<_, String>(())).unwrap();
    let open = obs::health::Settings::new().fail_open();
    obs.health().check_with("larder", open, async || Ok::<_, String>(())).unwrap();
    obs.health().group("pantry", ["shelf"]).unwrap();
    obs.health().watch_runtime(checks.handle()).unwrap();
    let _step = obs.health().step("shelves", 2).unwrap();
    obs.health().run_on(checks.handle());

    let agent = "user-agent: semantics/1\r\n";
    // What stays open for long gives way to what fails after it.
    let mut filling = TcpStream::connect(service.addr).unwrap();
    filling.write_all(&request("GET", "/fill", agent)).unwrap();
    let full = full.recv_timeout(LONG).unwrap();
    until("it has waited for long", || full.elapsed() > Duration::from_millis(1));
    for (method, path, status) in [
        ("GET", "/orders/7", Some(200)),
        // The one form of an HTTP/1 request that says which scheme it is for.
        ("GET", "http://shop.test:8080/orders/7", Some(200)),
        ("GET", "/fail", Some(500)),
        ("GET", "/take", Some(200)),
        ("GET", "/look", Some(200)),
        ("GET", "/panic", None),
        ("GET", "/.env", Some(404)),
        ("BREW", "/orders/7", Some(405)),
    ] {
        let response = exchange(service.addr, &request(method, path, agent));
        assert_eq!(response.map(|response| response.status), status, "{method} {path}");
    }
    empty.send(()).unwrap();
    let grpc = format!("{agent}content-type: application/grpc\r\n");
    for path in ["/shop.Orders/Place", "/scan.Me/Now"] {
        let response = exchange(service.addr, &request("POST", path, &grpc)).unwrap();
        assert_eq!(response.status, 200, "{path}");
    }
    let mut stream = TcpStream::connect(service.addr).unwrap();
    stream.write_all(&request("GET", "/wait", agent)).unwrap();
    begun.recv_timeout(LONG).unwrap();
    drop(stream);
    let mut stream = TcpStream::connect(service.addr).unwrap();
    let upgrade = format!(
        "GET /upgrade HTTP/1.1\r\nhost: shop.test\r\nconnection: upgrade\r\nupgrade: echo\r\n{agent}\r\n"
    );
    stream.write_all(upgrade.as_bytes()).unwrap();
    std::io::Read::read_exact(&mut stream, &mut [0; 12]).unwrap();
    drop(stream);
    calls(&obs.client("payments"), checks.handle());
    checks.handle().block_on(work::all(&obs));
    refused_and_overflown(obs.recorder());
    obs.push_metrics(pushed(obs.recorder()));
    (0..30).for_each(|_| tracing::info!("again and again"));
    tracing::info_span!("job").in_scope(|| ());

    let admin = obs.admin_addr().unwrap();
    let change =
        "PUT /loglevel?level=debug&target=nobody HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange(admin, change.as_bytes()).unwrap().status, 200);
    until("all requests have ended", || {
        obs.flush(Duration::from_secs(10));
        let scrape = Scrape::parse(&scraped(admin, "text/plain"));
        scrape.sum("http_requests_cancelled_total", &[]) == 1.0
            && scrape.sum("http_requests_total", &[]) == 10.0
            && scrape.sum("http_connections_upgraded_total", &[]) == 1.0
            && scrape.sum("rpc_server_requests_total", &[]) == 2.0
            && scrape.sum("http_requests_in_flight", &[]) == 0.0
            && scrape.sum("health_check_status", &[("check", "shelf")]) == 1.0
    });
    let scrape = Scrape::parse(&scraped(admin, "text/plain"));
    let openmetrics = scraped(admin, "application/openmetrics-text;version=1.0.0");
    drop(obs);

    let text = std::fs::read_to_string(&file.0).unwrap();
    let lines = text.lines().map(|line| (line.to_owned(), serde_json::from_str(line).expect(line))).collect();
    let resources = collector.decoded().into_iter().flat_map(|request| request.resource_spans);
    let resource = resources.flat_map(|spans| spans.resource.unwrap().attributes).collect();
    Run { scrape, openmetrics, resource, spans: collector.spans(), lines }
}

/// A call of each way to end: by an answer, good or bad, by an error, and given up.
fn calls(payments: &obs::ClientLayer, runtime: &tokio::runtime::Handle) {
    let call = |method: &str| {
        let call =
            Request::builder().method(method).uri("http://ada:secret@payments.test/v2/pay/7?card=4111");
        call.extension(obs::Route::new("/v2/pay/{order}")).body(String::new()).unwrap()
    };
    for (method, status) in [("POST", 200), ("POST", 404), ("POST", 503), ("BREW", 200)] {
        let answers = payments.layer(tower::service_fn(|_: Request<String>| {
            let answer = Response::builder().status(status).body("an answer".to_owned());
            std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
        }));
        let answer = runtime.block_on(answers.oneshot(call(method))).unwrap();
        let body = runtime.block_on(axum::body::to_bytes(axum::body::Body::new(answer.into_body()), 100));
        assert_eq!(body.unwrap(), "an answer");
    }
    let fails = payments.layer(tower::service_fn(async |_: Request<String>| {
        Err::<Response<String>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
    }));
    runtime.block_on(fails.oneshot(call("POST"))).unwrap_err();
    let mut waits = payments.layer(tower::service_fn(|_: Request<String>| {
        std::future::pending::<Result<Response<String>, Infallible>>()
    }));
    drop(waits.call(call("GET")));
    remote_calls(payments, runtime);
    calls_made_again(payments, runtime);
}

/// The same by gRPC.
fn remote_calls(payments: &obs::ClientLayer, runtime: &tokio::runtime::Handle) {
    let call = || {
        let call = Request::post("http://payments.test:8443/shop.Payments/Pay");
        call.header("content-type", "application/grpc").body(String::new()).unwrap()
    };
    for code in ["0", "5", "14"] {
        let answers = payments.layer(tower::service_fn(|_: Request<String>| {
            let answer = Response::builder().header("grpc-status", code).body(String::new());
            std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
        }));
        runtime.block_on(answers.oneshot(call())).unwrap();
    }
    let nobody = payments.layer(tower::service_fn(|_: Request<String>| {
        let answer = Response::builder().header("grpc-status", "12").body(String::new());
        std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
    }));
    let mut scan = call();
    *scan.uri_mut() = "http://payments.test/scan.Me/Now".parse().unwrap();
    runtime.block_on(nobody.oneshot(scan)).unwrap();
    let mut waits = payments.layer(tower::service_fn(|_: Request<String>| {
        std::future::pending::<Result<Response<String>, Infallible>>()
    }));
    drop(waits.call(call()));
}

/// Calls of two attempts each: one that is answered, one that fails, and one that is given up.
fn calls_made_again(payments: &obs::ClientLayer, runtime: &tokio::runtime::Handle) {
    let over_http = Request::post("http://payments.test/v2/pay/7").body(String::new()).unwrap();
    let by_grpc = Request::post("http://payments.test/shop.Payments/Pay")
        .header("content-type", "application/grpc")
        .body(String::new())
        .unwrap();
    for (call, status) in [(&over_http, 200), (&by_grpc, 200), (&over_http, 500)] {
        let attempts = payments.layer(tower::service_fn(|_: Request<String>| {
            let answer = Response::builder().status(status).header("grpc-status", "0").body(String::new());
            std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
        }));
        let twice =
            payments.clone().around_attempts().layer(tower::service_fn(|call: Request<String>| async {
                attempts.clone().oneshot(call.clone()).await?;
                attempts.clone().oneshot(call).await
            }));
        runtime.block_on(twice.oneshot(call.clone())).unwrap();
    }
    let mut waits = payments.clone().around_attempts().layer(tower::service_fn(|_: Request<String>| {
        std::future::pending::<Result<Response<String>, Infallible>>()
    }));
    drop(waits.call(over_http));
}

/// A push that is taken when it is flushed.
fn pushed(recorder: &obs_metrics::Recorder) -> obs_metrics::push::Periodic {
    let receiver = Collector::start(Answer::Ok);
    let settings = obs_metrics::push::Settings::new().on_flush();
    obs_metrics::push::Otlp::builder(recorder, receiver.url()).settings(settings).start().unwrap()
}

/// One refusal, and one family above its cap.
fn refused_and_overflown(recorder: &obs_metrics::Recorder) {
    metrics::histogram!("order_seconds").record(f64::NAN);
    for n in 0..=obs_metrics::DEFAULT_SERIES_CAP {
        recorder.counter("orders", &[("n", &n.to_string())]).unwrap().increment(1);
    }
}

fn scraped(admin: SocketAddr, accept: &str) -> String {
    let response = exchange(admin, &request("GET", "/metrics", &format!("accept: {accept}\r\n"))).unwrap();
    assert_eq!(response.status, 200);
    response.body
}
