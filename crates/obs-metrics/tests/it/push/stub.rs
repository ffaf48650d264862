//! A strict HTTP/1.1 server in process: shows each request to a handler, keeps it whole, and does as the handler says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::LONG;

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Status(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Nothing, and the connection stays open.
    Hang,
    /// The connection is closed without a byte.
    Close,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self::Status(status, Vec::new(), Vec::new())
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    /// The one value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} came twice");
        value
    }

    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

type Handler = Box<dyn FnMut(&Received) -> Reply + Send>;

struct Shared {
    handler: Mutex<Handler>,
    /// Hanging connections wait here; they end when the stub does.
    hold: Mutex<Vec<TcpStream>>,
}

/// The server; its threads end with their connections.
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    received: Receiver<Received>,
    shared: Arc<Shared>,
}

impl Stub {
    pub(super) fn start(handler: impl FnMut(&Received) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { handler: Mutex::new(Box::new(handler)), hold: Mutex::default() });
        let (send, received) = channel();
        let on_accept = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, send) = (Arc::clone(&on_accept), send.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &shared, &send));
            }
        });
        Self { address, received, shared }
    }

    /// Answers with each reply in turn, and with the last one from then on.
    pub(super) fn script(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: Vec<_> = replies.into_iter().collect();
        replies.reverse();
        Self::start(move |_| {
            let last = replies.last().cloned().expect("a reply");
            if replies.len() > 1 { replies.pop().expect("a reply") } else { last }
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next request.
    #[track_caller]
    pub(super) fn next(&self) -> Received {
        self.received.recv_timeout(LONG).expect("a request")
    }

    /// Requests that have come and were not taken by `next`.
    pub(super) fn rest(&self) -> Vec<Received> {
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

fn serve(mut stream: TcpStream, shared: &Shared, send: &Sender<Received>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        let reply = (shared.handler.lock().unwrap())(&request);
        let _ = send.send(request);
        match reply {
            Reply::Status(status, headers, body) => {
                // No body, and so no length, goes with 204 (RFC 9110, section 8.6).
                let length =
                    if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
                let mut head = format!("HTTP/1.1 {status} X\r\n{length}");
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                    return;
                }
            }
            Reply::Hang => return shared.hold.lock().unwrap().push(stream),
            Reply::Close => return,
        }
    }
}

/// `None` at the end of the connection; panics on anything that is no request.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let line = line.strip_suffix(" HTTP/1.1\r\n").expect("a request line");
    let (method, path) = line.split_once(' ').expect("a method and a path");
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
    Some(Received { method: method.to_owned(), path: path.to_owned(), headers, body })
}
