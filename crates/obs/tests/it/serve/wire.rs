//! A strict client of HTTP/1.1 over one connection: a response that is cut is an error.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};

use super::running::LONG;

#[derive(Debug)]
pub(super) struct Wire(BufReader<TcpStream>);

/// A response, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// In lower case.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn closes(&self) -> bool {
        self.head.contains("\r\nconnection: close\r\n")
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Wire {
    #[track_caller]
    pub(super) fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub(super) fn write(&mut self, bytes: &str) {
        self.0.get_mut().write_all(bytes.as_bytes()).unwrap();
    }

    /// Writes a GET that keeps the connection.
    pub(super) fn ask(&mut self, path: &str) {
        self.write(&format!("GET {path} HTTP/1.1\r\nhost: orders.test\r\n\r\n"));
    }

    #[track_caller]
    pub(super) fn get(&mut self, path: &str) -> Answer {
        self.ask(path);
        self.answer().unwrap()
    }

    /// The next response.
    pub(super) fn answer(&mut self) -> Result<Answer> {
        let broken = |what: &str| Error::new(ErrorKind::UnexpectedEof, what.to_owned());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(broken(if head.is_empty() { "no response" } else { "half a head" }));
            }
        }
        let head = head.to_ascii_lowercase();
        let status = head["http/1.1 ".len()..][..3].parse().unwrap();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim_start_matches(':').trim())
        };
        let mut body = Vec::new();
        if header("transfer-encoding") == Some("chunked") {
            loop {
                let mut size = String::new();
                self.0.read_line(&mut size)?;
                let size = usize::from_str_radix(size.trim(), 16).map_err(|_| broken("half a body"))?;
                let mut chunk = vec![0; size + 2];
                self.0.read_exact(&mut chunk)?;
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
        } else if let Some(length) = header("content-length") {
            body.resize(length.parse().unwrap(), 0);
            self.0.read_exact(&mut body)?;
        }
        Ok(Answer { status, head, body })
    }

    /// Waits until the server has closed; nothing more must come, and no reset.
    #[track_caller]
    pub(super) fn closed(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    /// The connection itself, for what follows an upgrade.
    pub(super) fn stream(&mut self) -> &mut BufReader<TcpStream> {
        &mut self.0
    }
}
