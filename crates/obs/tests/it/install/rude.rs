//! Callers of the admin listener that mean no good: whatever they send, it is bounded, answered and counted, and others are
//! answered as ever.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use obs::Obs;

use crate::service::{LONG, Response, exchange, request, until};

fn start() -> (Obs, SocketAddr) {
    let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
    let builder = obs::builder("orders").no_config_file().admin(admin);
    let obs = builder.log_output(obs::config::LogOutput::Off).build().unwrap();
    let addr = obs.admin_addr().unwrap();
    (obs, addr)
}

fn scrape(addr: SocketAddr) -> Response {
    exchange(addr, &request("GET", "/metrics", "")).expect("an answer")
}

/// How many were refused so far, for that reason.
fn refused(addr: SocketAddr, reason: &str) -> u64 {
    let start = format!("obs_admin_refused_total{{reason=\"{reason}\"}} ");
    let scraped = scrape(addr).body;
    let line = scraped.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {start}in {scraped}")).parse().unwrap()
}

/// Everything that comes back for these bytes, until the connection ends.
fn answers(addr: SocketAddr, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let _ = stream.write_all(sent);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8(answer).unwrap(),
    }
}

#[test]
fn what_stands_behind_a_request_is_never_another_one() {
    let (_obs, addr) = start();
    let smuggled = "GET /config HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let head = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n";
    let length = smuggled.len();
    for (sent, status) in [
        (format!("{head}\r\n{smuggled}"), "200"),
        (format!("{head}content-length: {length}\r\n\r\n{smuggled}"), "200"),
        (format!("{head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"), "400"),
        (format!("{head}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n{smuggled}"), "400"),
        (format!("{head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"), "400"),
        (format!("{head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}"), "400"),
        (format!("{head}content-length: 0\r\ncontent-length: {length}\r\n\r\n{smuggled}"), "400"),
        (format!("{head}content-length: -1\r\n\r\n{smuggled}"), "400"),
        (format!("{head}content-length: 18446744073709551616\r\n\r\n{smuggled}"), "400"),
        (format!("{head}x-folded: a\r\n b\r\n\r\n{smuggled}"), "400"),
        (format!("{head}x : a\r\n\r\n{smuggled}"), "400"),
        (format!("{head}x: a\0b\r\n\r\n{smuggled}"), "400"),
        (format!("{head}x: a\rb\r\n\r\n{smuggled}"), "400"),
        // A line may end so (RFC 9112 section 2.2), which changes nothing where there is one request.
        (format!("GET /healthz HTTP/1.1\nhost: localhost\n\n{smuggled}"), "200"),
    ] {
        let answer = answers(addr, sent.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{sent:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{sent:?}: {answer}");
        assert!(!answer.contains("service:"), "{sent:?}: {answer}");
    }
    assert_eq!(refused(addr, "malformed"), 11);
}

#[test]
fn odd_requests_have_plain_answers() {
    let (_obs, addr) = start();
    for (line, status) in [
        ("GET http://localhost/healthz HTTP/1.1", "200"),
        ("GET http://elsewhere/config HTTP/1.1", "403"),
        ("POST /healthz HTTP/1.1", "405"),
        ("BREW /metrics HTTP/1.1", "405"),
        ("OPTIONS * HTTP/1.1", "404"),
        ("CONNECT localhost:80 HTTP/1.1", "404"),
        ("GET /metrics/../config HTTP/1.1", "404"),
        ("GET //metrics HTTP/1.1", "404"),
        ("GET /healthz HTTP/1.0", "200"),
        ("GET /healthz HTTP/2.0", "400"),
        ("GET /healthz", "400"),
        ("\u{16}\u{3}\u{1}\u{2}", "400"),
    ] {
        let answer = answers(addr, format!("{line}\r\nhost: localhost\r\n\r\n").as_bytes());
        let found = answer.get(9..12);
        assert_eq!(found, Some(status), "{line}: {answer}");
    }
}

#[test]
fn heads_and_bodies_are_read_up_to_a_limit_and_their_senders_told() {
    let (_obs, addr) = start();
    let long = format!("x-long: {}\r\n", "x".repeat(1024 * 1024));
    assert_eq!(exchange(addr, &request("GET", "/metrics", &long)).expect("an answer").status, 431);
    let many: String = (0..200).map(|at| format!("x-{at}: a\r\n")).collect();
    assert_eq!(exchange(addr, &request("GET", "/metrics", &many)).expect("an answer").status, 431);
    let body = vec![b'x'; 1024 * 1024];
    let sent = |length: usize| {
        let head = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
        [head.as_bytes(), &body[..length]].concat()
    };
    assert_eq!(exchange(addr, &sent(1_000)).expect("an answer").status, 200);
    assert_eq!(exchange(addr, &sent(body.len())).expect("an answer").status, 413);
}

#[test]
fn bodies_that_never_end_are_left_alone() {
    let (_obs, addr) = start();
    let begun = Instant::now();
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(b"PUT /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\nx").unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 405");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn idle_connections_make_room_and_keep_nobody_out() {
    let (_obs, addr) = start();
    let mut idle = Vec::new();
    let begun = Instant::now();
    for at in 0..3_000 {
        match TcpStream::connect(addr) {
            Ok(mut stream) => {
                // Some begin a head that they do not end.
                let _ = stream.write_all(&b"GET /metrics HTTP/1.1\r\nx: "[..at % 20]);
                idle.push(stream);
            }
            Err(error) => panic!("after {at}: {error}"),
        }
        if at % 500 == 499 {
            idle.drain(..idle.len().saturating_sub(700));
            let asked = Instant::now();
            assert_eq!(scrape(addr).status, 200);
            assert!(asked.elapsed() < Duration::from_secs(10), "{:?} after {at}", asked.elapsed());
        }
    }
    println!("3,000 connections in {:?}", begun.elapsed());
    assert!(refused(addr, "busy") >= 2_000);
}

#[test]
fn a_head_that_comes_byte_by_byte_ends_its_connection_and_is_counted() {
    let (_obs, addr) = start();
    let begun = Instant::now();
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut is_open = true;
    while is_open && begun.elapsed() < LONG {
        is_open = stream.write_all(b"G").is_ok();
        is_open &= match stream.read(&mut [0; 64]) {
            Ok(0) => false,
            Ok(_) => true,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
    }
    assert!((4..10).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    until("the slow one to be counted", || refused(addr, "slow") == 1);
}

#[test]
fn a_flood_of_requests_is_answered_with_429_and_probes_are_not() {
    let (_obs, addr) = start();
    let ask = |path: &str| exchange(addr, &request("GET", path, "")).expect("an answer");
    // One connection after the other: how many it takes depends on how fast they are, and fewer than the burst it never takes.
    let (heard, refused) = (0..50_000)
        .map(|at| (at, ask("/nothing")))
        .find(|(_, response)| response.status != 404)
        .expect("a limit");
    assert!(heard >= 1_000, "{heard}");
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert!((0..300).all(|_| ask("/healthz").status == 200));
    // What says more than a probe has to is a request as others are. Meanwhile a few more may have become due.
    for path in ["/healthz?verbose", "/readyz?verbose=history"] {
        assert!((0..5_000).any(|_| ask(path).status == 429), "{path}");
    }
}
