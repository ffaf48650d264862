//! Single calls: what they carry, from where they can be made, and what their errors say.

use std::time::{Duration, Instant};

use http::Method;
use http::header::{CONTENT_ENCODING, HeaderValue};
use obs_export::http::{Call, CallError, ClientSettings, Endpoint, Last, Once, Retry};

use crate::stub::{Answer, LONG, Stub};

fn quick() -> Retry {
    Retry::new().first_pause(Duration::from_millis(2)).longest_pause(Duration::from_millis(20))
}

fn once() -> Once {
    Once::new(ClientSettings::new(), quick())
}

fn put(stub: &Stub) -> Call {
    let endpoint = Endpoint::parse(&stub.url()).unwrap().join("/in");
    Call::new(Method::PUT, endpoint).body("text/plain", "body")
}

#[test]
fn a_call_carries_its_method_headers_and_credentials() {
    let stub = Stub::start([Answer::Status(202, vec![("x-seen", "1".into())], b"taken".into())]);
    let settings = ClientSettings::new().basic_auth("ada", "secret").unwrap();
    let call = put(&stub).header(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
    let response = Once::new(settings.clone(), quick()).call(call, LONG).unwrap();
    assert_eq!((response.status.as_u16(), &*response.body), (202, &b"taken"[..]));
    assert_eq!(response.headers["x-seen"], "1");
    let request = stub.next();
    assert_eq!((request.line.as_str(), request.body.as_slice()), ("PUT /in HTTP/1.1", &b"body"[..]));
    assert_eq!(request.header("content-type"), Some("text/plain"));
    assert_eq!(request.header("content-encoding"), Some("snappy"));
    assert_eq!(request.header("authorization"), Some("Basic YWRhOnNlY3JldA=="));

    let delete = Call::new(Method::DELETE, Endpoint::parse(&stub.url()).unwrap());
    Once::new(settings.bearer("token").unwrap(), quick()).call(delete, LONG).unwrap();
    let request = stub.next();
    assert_eq!((request.line.as_str(), request.body.len()), ("DELETE / HTTP/1.1", 0));
    assert_eq!(request.header("authorization"), Some("Bearer token"));
    assert_eq!(request.header("content-type"), None);
}

#[test]
fn a_call_may_be_made_inside_of_every_kind_of_runtime() {
    let stub = Stub::start([Answer::status(200)]);
    let current = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let multi = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    current.block_on(async { once().call(put(&stub), LONG) }).unwrap();
    multi.block_on(async { once().call(put(&stub), LONG) }).unwrap();
    let (here, call) = (once(), put(&stub));
    multi.block_on(multi.spawn(async move { here.call(call, LONG) })).unwrap().unwrap();
    // The runtime need not even have a clock or sockets of its own.
    multi.block_on(once().call_async(put(&stub), LONG)).unwrap();
    current.block_on(once().call_async(put(&stub), LONG)).unwrap();
    assert_eq!(stub.rest().len(), 5);
}

#[test]
fn a_refusal_has_the_status_and_a_bounded_plain_text() {
    let long = [b"bad \x1b[31mline\n".to_vec(), vec![b'x'; 5_000]].concat();
    for (status, body, told) in [
        (400, b"type clash\n".to_vec(), "refused with status 400: type clash".to_owned()),
        (401, vec![], "refused with status 401".to_owned()),
        (413, long, format!("refused with status 413: bad  [31mline {}", "x".repeat(1_024 - 14))),
    ] {
        let stub = Stub::start([Answer::Status(status, vec![], body)]);
        let error = once().call(put(&stub), LONG).unwrap_err();
        assert!(matches!(&error, CallError::Refused(refusal) if refusal.status == status), "{error:?}");
        assert_eq!(error.to_string(), told);
        stub.next();
        assert!(stub.rest().is_empty(), "{status} is final");
    }
}

#[test]
fn a_failing_server_is_asked_again_and_then_given_up_with_the_reason() {
    let stub = Stub::start([Answer::status(503), Answer::Close, Answer::status(200)]);
    once().call(put(&stub), LONG).unwrap();
    assert_eq!(stub.rest().len(), 3);

    let stub = Stub::start([Answer::status(503)]);
    let once = Once::new(ClientSettings::new(), quick().budget(Duration::from_millis(50)));
    let error = once.call(put(&stub), LONG).unwrap_err();
    let CallError::Unreachable { attempts, last: Last::Status(503) } = error else { panic!("{error:?}") };
    assert!(attempts > 1 && stub.rest().len() == attempts as usize);
}

#[test]
fn a_refused_connection_is_told_as_the_source() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let call = Call::new(Method::PUT, Endpoint::parse(&format!("http://{address}")).unwrap());
    let once = Once::new(ClientSettings::new(), quick().budget(Duration::from_millis(50)));
    let error = once.call(call, LONG).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "connection failed", "{error}");
}

#[test]
fn the_deadline_holds_while_the_server_hangs_or_asks_for_patience() {
    let asked = Answer::Status(429, vec![("retry-after", "3600".to_owned())], vec![]);
    for answer in [Answer::Hang, asked] {
        let stub = Stub::start([answer.clone()]);
        let begun = Instant::now();
        let error = once().call(put(&stub), Duration::from_millis(200)).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        match answer {
            Answer::Hang => assert!(matches!(error, CallError::Deadline { .. }), "{error:?}"),
            _ => {
                let last = matches!(error, CallError::Unreachable { last: Last::Status(429), .. });
                // It asks for an hour and gets the longest pause, 20 ms.
                assert!(last || matches!(error, CallError::Deadline { .. }), "{error:?}");
            }
        }
    }
}
