//! Reads one HTTP/1.1 message (RFC 9112): the head, and a body by its length or in chunks.

use std::io::{self, BufRead, Read};

/// A message larger than this is not one of ours.
const MAX_BODY_BYTES: u64 = 64 * 1024 * 1024;
const MAX_HEAD_BYTES: u64 = 64 * 1024;

/// The first line and the headers.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) first: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads a head, or nothing when the peer has closed the connection in front of one.
    pub(crate) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut reader = reader.take(MAX_HEAD_BYTES);
        let Some(first) = line(&mut reader)? else { return Ok(None) };
        let mut headers = Vec::new();
        loop {
            let line = line(&mut reader)?.ok_or_else(|| broken("the head ends early"))?;
            if line.is_empty() {
                return Ok(Some(Self { first, headers }));
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("a header without a colon"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The first header called `name`, which is written in lower case here.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// All of them in their order, with names in lower case.
    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// How many headers are called `name`.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(header, _)| header == name).count()
    }
}

/// Reads the body that belongs to `head`; with neither a length nor chunks there is `otherwise`.
pub(crate) fn read_body(reader: &mut impl BufRead, head: &Head, otherwise: Unframed) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if head.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let size = line(reader)?.ok_or_else(|| broken("the body ends early"))?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(digits, 16).map_err(|_| broken("a chunk without a size"))?;
            if size == 0 {
                while line(reader)?.is_some_and(|trailer| !trailer.is_empty()) {}
                return Ok(body);
            }
            exactly(reader, size, &mut body)?;
            line(reader)?;
        }
    }
    match head.header("content-length").map(str::parse) {
        Some(Ok(length)) => exactly(reader, length, &mut body)?,
        Some(Err(_)) => return Err(broken("a content length that is no number")),
        None if otherwise == Unframed::UntilClose => {
            reader.take(MAX_BODY_BYTES).read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}

/// What a message without any framing means: a request has no body, a response goes on until the connection closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unframed {
    Empty,
    UntilClose,
}

fn exactly(reader: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if length > MAX_BODY_BYTES - body.len() as u64 {
        return Err(broken("a body of more than 64 MiB"));
    }
    if reader.take(length).read_to_end(body)? as u64 == length {
        Ok(())
    } else {
        Err(broken("the body ends early"))
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if reader.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(broken("a line without an end"));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut message: &[u8], otherwise: Unframed) -> io::Result<(Head, Vec<u8>)> {
        let head = Head::read(&mut message)?.ok_or_else(|| broken("nothing"))?;
        let body = read_body(&mut message, &head, otherwise)?;
        Ok((head, body))
    }

    #[test]
    fn a_body_is_framed_by_length_by_chunks_or_by_the_end() {
        let (head, body) = read(
            b"HTTP/1.1 200 OK\r\nContent-Length:  2\r\nA: 1\r\na: 2\r\n\r\nokmore",
            Unframed::UntilClose,
        )
        .unwrap();
        assert_eq!((head.first.as_str(), body.as_slice()), ("HTTP/1.1 200 OK", &b"ok"[..]));
        assert_eq!((head.header("a"), head.count("a")), (Some("1"), 2));
        let chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n";
        assert_eq!(read(chunked, Unframed::Empty).unwrap().1, b"abc");
        assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\nrest", Unframed::UntilClose).unwrap().1, b"rest");
        assert_eq!(read(b"GET / HTTP/1.1\r\n\r\nrest", Unframed::Empty).unwrap().1, b"");
    }

    #[test]
    fn broken_messages_are_errors_and_a_closed_connection_is_none() {
        assert!(Head::read(&mut &b""[..]).unwrap().is_none());
        for message in [
            &b"HTTP/1.1 200 OK\r\n"[..],
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert!(read(message, Unframed::Empty).is_err());
        }
    }
}
