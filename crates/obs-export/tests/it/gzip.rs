//! What is sent as gzip is the body.

use std::io::Read;

use flate2::read::GzDecoder;
use http::Method;
use obs_export::http::{Call, ClientSettings, Endpoint, Once, Retry};

use crate::stub::{Answer, LONG, Stub};

#[test]
fn a_compressed_body_says_so_and_reads_back() {
    let stub = Stub::start([Answer::status(200)]);
    let body = "up 1\n".repeat(1_000);
    let call = Call::new(Method::POST, Endpoint::parse(&stub.url()).unwrap());
    let call = call.body("text/plain", body.clone()).gzip();
    Once::new(ClientSettings::new(), Retry::new()).call(call, LONG).unwrap();
    let request = stub.next();
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    assert_eq!(request.header("content-type"), Some("text/plain"));
    assert!(request.body.len() < body.len() / 10);
    let mut read = String::new();
    GzDecoder::new(request.body.as_slice()).read_to_string(&mut read).unwrap();
    assert_eq!(read, body);
}
