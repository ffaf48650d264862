//! Servers of others through all phases: an accept loop on hyper, and what becomes of one that fails or never ends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use obs::serve::{BoxError, Closing, How};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower::{Layer, Service, service_fn};

use super::running::{FLAVORS, Flavor, obs};
use super::wire::Wire;
use crate::scrape::Scrape;
use crate::service::until;

const LIMIT: Duration = Duration::from_secs(20);

/// As it stands in docs/lifecycle.md.
async fn accept<S, B>(listener: TcpListener, service: S, closing: Closing) -> std::io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let mut finishing = pin!(closing.finishing());
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            () = &mut finishing => return Ok(()),
        };
        let (held, finishing) = (closing.hold(), closing.finishing());
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let _held = held;
            let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                _ = &mut connection => return,
                () = finishing => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        });
    }
}

#[test]
fn an_accept_loop_on_hyper_is_told_when_to_stop_and_waited_for() {
    for flavor in FLAVORS {
        let obs = obs(Duration::ZERO, LIMIT);
        let (recorder, handle, layer) = (obs.recorder().clone(), obs.shutdown_handle(), obs.layer());
        let (go, entered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (released, told) = (Arc::clone(&go), Arc::clone(&entered));
        let service = service_fn(move |_: Request<Incoming>| {
            let (released, told) = (Arc::clone(&released), Arc::clone(&told));
            async move {
                told.notify_one();
                released.notified().await;
                Ok::<_, Infallible>(Response::new(Full::new(bytes::Bytes::from_static(b"at last"))))
            }
        });
        let service = layer.layer(service);
        let runtime = flavor.runtime();
        let ended = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr: SocketAddr = listener.local_addr().unwrap();
            let client = std::thread::spawn(move || {
                let mut wire = Wire::open(addr);
                wire.ask("/");
                Flavor::Current.runtime().block_on(entered.notified());
                handle.shut_down();
                until("no more connections are taken", || std::net::TcpStream::connect(addr).is_err());
                go.notify_one();
                wire.answer().unwrap()
            });
            let serve = |closing| accept(listener, service, closing);
            let ended = obs.serve_by_until(serve, std::future::pending()).await;
            assert_eq!(client.join().unwrap().text(), "at last");
            ended
        });
        assert!(ended.is_drained() && ended.is_delivered(), "{flavor:?} {ended:?}");
        assert_eq!(Scrape::of(&recorder).sum("http_requests_total", &[]), 1.0);
    }
}

async fn failed() -> std::io::Result<()> {
    Err(std::io::Error::other("the port is gone"))
}

#[test]
fn a_server_that_ends_by_itself_ends_the_service_without_a_delay() {
    let serve = |failing: bool| {
        let obs = obs(LIMIT / 2, LIMIT);
        let runtime = Flavor::Current.runtime();
        let begun = std::time::Instant::now();
        let ended = runtime.block_on(obs.serve_by_until(
            |_| async move { if failing { failed().await } else { Ok(()) } },
            std::future::pending(),
        ));
        assert!(begun.elapsed() < LIMIT / 4, "{ended:?}");
        ended
    };
    assert!(serve(false).is_drained());
    let ended = serve(true);
    assert!(
        matches!(ended.how(), How::Failed(error) if error.to_string() == "the port is gone"),
        "{ended:?}"
    );
}

#[test]
fn why_a_server_has_failed_is_told_also_where_something_is_held_until_the_time_is_over() {
    for held in [0, 1] {
        let file = crate::service::TempFile::new(&format!("failed-{held}.log"));
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
        let obs = obs.drain(Duration::ZERO, Duration::from_millis(500)).build().unwrap();
        let mut kept = Vec::new();
        let ended = Flavor::Current.runtime().block_on(obs.serve_by_until(
            |closing| {
                kept.extend((0..held).map(|_| closing.hold()));
                failed()
            },
            std::future::pending(),
        ));
        let how = format!("{:?}", ended.how());
        assert!(how.contains("the port is gone"), "{how}");
        let lines = file.lines();
        let line = lines.iter().find(|line| line["level"] == "ERROR").expect("a line of what failed");
        assert_eq!(
            (line["phase"].as_str(), line["error"].as_str()),
            (Some("finishing"), Some("the port is gone"))
        );
    }
}

#[test]
fn what_is_held_is_waited_for_and_a_server_that_never_ends_is_dropped() {
    struct Told(std::sync::mpsc::Sender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    for (held, lets_go) in [(0, true), (2, true), (2, false)] {
        let obs = obs(Duration::ZERO, Duration::from_millis(if lets_go { 20_000 } else { 500 }));
        let handle = obs.shutdown_handle();
        let (tell, told) = std::sync::mpsc::channel();
        let ended = Flavor::Current.runtime().block_on(obs.serve_by_until(
            |closing| {
                let dropped = Told(tell);
                let held: Vec<_> = (0..held).map(|_| closing.hold()).collect();
                async move {
                    let _dropped = dropped;
                    handle.shut_down();
                    closing.asked().await;
                    closing.finishing().await;
                    if !lets_go {
                        std::future::pending::<()>().await;
                    }
                    // Let go by somebody else, after the server itself has ended.
                    std::thread::spawn(move || drop(held));
                    Ok::<_, Infallible>(())
                }
            },
            std::future::pending(),
        ));
        told.try_recv().expect("it is gone by now");
        match (ended.how(), lets_go) {
            (How::Drained, true) => {}
            (How::Cut { requests: 2 }, false) => {}
            (how, _) => panic!("{held} {lets_go}: {how:?}"),
        }
    }
}
