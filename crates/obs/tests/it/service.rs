//! A real axum service on a loopback port, and a client that writes the bytes it is told to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use tokio::runtime::Runtime;

/// Longer than any exchange should take.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Serves HTTP/1 until it is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) addr: SocketAddr,
    // Dropped last: connections end with their runtime.
    _runtime: Runtime,
}

impl Service {
    /// Serves `router` with the peers' addresses, on a runtime of its own.
    pub(crate) fn start(router: Router) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, service).await });
        Self { addr, _runtime: runtime }
    }

    /// Sends a GET and reads the whole response.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        exchange(self.addr, &request("GET", path, "")).expect("a response")
    }
}

/// A request without a body, after which the connection ends; `headers` are whole lines.
pub(crate) fn request(method: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: shop.test:8080\r\nconnection: close\r\n{headers}\r\n")
        .into_bytes()
}

/// Writes `request` over a new connection and reads until it ends; `None` when it ended without a word.
#[track_caller]
pub(crate) fn exchange(addr: SocketAddr, request: &[u8]) -> Option<Response> {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    // A server that refuses a request need not read it to its end.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "no answer in time");
            None
        }
        _ if answer.is_empty() => None,
        _ => Some(Response::parse(&answer)),
    }
}

/// A response as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// Every line is checked: a header that was smuggled in would be found.
    #[track_caller]
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).expect("a response of text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").expect("HTTP/1.1").get(..3).unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self { status: status.parse().unwrap(), headers: lines.map(header).collect(), body: body.to_owned() }
    }

    /// The one value of a header.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next().unwrap_or_else(|| panic!("no {name} in {self:?}"));
        assert!(values.next().is_none(), "{name} came twice");
        value
    }
}

/// Waits until `is` holds, for a bounded time.
#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !is() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A file in the system's folder for such, which is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct TempFile(pub(crate) std::path::PathBuf);

impl TempFile {
    /// `name` must be used once in this binary.
    pub(crate) fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("obs-it-{}-{name}", std::process::id())))
    }

    /// Each line read as JSON.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(&self.0).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
