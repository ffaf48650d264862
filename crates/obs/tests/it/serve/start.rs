//! Serving before its end: who is told what, and what cannot stop it.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use http_body_util::Full;
use obs::middleware::Peer;
use obs::serve::How;

use super::running::{FLAVORS, Flavor, LONG, Running, obs};
use super::wire::Wire;
use crate::scrape::Scrape;
use crate::service::TempFile;

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn the_guard_is_outermost_and_knows_route_and_peer() {
    let file = TempFile::new("serve-outermost.log");
    let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
    let obs = obs.drain(Duration::ZERO, LIMIT).build().unwrap();
    let recorder = obs.recorder().clone();
    // A layer further in that answers by itself: a guard inside of it would see nothing.
    let gate = async |request: axum::extract::Request, next: axum::middleware::Next| {
        if request.uri().path().ends_with("/gone") {
            return axum::http::StatusCode::GONE.into_response();
        }
        next.run(request).await
    };
    let order = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string();
    let router = Router::new().route("/orders/{id}", get(order)).layer(axum::middleware::from_fn(gate));
    let running = Running::start(Flavor::Current, obs, router);
    let mut wire = Wire::open(running.addr);
    let here = wire.stream().get_ref().local_addr().unwrap();
    assert_eq!(wire.get("/orders/1").text(), here.to_string());
    assert_eq!(wire.get("/orders/1/gone").status, 410);
    let (ended, _) = running.end();
    assert!(ended.is_drained(), "{ended:?}");
    let lines = file.lines();
    let access =
        |path: &str| lines.iter().find(|line| line["path"] == path).unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!(access("/orders/1")["route"], "/orders/{id}");
    assert_eq!(access("/orders/1")["client_address"], here.ip().to_string());
    assert_eq!(access("/orders/1/gone")["status_code"], 410);
    let found = [("route", "/orders/{id}"), ("status_code", "200")];
    assert_eq!(Scrape::of(&recorder).sum("http_requests_total", &found), 1.0);
}

#[test]
fn any_tower_service_is_served_and_waiting_for_it_is_part_of_the_request() {
    type Body = Full<bytes::Bytes>;
    let obs = obs(Duration::ZERO, LIMIT);
    let (recorder, handle) = (obs.recorder().clone(), obs.shutdown_handle());
    let runtime = Flavor::Current.runtime();
    let (tell, told) = std::sync::mpsc::channel();
    let client = std::thread::spawn(move || {
        let addr: SocketAddr = told.recv().unwrap();
        // One place: the second request waits until the first is through.
        let mut wires = [Wire::open(addr), Wire::open(addr)];
        wires.iter_mut().for_each(|wire| wire.ask("/"));
        let texts = wires.map(|mut wire| wire.answer().unwrap().text().to_owned());
        handle.shut_down();
        texts
    });
    let in_flight = recorder.clone();
    let service = tower::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let recorder = in_flight.clone();
        async move {
            let peer = request.extensions().get::<Peer>().unwrap().0;
            // The first goes on once the second waits.
            while Scrape::of(&recorder).sum("http_requests_total", &[]) == 0.0
                && Scrape::of(&recorder).sum("http_requests_in_flight", &[]) < 2.0
            {
                tokio::task::yield_now().await;
            }
            Ok::<_, std::convert::Infallible>(http::Response::new(Body::from(peer.ip().to_string())))
        }
    });
    let service = tower::ServiceBuilder::new().concurrency_limit(1).service(service);
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        tell.send(listener.local_addr().unwrap()).unwrap();
        obs.serve_until(listener, service, std::future::pending()).await
    });
    assert!(ended.is_drained(), "{ended:?}");
    assert_eq!(client.join().unwrap(), ["127.0.0.1", "127.0.0.1"]);
    assert_eq!(Scrape::of(&recorder).sum("http_requests_total", &[("status_code", "200")]), 2.0);
}

#[cfg(unix)]
#[test]
fn a_unix_listener_is_served_and_drained() {
    use std::os::unix::net::UnixStream;

    let file = TempFile::new("serve.sock");
    let (obs, path) = (obs(Duration::ZERO, LIMIT), file.0.clone());
    let handle = obs.shutdown_handle();
    let runtime = Flavor::Current.runtime();
    let ended = runtime.block_on(async {
        let listener = tokio::net::UnixListener::bind(&file.0).unwrap();
        let client = std::thread::spawn(move || {
            let mut stream = UnixStream::connect(path).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            let mut line = String::new();
            std::io::BufReader::new(stream).read_line(&mut line).unwrap();
            handle.shut_down();
            line
        });
        let router = Router::new().route("/", get(async || "hello"));
        let ended = obs::axum::serve_until(obs, listener, router, std::future::pending()).await;
        assert_eq!(client.join().unwrap(), "HTTP/1.1 200 OK\r\n");
        ended
    });
    assert!(ended.is_drained(), "{ended:?}");
}

