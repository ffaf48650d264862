//! A strict HTTP/1.1 server in process: keeps every request whole, and answers, hangs, closes or babbles as told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with one request. The last one of a script is repeated.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A well-formed response.
    Status(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// A head that promises an endless body, which then comes for as long as it is read.
    Endless,
    /// Nothing, and the connection stays open.
    Hang,
    /// The connection is closed without a byte.
    Close,
}

impl Answer {
    /// A response without headers or body.
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status, Vec::new(), Vec::new())
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The first line without its line end.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// As long as `content-length` says.
    pub(crate) body: Vec<u8>,
    /// Which connection brought it, counted from 0.
    pub(crate) connection: usize,
}

impl Received {
    /// The one value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} came twice");
        value
    }
}

struct Shared {
    script: Mutex<VecDeque<Answer>>,
    /// Hanging connections wait here; they end when the stub does.
    hold: Mutex<Vec<TcpStream>>,
}

/// The server; its threads end with their connections.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    received: Receiver<Received>,
    shared: Arc<Shared>,
}

/// Longer than any test should take.
pub(crate) const LONG: Duration = Duration::from_secs(30);

impl Stub {
    pub(crate) fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { script: Mutex::new(script.into_iter().collect()), hold: Mutex::default() });
        let (send, received) = channel();
        let on_accept = Arc::clone(&shared);
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (shared, send) = (Arc::clone(&on_accept), send.clone());
                std::thread::spawn(move || serve(stream.unwrap(), connection, &shared, &send));
            }
        });
        Self { address, received, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next request.
    #[track_caller]
    pub(crate) fn next(&self) -> Received {
        self.received.recv_timeout(LONG).expect("a request")
    }

    /// Requests that have come and were not taken by `next`.
    pub(crate) fn rest(&self) -> Vec<Received> {
        self.received.try_iter().collect()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        for stream in self.shared.hold.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn serve(stream: TcpStream, connection: usize, shared: &Shared, send: &Sender<Received>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader, connection) {
        let answer = {
            let mut script = shared.script.lock().unwrap();
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
        };
        let _ = send.send(request);
        match answer.expect("a script") {
            Answer::Status(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                    return;
                }
            }
            Answer::Raw(bytes) => {
                let _ = stream.write_all(&bytes);
                return;
            }
            Answer::Endless => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
                while stream.write_all(&chunk).is_ok() {}
                return;
            }
            Answer::Hang => {
                shared.hold.lock().unwrap().push(stream);
                return;
            }
            Answer::Close => return,
        }
    }
}

/// `None` at the end of the connection; panics on anything that is no request with a length.
fn read(reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Received> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let line = line.strip_suffix("\r\n").expect("a line").to_owned();
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.strip_suffix("\r\n").expect("a line");
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ").expect("a header");
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    // A request without a body need not have one (RFC 9110, section 8.6).
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, length)| length);
    let mut body = vec![0; length.parse().expect("a length")];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line, headers, body, connection })
}
