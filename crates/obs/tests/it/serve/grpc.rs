//! Services of tonic through all phases: by our accept loop, and by tonic's own server.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_core::Stream;
use obs::serve::How;
use obs::{Ended, Obs, ShutdownHandle};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::running::{FLAVORS, Flavor, LONG, obs};
use crate::grpc::service::{Client, Orders, connect, rest};
use crate::scrape::Scrape;
use crate::service::{TempFile, until};

/// Who takes the connections.
#[derive(Clone, Copy, Debug)]
enum By {
    Us,
    Tonic,
}

struct Serving {
    addr: SocketAddr,
    handle: ShutdownHandle,
    thread: JoinHandle<Ended>,
}

fn start(by: By, flavor: Flavor, obs: Obs, orders: Orders) -> Serving {
    let handle = obs.shutdown_handle();
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = flavor.runtime();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let never = std::future::pending();
            match by {
                By::Us => obs::tonic::serve_until(obs, listener, Routes::new(orders), never).await,
                By::Tonic => {
                    let server = Server::builder().layer(obs.layer()).add_service(orders);
                    let incoming = TcpIncoming::from(listener);
                    let serve = |closing: obs::serve::Closing| {
                        server.serve_with_incoming_shutdown(incoming, closing.finishing())
                    };
                    obs.serve_by_until(serve, never).await
                }
            }
        })
    });
    Serving { addr: told.recv_timeout(LONG).unwrap(), handle, thread }
}

/// What is still to be said, by somebody who says it.
struct Said(UnboundedReceiver<String>);

impl Stream for Said {
    type Item = String;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<String>> {
        self.0.poll_recv(task)
    }
}

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_stream_in_flight_goes_on_through_the_end_and_its_client_is_told_to_go() {
    for (by, flavor) in [By::Us, By::Tonic].into_iter().flat_map(|by| FLAVORS.map(|flavor| (by, flavor))) {
        let obs = obs(Duration::ZERO, LIMIT);
        let recorder = obs.recorder().clone();
        let serving = start(by, flavor, obs, Orders::default());
        Flavor::Current.runtime().block_on(async {
            let mut client = connect(serving.addr).await;
            let (say, said) = unbounded_channel();
            say.send("one".to_owned()).unwrap();
            let mut stream = client.chat(Said(said)).await.unwrap();
            assert_eq!(stream.message().await.unwrap().as_deref(), Some("one"));
            serving.handle.shut_down();
            until("no more connections are taken", || std::net::TcpStream::connect(serving.addr).is_err());
            say.send("two".to_owned()).unwrap();
            drop(say);
            let (rest, status) = rest(stream).await;
            assert_eq!((rest, status.map(|status| status.code())), (vec!["two".to_owned()], None), "{by:?}");
        });
        let ended = serving.thread.join().unwrap();
        assert!(ended.is_drained() && ended.timings().finishing < LIMIT / 2, "{by:?} {ended:?}");
        let scrape = Scrape::of(&recorder);
        let labels = [("service", "shop.Orders"), ("method", "Chat"), ("code", "OK")];
        assert_eq!(scrape.sum("rpc_server_requests_total", &labels), 1.0, "{by:?}");
        let messages = ["request", "response"]
            .map(|side| scrape.sum(&format!("rpc_server_{side}_messages_total"), &labels[..2]));
        assert_eq!(messages, [2.0, 2.0], "{by:?}");
    }
}

