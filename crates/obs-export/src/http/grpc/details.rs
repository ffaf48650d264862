//! How long a server asks to be left alone: `google.rpc.RetryInfo` in the details of a status.
//!
//! `grpc-status-details-bin` is a `google.rpc.Status` in base64, whose third field holds messages of any type.

use std::time::Duration;

use crate::proto::{Reader, Wire};

const STATUS_DETAILS: u32 = 3;
const ANY_TYPE: u32 = 1;
const ANY_VALUE: u32 = 2;
const RETRY_DELAY: u32 = 1;
const SECONDS: u32 = 1;
const NANOS: u32 = 2;

/// The delay of the first `RetryInfo`, which may be none at all; `None` where there is no such message.
pub(super) fn retry_delay(value: &[u8]) -> Option<Duration> {
    let status = decoded(value)?;
    let mut details = fields(&status, STATUS_DETAILS);
    details.find_map(|any| {
        let kind = fields(any, ANY_TYPE).next()?;
        // What stands in front of the slash says where the type is described.
        if kind.rsplit(|byte| *byte == b'/').next()? != b"google.rpc.RetryInfo" {
            return None;
        }
        let info = fields(any, ANY_VALUE).next().unwrap_or_default();
        let delay = fields(info, RETRY_DELAY).next().unwrap_or_default();
        let number = |field| {
            let found = Reader::new(delay).map_while(Result::ok).find_map(|(known, wire)| match wire {
                Wire::Varint(number) if known == field => Some(number as i64),
                _ => None,
            });
            u64::try_from(found.unwrap_or_default()).unwrap_or_default()
        };
        let nanos = Duration::from_nanos(number(NANOS));
        Some(Duration::from_secs(number(SECONDS)).saturating_add(nanos))
    })
}

/// The values of a field of messages, strings or bytes.
fn fields(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    Reader::new(message).map_while(Result::ok).filter_map(move |(known, wire)| match wire {
        Wire::Bytes(bytes) if known == number => Some(bytes),
        _ => None,
    })
}

/// Base64 by either alphabet, with padding or without ("gRPC over HTTP2", Binary-Header).
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut group, mut bits) = (0u32, 0);
    let padded = text.iter().rev().take_while(|byte| **byte == b'=').count();
    for byte in &text[..text.len() - padded] {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        group = group << 6 | u32::from(sextet);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::base64;
    use crate::proto;

    fn status(kind: &str, info: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        proto::uint(&mut out, 1, 8);
        proto::bytes(&mut out, 2, b"too much");
        proto::message(&mut out, STATUS_DETAILS, |any| {
            proto::bytes(any, ANY_TYPE, b"type.googleapis.com/x.Y")
        });
        proto::message(&mut out, STATUS_DETAILS, |any| {
            proto::bytes(any, ANY_TYPE, kind.as_bytes());
            proto::bytes(any, ANY_VALUE, info);
        });
        out
    }

    const KIND: &str = "type.googleapis.com/google.rpc.RetryInfo";

    #[test]
    fn base64_is_read_as_the_rfc_writes_it() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zg", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYmE", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decoded(text.as_bytes()).unwrap(), bytes.as_bytes());
        }
        assert_eq!(decoded(b"++//"), decoded(b"--__"));
        assert_eq!(decoded(b"a,b"), None);
    }

    #[test]
    fn a_delay_is_found_among_other_details() {
        let delay = |kind: &str, info: &[u8]| retry_delay(base64::standard(&status(kind, info)).as_bytes());
        // seconds: 2, nanos: 500,000,000.
        let info = b"\x0a\x08\x08\x02\x10\x80\xca\xb5\xee\x01";
        assert_eq!(delay(KIND, info), Some(Duration::from_millis(2_500)));
        assert_eq!(delay(KIND, b""), Some(Duration::ZERO));
        // seconds: -1.
        let negative = b"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(delay(KIND, negative), Some(Duration::ZERO));
        assert_eq!(delay("type.googleapis.com/google.rpc.DebugInfo", info), None);
        for junk in [&b""[..], b"!", b"////", b"Zm9v"] {
            assert_eq!(retry_delay(junk), None);
        }
    }
}
