//! Another machine over HTTP/1.1 that keeps the head of each request and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// Listens until the process ends.
pub(super) struct Receiver {
    pub(super) addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// The status of the next answers; 0 is none, and the connection stays open.
    status: AtomicU16,
    bulk: &'static str,
    heads: Mutex<Vec<Vec<String>>>,
    hanging: Mutex<Vec<TcpStream>>,
}

impl Receiver {
    pub(super) fn start(status: u16) -> Self {
        Self::saying(status, r#"{"errors":false}"#)
    }

    /// With this as the body of each answer to a bulk of documents.
    pub(super) fn saying(status: u16, bulk: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            status: AtomicU16::new(status),
            bulk,
            heads: Mutex::default(),
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

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(super) fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// The heads of all requests so far, their first lines first.
    pub(super) fn heads(&self) -> Vec<Vec<String>> {
        self.shared.heads.lock().unwrap().clone()
    }

    /// The first lines of all requests so far.
    pub(super) fn lines(&self) -> Vec<String> {
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
    shared.heads.lock().unwrap().push(head);
    let status = shared.status.load(Ordering::SeqCst);
    if status == 0 {
        shared.hanging.lock().unwrap().push(stream.try_clone().unwrap());
        return None;
    }
    let body = if is_bulk { shared.bulk } else { "" };
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).ok()
}
