//! Several listeners at a time: ready together, and ended together.

use std::io::{Read, Write};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tonic::service::Routes;

use super::running::{FLAVORS, Flavor, obs};
use super::wire::Wire;
use crate::grpc::service::{Orders, connect};
use crate::scrape::Scrape;
use crate::service::{TempFile, until};

const LIMIT: Duration = Duration::from_secs(20);

#[cfg(unix)]
#[test]
fn http_and_grpc_over_tcp_and_unix_are_served_and_ended_together() {
    for flavor in FLAVORS {
        let file = TempFile::new(&format!("serve-doors-{flavor:?}.sock"));
        let obs = obs(Duration::ZERO, LIMIT);
        let (recorder, handle) = (obs.recorder().clone(), obs.shutdown_handle());
        let path = file.0.clone();
        let ended = flavor.runtime().block_on(async {
            let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (http, grpc) = (bind().await, bind().await);
            let unix = tokio::net::UnixListener::bind(&file.0).unwrap();
            let addresses = [&http, &grpc].map(|listener| listener.local_addr().unwrap());
            let orders = Orders::default();
            let waits = orders.waits.clone();
            let client = std::thread::spawn(move || {
                let [http, grpc] = addresses;
                assert_eq!(Wire::open(http).get("/").text(), "hello");
                let mut unix = std::os::unix::net::UnixStream::connect(path).unwrap();
                unix.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
                let mut answer = String::new();
                unix.read_to_string(&mut answer).unwrap();
                assert!(answer.ends_with("hello"), "{answer}");
                // What is in flight behind one door goes on while both are closed.
                Flavor::Current.runtime().block_on(async {
                    let mut client = connect(grpc).await;
                    let (say, said) = tokio::sync::oneshot::channel::<()>();
                    let items =
                        crate::grpc::service::Items::new(["a".to_owned(), "b".to_owned()]).after(said);
                    let gathered = tokio::spawn(async move { client.gather(items).await });
                    waits.notified().await;
                    handle.shut_down();
                    for addr in addresses {
                        until("no more are taken", || std::net::TcpStream::connect(addr).is_err());
                    }
                    say.send(()).unwrap();
                    assert_eq!(gathered.await.unwrap().unwrap(), "gathered 2");
                });
            });
            let router = || Router::new().route("/", get(async || "hello"));
            let doors = [
                obs::axum::door(http, router()),
                obs::axum::door(unix, router()),
                obs::tonic::door(grpc, Routes::new(orders)),
            ];
            let ended = obs.serve_all_until(doors, std::future::pending()).await;
            client.join().unwrap();
            ended
        });
        assert!(ended.is_drained() && ended.timings().finishing < LIMIT / 2, "{flavor:?} {ended:?}");
        let scrape = Scrape::of(&recorder);
        assert_eq!(scrape.sum("http_requests_total", &[]), 2.0);
        assert_eq!(scrape.sum("rpc_server_requests_total", &[("method", "Gather"), ("code", "OK")]), 1.0);
    }
}
