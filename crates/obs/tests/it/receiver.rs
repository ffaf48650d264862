//! Another machine over HTTP/1.1 that keeps each request and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// The lines of a head, and the body.
pub(crate) type Request = (Vec<String>, Vec<u8>);

/// Listens until the process ends.
pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// The status of the next answers; 0 is none, and the connection stays open.
    status: AtomicU16,
    /// The body of each answer to a bulk of documents.
    bulk: &'static str,
    requests: Mutex<Vec<Request>>,
    hanging: Mutex<Vec<TcpStream>>,
}

impl Receiver {
    pub(crate) fn start(status: u16) -> Self {
        Self::at("127.0.0.1:0", status)
    }

    pub(crate) fn at(address: &str, status: u16) -> Self {
        Self::open(address, status, r#"{"errors":false}"#)
    }

    /// With this as the body of each answer to a bulk of documents.
    pub(crate) fn saying(status: u16, bulk: &'static str) -> Self {
        Self::open("127.0.0.1:0", status, bulk)
    }

    fn open(address: &str, status: u16, bulk: &'static str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            status: AtomicU16::new(status),
            bulk,
            requests: Mutex::default(),
            hanging: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || while take(&stream, &shared).is_some() {});
            }
        });
        Self { addr, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The heads of all requests so far, their first lines first.
    pub(crate) fn heads(&self) -> Vec<Vec<String>> {
        self.requests().into_iter().map(|(head, _)| head).collect()
    }

    /// The first lines of all requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heads().into_iter().map(|head| head[0].clone()).collect()
    }
}

fn take(mut stream: &TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    let is_bulk = head[0].contains("_bulk");
    shared.requests.lock().unwrap().push((head, body));
    let status = shared.status.load(Ordering::SeqCst);
    if status == 0 {
        shared.hanging.lock().unwrap().push(stream.try_clone().unwrap());
        return None;
    }
    let body = if is_bulk { shared.bulk } else { "" };
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).ok()
}
