//! What gRPC looks like from outside of its messages: the content type, the code, the deadline, the borders of messages. By
//! "gRPC over HTTP2" of gRPC's protocol documents.

mod messages;
mod methods;

use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use obs_core::observe::RpcCode;

pub(crate) use messages::Messages;
pub(crate) use methods::Methods;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The longest message of a status that is read, in bytes as it is written.
const MAX_MESSAGE: usize = 1_024;

/// Whether a request or an answer of this content type is one of gRPC: `application/grpc`, alone or followed by `+` or `;`. That
/// of gRPC-Web is another protocol, whose answers have their status inside of the body.
pub(crate) fn is_grpc(content_type: &HeaderValue) -> bool {
    match content_type.as_bytes().split_at_checked(16) {
        Some((head, rest)) => {
            head.eq_ignore_ascii_case(b"application/grpc") && matches!(rest.first(), None | Some(b'+' | b';'))
        }
        None => false,
    }
}

/// The code that headers or trailers tell.
pub(crate) fn code(headers: &HeaderMap) -> Option<RpcCode> {
    headers.get(STATUS).map(|status| RpcCode::parse(status.as_bytes()))
}

/// The text that goes with the code, without its percent-encoding.
pub(crate) fn message(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(MESSAGE)?.as_bytes();
    let mut plain = Vec::with_capacity(text.len().min(MAX_MESSAGE));
    let mut rest = text;
    while let [first, after @ ..] = rest {
        if plain.len() >= MAX_MESSAGE {
            // What looks for secrets has to know that there was more.
            plain.extend_from_slice("…".as_bytes());
            break;
        }
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high << 4 | low) as u8);
                rest = &after[2..];
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    (!plain.is_empty()).then(|| String::from_utf8_lossy(&plain).into_owned())
}

/// How long the caller of a request of gRPC waits, where it says so and by `Timeout` of "gRPC over HTTP2".
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let (unit, digits) = headers.get(TIMEOUT)?.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(number * 3_600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn grpc_is_told_by_its_content_type() {
        for (text, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc+json", true),
            ("application/grpc;charset=utf-8", true),
            ("Application/GRPC", true),
            ("application/grpc-web", false),
            ("application/grpc-web+proto", false),
            ("application/grpcs", false),
            ("application/json", false),
            ("application/grp", false),
            ("", false),
        ] {
            assert_eq!(is_grpc(&HeaderValue::from_static(text)), expected, "{text}");
        }
    }

    /// By the grammar `Timeout` of "gRPC over HTTP2": at most eight digits and a unit.
    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        let timeout = |text| timeout(&one(TIMEOUT, text));
        for (text, expected) in [
            ("1H", Duration::from_secs(3_600)),
            ("2M", Duration::from_secs(120)),
            ("99999999S", Duration::from_secs(99_999_999)),
            ("100m", Duration::from_millis(100)),
            ("7u", Duration::from_micros(7)),
            ("5n", Duration::from_nanos(5)),
        ] {
            assert_eq!(timeout(text), Some(expected), "{text}");
        }
        for bad in ["", "S", "1", "1s", "123456789S", "-1S", "1.5S", "+1S", "1 S"] {
            assert_eq!(timeout(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_message_is_read_without_its_percent_encoding() {
        let message = |text| message(&one(MESSAGE, text));
        assert_eq!(message("no%20such%20order: %E2%82%AC"), Some("no such order: \u{20ac}".to_owned()));
        assert_eq!(message("100% %zz %4"), Some("100% %zz %4".to_owned()));
        assert_eq!(message(""), None);
        let (long, spaces) = ("x".repeat(5_000), "%20".repeat(MAX_MESSAGE));
        assert_eq!(message(&long), Some("x".repeat(MAX_MESSAGE) + "…"));
        assert_eq!(message(&spaces), Some(" ".repeat(MAX_MESSAGE)));
    }
}
