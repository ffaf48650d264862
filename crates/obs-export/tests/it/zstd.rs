//! What is sent as zstd is the body.

use std::time::Duration;

use obs_export::http::{Client, ClientSettings, Encoding, Endpoint, Post, Protocol};
use obs_export::queue::{Batch, Settings, Worker};

use crate::stub::{Answer, LONG, Stub};

struct Bare;

impl Protocol for Bare {
    fn wrap(&mut self, _: &mut Batch, head: &mut Vec<u8>, _: &mut Vec<u8>) {
        head.extend_from_slice(b"head:");
    }
}

#[test]
fn a_body_in_zstd_says_so_and_is_read_back_by_its_own_library() {
    let stub = Stub::start([Answer::status(200)]);
    let client = Client::new(ClientSettings::new()).unwrap();
    let endpoint = Endpoint::parse(&stub.url()).unwrap();
    let post = Post::new(client, endpoint, "text/plain", Bare).encoding(Encoding::Zstd);
    let worker = Worker::spawn(Settings::new("t").linger(Duration::ZERO), "test", post).unwrap();
    let body = "up 1\n".repeat(1_000);
    worker.queue().push(body.as_bytes());
    worker.queue().flush(LONG).unwrap();
    let request = stub.next();
    assert_eq!(request.header("content-encoding"), Some("zstd"));
    assert!(request.body.len() < body.len() / 10);
    let read = zstd::stream::decode_all(&request.body[..]).unwrap();
    assert_eq!(read, ["head:", &body].concat().into_bytes());
}
