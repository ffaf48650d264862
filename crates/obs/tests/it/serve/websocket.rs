//! WebSockets of axum under `obs::axum::serve`: what becomes of their connections is told without a line of code.

use std::io::{Read, Write};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use obs::metrics::Recorder;
use serde_json::Value;

use super::running::{Flavor, LONG, Running};
use super::wire::Wire;
use crate::service::{TempFile, until};

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(_) = message {
            socket.send(message).await.unwrap();
        }
    }
}

fn start(file: &TempFile) -> (Running, Recorder) {
    let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).drain(Duration::ZERO, LONG);
    let obs = obs.build().unwrap();
    let recorder = obs.recorder().clone();
    let plain = get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo));
    let held = get(async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(obs::in_upgrade(|socket| async {
            tracing::info!("talking");
            echo(socket).await;
        }))
    });
    let router = Router::new().route("/plain/{room}", plain).route("/held/{room}", held);
    (Running::start(Flavor::OneWorker, obs, router), recorder)
}

/// A handshake of RFC 6455, section 1.2.
fn open(running: &Running, path: &str) -> Wire {
    let mut wire = Wire::open(running.addr);
    wire.write(&format!(
        "GET {path} HTTP/1.1\r\nhost: shop.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         x-request-id: ws-1\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ));
    let answer = wire.answer().unwrap();
    assert_eq!(answer.status, 101);
    assert!(
        answer.head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
        "{}",
        answer.head
    );
    wire
}

/// Says `hi` and hears it, in frames as RFC 6455, section 5.7, has them.
fn talk(wire: &mut Wire) {
    let masked = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
    wire.stream().get_mut().write_all(&masked).unwrap();
    let mut heard = [0; 4];
    wire.stream().read_exact(&mut heard).unwrap();
    assert_eq!(heard, [0x81, 0x02, b'h', b'i']);
}

fn in_use(recorder: &Recorder) -> bool {
    let page = String::from_utf8(recorder.render(obs::metrics::Format::Text)).unwrap();
    page.contains("\nhttp_connections_upgraded_in_flight 1.0\n")
}

fn ended(file: &TempFile) -> Option<Value> {
    file.lines().into_iter().find(|line| line["message"] == "upgraded connection")
}

#[test]
fn a_socket_is_in_use_until_it_is_closed_and_its_bytes_are_counted() {
    for path in ["/plain/7", "/held/7"] {
        let file = TempFile::new("websocket.log");
        let (running, recorder) = start(&file);
        let mut wire = open(&running, path);
        talk(&mut wire);
        assert!(in_use(&recorder));
        wire.stream().get_mut().write_all(&[0x88, 0x80, 0, 0, 0, 0]).unwrap();
        let mut closed = Vec::new();
        wire.stream().read_to_end(&mut closed).unwrap();
        assert_eq!(closed, [0x88, 0x00]);
        until("the socket is told of", || ended(&file).is_some());
        let line = ended(&file).unwrap();
        assert_eq!((&line["request_id"], &line["outcome"]), (&"ws-1".into(), &"success".into()), "{line}");
        assert_eq!(
            (&line["route"], &line["protocol"]),
            (&path.replace('7', "{room}").into(), &"websocket".into())
        );
        assert_eq!((&line["request_bytes"], &line["response_bytes"]), (&14.into(), &6.into()), "{line}");
        assert!(!in_use(&recorder));
        drop(running.end());
        let lines = file.lines();
        let count = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
        assert_eq!((count("request"), count("upgraded connection")), (1, 1));
        if let Some(line) = lines.iter().find(|line| line["message"] == "talking") {
            assert_eq!(line["request_id"], "ws-1", "what is held is inside of the request");
        }
        assert_eq!(count("talking"), usize::from(path.starts_with("/held")));
    }
}

#[test]
fn a_socket_that_is_open_at_the_end_is_not_waited_for_and_told_as_cancelled() {
    let file = TempFile::new("websocket-end.log");
    let (running, recorder) = start(&file);
    let mut wire = open(&running, "/plain/7");
    talk(&mut wire);
    assert!(in_use(&recorder));
    let (_, took) = running.end();
    assert!(took < LONG / 2, "{took:?}");
    assert_eq!(ended(&file).unwrap()["outcome"], "cancelled");
}