#[test]
fn a_panic_of_the_service_ends_its_own_connection_alone() {
    for flavor in FLAVORS {
        let panicking = async || -> &'static str { panic!("oh no") };
        let router = Router::new().route("/panic", get(panicking)).route("/", get(async || "hello"));
        let running = Running::start(flavor, obs(Duration::ZERO, LIMIT), router);
        let (mut other, mut wire) = (Wire::open(running.addr), Wire::open(running.addr));
        assert_eq!(other.get("/").text(), "hello");
        wire.ask("/panic");
        assert!(wire.answer().is_err());
        assert_eq!(other.get("/").text(), "hello");
        assert_eq!(Wire::open(running.addr).get("/").text(), "hello");
        drop(other);
        assert!(running.end().0.is_drained());
    }
}

#[test]
fn an_upgraded_connection_belongs_to_the_service() {
    let (tell, told) = std::sync::mpsc::channel();
    let upgrade = async move |mut request: axum::extract::Request| {
        let (upgraded, tell) = (hyper::upgrade::on(&mut request), tell.clone());
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut io = hyper_util::rt::TokioIo::new(upgraded.await.unwrap());
            let mut said = [0; 4];
            io.read_exact(&mut said).await.unwrap();
            io.write_all(&said).await.unwrap();
            io.shutdown().await.unwrap();
            // The other direction is still open.
            io.read_exact(&mut said).await.unwrap();
            tell.send(said).unwrap();
        });
        axum::response::Response::builder()
            .status(101)
            .header("connection", "upgrade")
            .header("upgrade", "echo")
            .body(axum::body::Body::empty())
            .unwrap()
    };
    let running =
        Running::start(Flavor::Current, obs(Duration::ZERO, LIMIT), Router::new().route("/", any(upgrade)));
    let mut wire = Wire::open(running.addr);
    wire.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
    let answer = wire.answer().unwrap();
    assert_eq!(answer.status, 101, "{answer:?}");
    wire.write("ping");
    let mut said = Vec::new();
    std::io::Read::read_to_end(wire.stream(), &mut said).unwrap();
    assert_eq!(said, b"ping");
    wire.write("late");
    assert_eq!(told.recv_timeout(LONG).unwrap(), *b"late");
    let (ended, took) = running.end();
    assert!(matches!(ended.how(), How::Drained) && took < LIMIT / 2, "{ended:?}");
}

#[test]
fn dropping_the_future_ends_its_connections_and_the_installation() {
    let obs = obs(Duration::ZERO, LIMIT);
    let base = std::sync::Arc::clone(obs.base());
    let runtime = Flavor::Current.runtime();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "hello"));
        let client = tokio::task::spawn_blocking(move || {
            let mut wire = Wire::open(addr);
            assert_eq!(wire.get("/").text(), "hello");
            wire
        });
        let serving = Box::pin(obs::axum::serve_until(obs, listener, router, std::future::pending()));
        let mut wire = tokio::select! {
            _ = serving => panic!("nobody asked for the end"),
            wire = client => wire.unwrap(),
        };
        tokio::task::spawn_blocking(move || wire.closed()).await.unwrap();
        assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    });
    assert_eq!(base.lifecycle.phase(), obs_core::Phase::Stopped);
}

#[test]
fn a_body_is_collected_whole_from_a_sized_response() {
    // 1 MiB: more than any buffer on the way.
    let big = vec![b'x'; 1 << 20];
    let body = big.clone();
    let router = Router::new().route("/", get(async move || body.clone()));
    let running = Running::start(Flavor::Current, obs(Duration::ZERO, LIMIT), router);
    assert!(Wire::open(running.addr).get("/").body == big);
    assert!(running.end().0.is_drained());
}

/// Fails as a listener does when the process has no file descriptor left, and then not.
struct Exhausted {
    listener: tokio::net::TcpListener,
    failures: u32,
}

impl obs::serve::Listener for Exhausted {
    type Socket = tokio::net::TcpStream;

    fn poll_accept(
        &mut self,
        task: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<(Self::Socket, Option<SocketAddr>)>> {
        if self.failures > 0 {
            self.failures -= 1;
            const EMFILE: i32 = 24;
            return std::task::Poll::Ready(Err(std::io::Error::from_raw_os_error(EMFILE)));
        }
        obs::serve::Listener::poll_accept(&mut self.listener, task)
    }

    fn accept_now(&mut self) -> std::io::Result<(Self::Socket, Option<SocketAddr>)> {
        self.listener.accept_now()
    }
}

#[test]
fn a_listener_that_fails_is_asked_again_and_the_end_is_heard_meanwhile() {
    for (failures, answered) in [(3, true), (u32::MAX, false)] {
        let obs = obs(Duration::ZERO, LIMIT);
        let handle = obs.shutdown_handle();
        let runtime = Flavor::Current.runtime();
        let ended = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let client = std::thread::spawn(move || {
                let mut wire = Wire::open(addr);
                if answered {
                    assert_eq!(wire.get("/").text(), "hello");
                    handle.shut_down();
                } else {
                    // It is in the queue when the end comes, and answered then.
                    wire.ask("/");
                    handle.shut_down();
                    assert!(wire.answer().unwrap().closes());
                }
            });
            let router = Router::new().route("/", get(async || "hello"));
            let listener = Exhausted { listener, failures };
            let ended = obs::axum::serve_until(obs, listener, router, std::future::pending()).await;
            client.join().unwrap();
            ended
        });
        assert!(ended.is_drained(), "{ended:?}");
    }
}
