//! Health over HTTP and gRPC while nothing works, and in a drain.

use std::future::pending;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use obs::health::Settings;
use obs::health::tonic::HealthService;
use tokio::runtime::Builder;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
use tonic_health::pb::health_client::HealthClient;

use crate::service::{exchange, request};

fn quiet(service: &str) -> obs::Builder {
    obs::builder(service).log_output(obs::config::LogOutput::Off)
}

async fn client(address: std::net::SocketAddr) -> HealthClient<Channel> {
    HealthClient::new(Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap())
}

/// Nothing is timed: while the probes are answered, the one thread that could run a check cannot take a step, and the test
/// alone can let it go on.
#[test]
fn a_thousand_probes_are_answered_while_every_dependency_and_the_runtime_hang() {
    let obs = quiet("hung").admin(obs::Admin::At("127.0.0.1:0".parse().unwrap())).build().unwrap();
    let admin = obs.admin_addr().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let entered = runtime.enter();
    let patient = Settings::new().timeout(Duration::from_secs(3_600));
    for number in 0..50 {
        let name = format!("hung-{number}");
        obs.health().check_with(name, patient, pending::<Result<(), String>>).unwrap();
    }
    let (blocks, blocked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let gate = Mutex::new(released);
    let blocking = move || {
        blocks.send(()).unwrap();
        let _ = gate.lock().unwrap().recv();
        std::future::ready(Ok::<(), String>(()))
    };
    obs.health().check_with("blocks", patient, blocking).unwrap();
    drop(entered);
    obs.ready();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || runtime.block_on(ended));
    blocked.recv().unwrap();

    for number in 0..1_000 {
        let (path, expected) = [
            ("/readyz", (503, "dependencies unavailable")),
            ("/healthz", (200, "ok")),
            ("/startupz", (200, "started")),
            (
                "/readyz?verbose",
                (503, "its run has not ended: it or another task may block the runtime's threads"),
            ),
        ][number % 4];
        let answer = exchange(admin, &request("GET", path, "")).expect("an answer");
        assert!(answer.status == expected.0 && answer.body.contains(expected.1), "{path}: {answer:?}");
    }
    // It blocks to this moment: no run has ended.
    assert!(obs.health().checks().iter().all(|check| check.age.is_none()));
    drop(release);
    end.send(()).unwrap();
    thread.join().unwrap().unwrap();
}

#[test]
fn a_watch_is_told_of_the_drain_and_does_not_hold_it_up() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        const LIMIT: Duration = Duration::from_secs(60);
        let obs = quiet("watched").admin(obs::Admin::Off).drain(Duration::ZERO, LIMIT).build().unwrap();
        let router = Routes::new(HealthService::new(obs.health())).into_axum_router();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, handle) = (listener.local_addr().unwrap(), obs.shutdown_handle());
        let served = tokio::spawn(obs::axum::serve(obs, listener, router));
        let mut client = client(address).await;
        let mut watch = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
        // It may be asked before serving has said that it is ready.
        while watch.message().await.unwrap().unwrap().status() != Serving {}
        handle.shut_down();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), NotServing);
        assert_eq!(watch.message().await.unwrap(), None);
        let ended = served.await.unwrap();
        assert!(ended.is_drained(), "{ended:?}");
        assert!(ended.timings().finishing < LIMIT / 4, "{ended:?}");
    });
}

/// The values behind `key` in blocks of YAML.
fn values<'a>(page: &'a str, key: &str) -> Vec<&'a str> {
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let behind = blocks.flat_map(|block| block.split(key).skip(1));
    behind.map(|rest| rest.split([' ', ',', '\n', '}']).next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn what_the_page_has_kubernetes_ask_is_answered() {
    let page = include_str!("../../../../docs/health.md");
    let obs = obs::testing::start("shop");
    obs.ready();
    let paths = values(page, "httpGet: { path: ");
    assert_eq!(paths, ["/startupz", "/readyz", "/healthz"]);
    for path in paths {
        let asked = http::Request::get(path).body(()).unwrap();
        assert_eq!(obs::health::admin::respond(obs.health(), &asked).status(), 200, "{path}");
    }
    let mut client = HealthClient::new(HealthService::new(obs.health()));
    let services = values(page, "port: 50051, service: ");
    assert_eq!(services, ["startup", "liveness"]);
    for service in services.into_iter().chain([""]) {
        let asked = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(client.check(asked).await.unwrap().into_inner().status(), Serving, "{service}");
    }
    let drain = obs::Config::new("shop").drain;
    for seconds in values(page, "terminationGracePeriodSeconds: ") {
        assert!(seconds.parse::<u64>().unwrap() > drain.timeout.as_secs(), "{seconds}");
    }
}

#[tokio::test]
async fn a_probe_by_grpc_is_a_request_like_any_other() {
    let obs = obs::testing::start("shop");
    obs.ready();
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let service = HealthService::new(obs.health());
    let server = Server::builder().layer(obs.layer()).add_service(service).serve_with_incoming(incoming);
    tokio::spawn(server);
    let mut client = client(address).await;
    assert_eq!(client.check(HealthCheckRequest::default()).await.unwrap().into_inner().status(), Serving);
    obs.requests_ended(1).await;
    let labels = [("service", "grpc.health.v1.Health"), ("method", "Check"), ("code", "OK")];
    assert_eq!(obs.value("rpc_server_requests_total", &labels), Some(1.0));
    assert_eq!(obs.line("request").field("route"), "/grpc.health.v1.Health/Check");
}
