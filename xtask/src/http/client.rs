//! Sends requests over one connection that stays open, or over one of its own.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::message::{Head, Unframed, read_body};

/// Longer than anything asked here takes; a server that hangs becomes an error, not a hang.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first header called `name`, or nothing; `name` is written in lower case.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.header(name).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One connection, used again for each request until the server closes it.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream), address })
    }

    /// Writes a request without a body.
    pub(crate) fn write(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> io::Result<()> {
        self.write_message(method, target, headers, "")
    }

    /// Writes a request whose body is JSON.
    pub(crate) fn write_json(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        json: &str,
    ) -> io::Result<()> {
        let length = json.len().to_string();
        let framing = [("Content-Type", "application/json"), ("Content-Length", length.as_str())];
        let headers: Vec<_> = headers.iter().copied().chain(framing).collect();
        self.write_message(method, target, &headers, json)
    }

    fn write_message(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<()> {
        let mut message = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            message.push_str(&format!("{name}: {value}\r\n"));
        }
        message.push_str("\r\n");
        message.push_str(body);
        self.reader.get_mut().write_all(message.as_bytes())
    }

    /// Reads the response to the request written before.
    pub(crate) fn read(&mut self, method: &str) -> io::Result<Response> {
        let closed = || io::Error::new(io::ErrorKind::UnexpectedEof, "closed before a response");
        let head = Head::read(&mut self.reader)?.ok_or_else(closed)?;
        let status = head.first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no status line"))?;
        let bodiless = method == "HEAD" || matches!(status, 100..=199 | 204 | 304);
        let body =
            if bodiless { Vec::new() } else { read_body(&mut self.reader, &head, Unframed::UntilClose)? };
        Ok(Response { status, head, body })
    }

    /// Writes a request and reads its response.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Response> {
        self.write(method, target, headers)?;
        self.read(method)
    }

    /// Writes a request whose body is JSON and reads its response.
    pub(crate) fn send_json(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        json: &str,
    ) -> io::Result<Response> {
        self.write_json(method, target, headers, json)?;
        self.read(method)
    }
}

/// One request with a text as its body, over a connection of its own.
pub(crate) fn send_text(address: SocketAddr, method: &str, target: &str, text: &str) -> io::Result<Response> {
    let length = text.len().to_string();
    let headers =
        [("Content-Type", "text/plain"), ("Content-Length", length.as_str()), ("Connection", "close")];
    let mut connection = Connection::open(address)?;
    connection.write_message(method, target, &headers, text)?;
    connection.read(method)
}

/// One GET over a connection of its own.
pub(crate) fn get(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> io::Result<Response> {
    let headers: Vec<_> = headers.iter().copied().chain([("Connection", "close")]).collect();
    Connection::open(address)?.send("GET", target, &headers)
}

/// Text as the value of a query parameter (RFC 3986, unreserved characters as they are).
pub(crate) fn encode_query(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn one_connection_serves_several_requests() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut seen = Vec::new();
            for answer in
                ["200 OK\r\nX-Trace-ID: ab\r\nContent-Length: 2\r\n\r\nok", "204 No Content\r\n\r\n"]
            {
                let head = Head::read(&mut reader).unwrap().unwrap();
                let body = read_body(&mut reader, &head, Unframed::Empty).unwrap();
                seen.push((head.first.clone(), head.header("x-sent").map(str::to_owned), body));
                write!(reader.get_mut(), "HTTP/1.1 {answer}").unwrap();
            }
            assert_eq!(reader.read(&mut [0]).unwrap(), 0);
            seen
        });
        let mut connection = Connection::open(address).unwrap();
        let first = connection.send("GET", "/a", &[("X-Sent", "1")]).unwrap();
        assert_eq!((first.status, first.header("x-trace-id"), first.text().as_str()), (200, "ab", "ok"));
        let second = connection.send_json("POST", "/b", &[], "{\"a\":1}").unwrap();
        assert_eq!((second.status, second.header("x-trace-id")), (204, ""));
        drop(connection);
        let seen = server.join().unwrap();
        assert_eq!(seen[0], ("GET /a HTTP/1.1".to_owned(), Some("1".to_owned()), vec![]));
        assert_eq!(seen[1], ("POST /b HTTP/1.1".to_owned(), None, b"{\"a\":1}".to_vec()));
    }

    #[test]
    fn a_query_is_escaped() {
        assert_eq!(encode_query("a{b=\"c d\"}"), "a%7Bb%3D%22c%20d%22%7D");
    }
}
