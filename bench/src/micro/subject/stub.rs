//! A receiver within the measured process that reads what it is sent and answers once it may.

use super::gate::Gate;
use obs_export::http::Endpoint;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Listens until the process ends.
pub(super) struct Stub {
    address: SocketAddr,
    pub(super) gate: Gate,
    requests: Arc<AtomicU64>,
}

impl Stub {
    /// On a free port of the loopback interface.
    pub(super) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let stub = Self { address, gate: Gate::default(), requests: Arc::default() };
        let (gate, requests) = (stub.gate.clone(), Arc::clone(&stub.requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (gate, requests) = (gate.clone(), Arc::clone(&requests));
                std::thread::spawn(move || answer(&stream, &gate, &requests));
            }
        });
        stub
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.address).parse().expect("an endpoint")
    }

    /// How many requests were read.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// Waits until more than so many were.
    pub(super) fn wait_beyond(&self, requests: u64) {
        while self.requests() <= requests {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whoever has gone away is not answered.
fn answer(stream: &TcpStream, gate: &Gate, requests: &AtomicU64) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut is_bulk, mut line) = (0, false, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let head = line.trim_end().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            is_bulk |= head.contains("/_bulk");
            if let Some(value) = head.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
        requests.fetch_add(1, Ordering::Release);
        gate.pass(0);
        let body = if is_bulk { r#"{"errors":false}"# } else { "" };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let mut writer = stream;
        writer.write_all(head.as_bytes()).ok()?;
    }
}