/// Asked by a client that says how long it waits, and then just waits.
#[test]
fn a_call_whose_time_is_over_is_answered_and_goes_on_no_longer() {
    use http_body_util::Full;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let obs = obs(Duration::ZERO, LIMIT).grpc_services(["shop.Orders/Place"]);
    let recorder = obs.recorder().clone();
    let serving = start(By::Us, Flavor::Current, obs, Orders::default());
    Flavor::Current.runtime().block_on(async {
        let stream = tokio::net::TcpStream::connect(serving.addr).await.unwrap();
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.unwrap();
        let connection = tokio::spawn(connection);
        let request = http::Request::post("http://orders.test/shop.Orders/Place")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", "100m");
        let request = request.body(Full::<bytes::Bytes>::from(&b"\0\0\0\0\x04wait"[..])).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "4");
        drop(sender);
        connection.await.unwrap().unwrap();
    });
    let labels = [("service", "shop.Orders"), ("method", "Place"), ("code", "DEADLINE_EXCEEDED")];
    assert_eq!(Scrape::of(&recorder).sum("rpc_server_requests_total", &labels), 1.0);
    serving.handle.shut_down();
    assert!(serving.thread.join().unwrap().is_drained());
}

#[test]
fn a_stream_that_does_not_end_is_cut_when_the_time_is_over() {
    for by in [By::Us, By::Tonic] {
        let file = TempFile::new(&format!("serve-grpc-{by:?}.log"));
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
        let obs = obs.drain(Duration::ZERO, Duration::from_secs(2)).build().unwrap();
        let serving = start(by, Flavor::Current, obs, Orders::default());
        Flavor::Current.runtime().block_on(async {
            let mut client = connect(serving.addr).await;
            let (say, said) = unbounded_channel();
            say.send("one".to_owned()).unwrap();
            let mut stream = client.chat(Said(said)).await.unwrap();
            assert_eq!(stream.message().await.unwrap().as_deref(), Some("one"));
            serving.handle.shut_down();
            assert!(rest(stream).await.1.is_some(), "it was cut");
        });
        let ended = serving.thread.join().unwrap();
        assert!(matches!(ended.how(), How::Cut { requests: 1 }), "{by:?} {ended:?}");
        if let By::Us = by {
            let lines = file.lines();
            let access = lines.iter().find(|line| line["target"] == "obs::access");
            let access = access.unwrap_or_else(|| panic!("{lines:?}"));
            assert_eq!(
                (&access["rpc_method"], &access["outcome"]),
                (&"shop.Orders/Chat".into(), &"cancelled".into())
            );
        }
    }
}

async fn broken(client: &mut Client) {
    client.unary("/shop.Orders/Place", "broken").await.unwrap_err();
}

#[test]
fn methods_that_are_named_and_the_peer_are_known_however_it_is_served() {
    for by in [By::Us, By::Tonic] {
        let obs = obs(Duration::ZERO, LIMIT).grpc_services(["shop.Orders/Place"]);
        let recorder = obs.recorder().clone();
        let serving = start(by, Flavor::Current, obs, Orders::default());
        Flavor::Current.runtime().block_on(async {
            let mut client = connect(serving.addr).await;
            broken(&mut client).await;
            assert_eq!(client.unary("/shop.Orders/WhoAmI", "").await.unwrap(), "Some(127.0.0.1)", "{by:?}");
        });
        serving.handle.shut_down();
        assert!(serving.thread.join().unwrap().is_drained(), "{by:?}");
        let labels = [("service", "shop.Orders"), ("method", "Place"), ("code", "INTERNAL")];
        assert_eq!(Scrape::of(&recorder).sum("rpc_server_requests_total", &labels), 1.0, "{by:?}");
    }
}

#[test]
fn a_router_of_axum_that_is_served_counts_messages_and_knows_the_names() {
    let obs = obs(Duration::ZERO, LIMIT).grpc_services(["shop.Orders/Place"]);
    let (recorder, handle) = (obs.recorder().clone(), obs.shutdown_handle());
    let router = Routes::new(Orders::default()).into_axum_router();
    let running = super::running::Running::start(Flavor::Current, obs, router);
    Flavor::Current.runtime().block_on(async { broken(&mut connect(running.addr).await).await });
    handle.shut_down();
    assert!(running.ended().is_drained());
    let (scrape, labels) = (Scrape::of(&recorder), [("service", "shop.Orders"), ("method", "Place")]);
    assert_eq!(scrape.sum("rpc_server_requests_total", &labels), 1.0);
    assert_eq!(scrape.sum("rpc_server_request_messages_total", &labels), 1.0);
}
