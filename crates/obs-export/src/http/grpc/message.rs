//! A message behind its five bytes, and the answer that brings one.

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::Status;
use crate::http::{Call, Encoding, Response, SendError};

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
    response.body = match message(response.body) {
        Some(body) => body,
        // Without a good status nobody reads it.
        None if !status.is_ok() => Bytes::new(),
        None => return Err(SendError::Foreign),
    };
    response.grpc = Some(status);
    Ok(response)
}

/// The one message of a body; a good answer need not have one to be good.
fn message(body: Bytes) -> Option<Bytes> {
    let Some((prefix, message)) = body.split_first_chunk::<PREFIX>() else {
        return body.is_empty().then_some(body);
    };
    let [flag, length @ ..] = *prefix;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    // Compressed would be what we have not said we read.
    (flag == 0 && length == message.len()).then(|| body.slice(PREFIX..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_plain_message_is_read() {
        for (body, read) in [
            (&b""[..], Some(&b""[..])),
            (b"\0\0\0\0\0", Some(b"")),
            (b"\0\0\0\0\x02ab", Some(b"ab")),
            (b"\x01\0\0\0\x02ab", None),
            (b"\0\0\0\0\x03ab", None),
            (b"\0\0\0\0\x01ab", None),
            (b"\0\0\0", None),
            (b"\0\xff\xff\xff\xffab", None),
        ] {
            assert_eq!(message(Bytes::from_static(body)).as_deref(), read, "{body:?}");
        }
    }
}
