//! The strict W3C Trace Context codec: `traceparent` and `tracestate`, level 2.

use super::{Remote, TraceState};
use crate::context::{Ids, TraceFlags};
use crate::id::{SpanId, TraceId};

/// The header that holds the caller's ids.
pub const TRACEPARENT: &str = "traceparent";
/// The header that holds other vendors' data.
pub const TRACESTATE: &str = "tracestate";

/// The length of a version 00 `traceparent`.
pub const TRACEPARENT_LEN: usize = 55;

/// Reads the caller's span from all headers of the two names, in the order they came.
///
/// `None` when there is no `traceparent`, more than one, or a malformed one; then `tracestate` is ignored too
/// (section 4.3). A malformed `tracestate` leaves the ids valid.
pub fn extract<'a>(
    traceparents: impl IntoIterator<Item = &'a [u8]>,
    tracestates: impl IntoIterator<Item = &'a [u8]>,
) -> Option<Remote> {
    let mut traceparents = traceparents.into_iter();
    let ids = parse_traceparent(traceparents.next()?)?;
    if traceparents.next().is_some() {
        return None;
    }
    let trace_state = TraceState::parse(tracestates);
    Some(Remote { trace_state, ..Remote::new(ids) })
}

/// Reads one `traceparent` value (section 3.2): exact lengths, lower case, no zero ids, version not `ff`. A version
/// above 00 is read by its prefix, and must go on with `-` or end there.
pub fn parse_traceparent(value: &[u8]) -> Option<Ids> {
    let value = trim_ows(value);
    let (prefix, rest) = value.split_at_checked(TRACEPARENT_LEN)?;
    let version = hex_byte(&prefix[..2])?;
    let end_is_right = match version {
        0xff => false,
        0 => rest.is_empty(),
        _ => rest.is_empty() || rest[0] == b'-',
    };
    if !end_is_right || prefix[2] != b'-' || prefix[35] != b'-' || prefix[52] != b'-' {
        return None;
    }
    Some(Ids {
        trace_id: TraceId::parse(&prefix[3..35])?,
        span_id: SpanId::parse(&prefix[36..52])?,
        flags: TraceFlags::from_byte(hex_byte(&prefix[53..])?),
    })
}

/// Writes the version 00 value for a call made under `ids`: ASCII, unknown flags zero.
pub fn traceparent(ids: Ids) -> [u8; TRACEPARENT_LEN] {
    let mut out = [b'-'; TRACEPARENT_LEN];
    out[..2].copy_from_slice(b"00");
    out[3..35].copy_from_slice(&ids.trace_id.to_hex());
    out[36..52].copy_from_slice(&ids.span_id.to_hex());
    out[53..].copy_from_slice(&crate::id::encode_hex(ids.flags.to_byte().into())[14..]);
    out
}

/// Optional white space of RFC 9110, section 5.6.3: spaces and tabs.
pub(super) fn trim_ows(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    Some(crate::id::decode_hex(digits)? as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_good_value_round_trips() {
        for flags in ["00", "01", "02", "03"] {
            let value = format!("{}{flags}", &GOOD[..53]);
            let ids = parse_traceparent(value.as_bytes()).unwrap();
            assert_eq!(ids.flags.is_sampled(), flags.ends_with(['1', '3']));
            assert_eq!(traceparent(ids), value.as_bytes());
        }
        let unknown_flags = format!("{}fd", &GOOD[..53]);
        let ids = parse_traceparent(unknown_flags.as_bytes()).unwrap();
        assert!(traceparent(ids).ends_with(b"-01"), "unknown flags are not passed on");
    }

    #[test]
    fn surrounding_white_space_is_trimmed() {
        assert!(parse_traceparent(format!(" \t{GOOD}\t ").as_bytes()).is_some());
    }

    #[test]
    fn malformed_values_are_refused() {
        let replaced = |at: usize, with: &str| format!("{}{with}{}", &GOOD[..at], &GOOD[at + with.len()..]);
        for bad in [
            String::new(),
            GOOD[..54].to_owned(),
            format!("{GOOD}0"),
            format!("{GOOD}-00"),
            format!("0{GOOD}"),
            GOOD.to_uppercase(),
            replaced(0, "ff"),
            replaced(0, "0g"),
            replaced(2, "_"),
            replaced(35, " "),
            replaced(52, "+"),
            replaced(3, &"0".repeat(32)),
            replaced(36, &"0".repeat(16)),
            replaced(53, "0A"),
            replaced(53, "g0"),
            replaced(10, "\u{e9}"),
        ] {
            assert_eq!(parse_traceparent(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(parse_traceparent(&[0xff; 55]), None);
    }

    #[test]
    fn a_future_version_is_read_by_its_prefix() {
        let future = |tail: &str| format!("cc{}{tail}", &GOOD[2..]);
        for good in ["", "-", "-what-the-future-will-be"] {
            assert!(parse_traceparent(future(good).as_bytes()).is_some(), "{good:?}");
        }
        assert_eq!(parse_traceparent(future(".x").as_bytes()), None);
    }

    #[test]
    fn two_traceparents_are_none_and_a_bad_tracestate_keeps_the_ids() {
        let good = GOOD.as_bytes();
        assert_eq!(extract([good, good], [&b"a=1"[..]]), None);
        assert_eq!(extract([], [&b"a=1"[..]]), None);
        let remote = extract([good], [&b"BAD=1"[..]]).unwrap();
        assert_eq!(remote.trace_state, None);
        let remote = extract([good], [&b"a=1"[..], b"b=2"]).unwrap();
        assert_eq!(remote.trace_state.unwrap().as_str(), "a=1,b=2");
    }
}
