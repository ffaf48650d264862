//! A message behind its five bytes, and the answer that brings one.

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::Status;
use crate::http::{Call, Client, Encoding, Response, SendError};

/// Whether the message is compressed, and its length.
pub(super) const PREFIX: usize = 5;

/// Frames the body of a call.
pub(super) fn write(encoding: Encoding, mut call: Call) -> Call {
    let name = encoding.name();
    let compressed = name.and_then(|_| encoding.compress(&call.parts));
    let flag = u8::from(compressed.is_some());
    if let (Some(message), Some(name)) = (compressed, name) {
        call.parts = [Bytes::new(), message.into(), Bytes::new()];
        call = call.header(HeaderName::from_static("grpc-encoding"), HeaderValue::from_static(name));
    }
    let length: usize = call.parts.iter().map(Bytes::len).sum();
    let mut head = BytesMut::with_capacity(PREFIX + call.parts[0].len());
    head.put_u8(flag);
    // A queue holds less than that.
    head.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    head.put_slice(&call.parts[0]);
    call.parts[0] = head.freeze();
    call
}

/// Takes the frame off an answer, and makes of headers and trailers the status that counts.
pub(super) fn read(mut response: Response, trailers: Option<HeaderMap>) -> Result<Response, SendError> {
    let status = Status::of(response.status, &response.headers, trailers.as_ref());
    for (name, value) in trailers.into_iter().flatten() {
        if let Some(name) = name {
            response.headers.append(name, value);
        }
    }
    let encoding = response.headers.get("grpc-encoding").map_or(&b"identity"[..], HeaderValue::as_bytes);
    response.body = match message(response.body, encoding) {
        Some(body) => body,
        // Without a good status nobody reads it.
        None if !status.is_ok() => Bytes::new(),
        None => return Err(SendError::Foreign),
    };
    response.grpc = Some(status);
    Ok(response)
}

/// The one message of a body; a good answer need not have one to be good. Servers in Go compress it as the call was, whether
/// or not it says that it reads that.
fn message(body: Bytes, encoding: &[u8]) -> Option<Bytes> {
    let Some((prefix, message)) = body.split_first_chunk::<PREFIX>() else {
        return body.is_empty().then_some(body);
    };
    let [flag, length @ ..] = *prefix;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    if length != message.len() {
        return None;
    }
    match flag {
        0 => Some(body.slice(PREFIX..)),
        1 => Encoding::decompress(encoding, message, Client::MAX_RESPONSE).map(Bytes::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_message_is_read() {
        for (body, read) in [
            (&b""[..], Some(&b""[..])),
            (b"\0\0\0\0\0", Some(b"")),
            (b"\0\0\0\0\x02ab", Some(b"ab")),
            (b"\x01\0\0\0\x02ab", None),
            (b"\x02\0\0\0\x02ab", None),
            (b"\0\0\0\0\x03ab", None),
            (b"\0\0\0\0\x01ab", None),
            (b"\0\0\0", None),
            (b"\0\xff\xff\xff\xffab", None),
        ] {
            assert_eq!(message(Bytes::from_static(body), b"identity").as_deref(), read, "{body:?}");
        }
    }

    /// Two bytes by `gzip` and by `zstd`, behind their five.
    #[cfg(all(feature = "gzip", feature = "zstd"))]
    #[test]
    fn a_message_is_read_that_is_compressed_as_the_answer_says() {
        let gzip = Bytes::from_static(&[
            1, 0, 0, 0, 22, 31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 227, 98, 0, 0, 117, 250, 54, 187, 2, 0, 0, 0,
        ]);
        let zstd = Bytes::from_static(&[
            1, 0, 0, 0, 15, 40, 181, 47, 253, 4, 88, 17, 0, 0, 10, 0, 235, 239, 16, 177,
        ]);
        assert_eq!(message(gzip.clone(), b"gzip").as_deref(), Some(&b"\n\0"[..]));
        assert_eq!(message(zstd.clone(), b"zstd").as_deref(), Some(&b"\n\0"[..]));
        for (body, encoding) in
            [(&gzip, &b"zstd"[..]), (&zstd, b"gzip"), (&gzip, b"identity"), (&gzip, b"br")]
        {
            assert_eq!(message(body.clone(), encoding), None);
        }
    }

    /// So many zeros take a few thousand bytes.
    #[cfg(feature = "gzip")]
    #[test]
    fn what_would_be_longer_than_an_answer_may_be_is_not_read() {
        let read = |length: usize| {
            let packed = Encoding::Gzip.compress(&[vec![0; length].into()]).unwrap();
            let head = [&[1][..], &u32::try_from(packed.len()).unwrap().to_be_bytes()].concat();
            message([head, packed].concat().into(), b"gzip").map(|message| message.len())
        };
        assert_eq!(read(Client::MAX_RESPONSE), Some(Client::MAX_RESPONSE));
        assert_eq!(read(Client::MAX_RESPONSE + 1), None);
    }
}
