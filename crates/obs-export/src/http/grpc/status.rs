//! What became of a call: the status of gRPC, wherever the answer says it, and what it means for the batch.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::{details, percent};
use crate::http::Fate;
use crate::http::call_error::plain;

/// By number.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
const OK: u32 = 0;
const CANCELLED: u32 = 1;
const UNKNOWN: u32 = 2;
const DEADLINE_EXCEEDED: u32 = 4;
const PERMISSION_DENIED: u32 = 7;
const RESOURCE_EXHAUSTED: u32 = 8;
const ABORTED: u32 = 10;
const OUT_OF_RANGE: u32 = 11;
const UNIMPLEMENTED: u32 = 12;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const DATA_LOSS: u32 = 15;
const UNAUTHENTICATED: u32 = 16;

/// A server that is out of something says so in the words of one that finds a message too large. No server's limit is
/// as low as this, so that not every single record is tried where it is the former.
const NEVER_TOO_LARGE: usize = 64 * 1024;

/// A status, with what is needed of what stands beside it.
#[derive(Clone, Debug)]
pub(in crate::http) struct Status {
    code: u32,
    /// Its name, and the message behind a colon.
    text: String,
    /// What `RetryInfo` says, where there is one.
    retry: Option<Duration>,
}

impl Status {
    /// From the trailers, from headers where there is nothing else, or by the status of HTTP where whoever answered
    /// speaks no gRPC.
    pub(super) fn of(http: StatusCode, headers: &HeaderMap, trailers: Option<&HeaderMap>) -> Self {
        let mut places = [trailers, Some(headers)].into_iter().flatten();
        let Some(place) = places.find(|place| place.contains_key("grpc-status")) else {
            return Self::of_http(http);
        };
        let value = |name| place.get(name).map_or(&b""[..], |value| value.as_bytes());
        // What is no number is as unknown as a number that is not known.
        let code = str::from_utf8(value("grpc-status")).ok().and_then(|text| text.parse().ok());
        let retry = details::retry_delay(value("grpc-status-details-bin"));
        Self::new(code.unwrap_or(UNKNOWN), &percent::decoded(value("grpc-message")), retry)
    }

    fn of_http(http: StatusCode) -> Self {
        let code = match http.as_u16() {
            400 => INTERNAL,
            401 => UNAUTHENTICATED,
            403 => PERMISSION_DENIED,
            404 => UNIMPLEMENTED,
            429 | 502 | 503 | 504 => UNAVAILABLE,
            _ => UNKNOWN,
        };
        Self::new(code, &format!("HTTP status {} and no grpc-status", http.as_u16()), None)
    }

    fn new(code: u32, message: &str, retry: Option<Duration>) -> Self {
        let known = usize::try_from(code).ok().and_then(|code| NAMES.get(code));
        let name = known.map_or_else(|| code.to_string(), |name| (*name).to_owned());
        let message = plain(message.as_bytes());
        let text = if message.is_empty() { name } else { format!("{name}: {message}") };
        Self { code, text, retry }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.code == OK
    }

    pub(in crate::http) fn text(&self) -> &str {
        &self.text
    }

    /// By the table of OTLP/gRPC ("Failures" in the OTLP specification), and where closed doors are tried again by that.
    pub(in crate::http) fn fate(&self, access: bool) -> Fate {
        match self.code {
            OK => Fate::Accepted,
            CANCELLED | DEADLINE_EXCEEDED | ABORTED | OUT_OF_RANGE | UNAVAILABLE | DATA_LOSS => Fate::Retry,
            RESOURCE_EXHAUSTED if self.retry.is_some() => Fate::Retry,
            UNAUTHENTICATED | PERMISSION_DENIED | UNIMPLEMENTED if access => Fate::Retry,
            _ => Fate::Rejected,
        }
    }

    pub(in crate::http) fn is_its_own_trouble(&self) -> bool {
        self.code != RESOURCE_EXHAUSTED
    }

    /// How long it asks to be left alone; not at all is as good as no word of it.
    pub(in crate::http) fn asked(&self) -> Option<Duration> {
        self.retry.filter(|delay| !delay.is_zero())
    }

    pub(in crate::http) fn is_too_large(&self, bytes: usize) -> bool {
        self.code == RESOURCE_EXHAUSTED && bytes > NEVER_TOO_LARGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn the_table_is_that_of_otlp() {
        for code in 0..20 {
            let expected = match code {
                0 => Fate::Accepted,
                1 | 4 | 10 | 11 | 14 | 15 => Fate::Retry,
                _ => Fate::Rejected,
            };
            assert_eq!(Status::new(code, "", None).fate(false), expected, "{code}");
            let with_info = Status::new(code, "", Some(Duration::ZERO)).fate(false);
            assert_eq!(with_info, if code == 8 { Fate::Retry } else { expected }, "{code}");
            let door = if [7, 12, 16].contains(&code) { Fate::Retry } else { expected };
            assert_eq!(Status::new(code, "", None).fate(true), door, "{code}");
        }
    }

    #[test]
    fn a_proxys_status_is_mapped_as_grpc_says() {
        for (http, name) in [
            (400, "INTERNAL"),
            (401, "UNAUTHENTICATED"),
            (403, "PERMISSION_DENIED"),
            (404, "UNIMPLEMENTED"),
            (429, "UNAVAILABLE"),
            (502, "UNAVAILABLE"),
            (503, "UNAVAILABLE"),
            (504, "UNAVAILABLE"),
            (200, "UNKNOWN"),
            (413, "UNKNOWN"),
            (500, "UNKNOWN"),
        ] {
            let status = Status::of(StatusCode::from_u16(http).unwrap(), &HeaderMap::new(), None);
            assert_eq!(status.text(), format!("{name}: HTTP status {http} and no grpc-status"));
        }
    }

    #[test]
    fn trailers_count_before_headers_and_headers_before_the_status_of_http() {
        let (ok, unavailable) = (header("grpc-status", "0"), header("grpc-status", "14"));
        let of = |http, headers: &HeaderMap, trailers| Status::of(http, headers, trailers).code;
        assert_eq!(of(StatusCode::OK, &ok, Some(&unavailable)), UNAVAILABLE);
        let none = HeaderMap::new();
        assert_eq!(of(StatusCode::OK, &unavailable, Some(&none)), UNAVAILABLE);
        assert_eq!(of(StatusCode::BAD_GATEWAY, &ok, None), OK);
        assert_eq!(of(StatusCode::OK, &header("grpc-status", "x"), None), UNKNOWN);
        assert_eq!(Status::of(StatusCode::OK, &header("grpc-status", "99"), None).text(), "99");
    }
}
