//! The codec of Jaeger's own clients: the header `uber-trace-id`. Rules by "Propagation Format" of the Jaeger project.

use super::w3c::trim_ows;
use super::{Caller, Remote};
use crate::context::{Ids, TraceFlags};
use crate::id::{SpanId, TraceId, decode_hex};

/// The header: `{trace}:{span}:{parent}:{flags}`.
pub const UBER_TRACE_ID: &str = "uber-trace-id";

/// The length of a value as it is written.
pub const UBER_TRACE_ID_LEN: usize = 53;

const SAMPLED: u128 = 1;
const DEBUG: u128 = 2;

/// Reads a value. Numbers are hex of either case and may lack zeros in front; the parent is deprecated and not looked at; the
/// colons may be written as `%3A`, as some senders do.
pub fn parse(value: &[u8]) -> Option<Caller> {
    let value = trim_ows(value);
    let mut rest = value;
    let mut next = || {
        let (part, behind) = split(rest);
        rest = behind?;
        Some(part)
    };
    let (trace_id, span_id, _parent) = (number(next()?, 32)?, number(next()?, 16)?, next()?);
    let flags = number(rest, 2)?;
    let (trace_id, span_id) = (TraceId::new(trace_id)?, SpanId::new(u64::try_from(span_id).ok()?)?);
    let decided = TraceFlags::default();
    let decided = match flags {
        flags if flags & DEBUG != 0 => decided.debug(),
        flags => decided.sampled(flags & SAMPLED != 0),
    };
    Some(Caller::Span(Remote::new(Ids { trace_id, span_id, flags: decided })))
}

/// What stands in front of the first colon, and behind it.
fn split(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    for at in 0..text.len() {
        match &text[at..] {
            [b':', rest @ ..] | [b'%', b'3', b'a' | b'A', rest @ ..] => return (&text[..at], Some(rest)),
            _ => {}
        }
    }
    (text, None)
}

fn number(text: &[u8], most: usize) -> Option<u128> {
    if text.is_empty() || text.len() > most {
        return None;
    }
    let mut lower = [0; 32];
    let lower = &mut lower[..text.len()];
    lower.copy_from_slice(text);
    lower.make_ascii_lowercase();
    decode_hex(lower)
}

/// Writes the value for a call made under `ids`, with `0` for the parent: ASCII.
pub fn value(ids: Ids) -> [u8; UBER_TRACE_ID_LEN] {
    let mut out = [b':'; UBER_TRACE_ID_LEN];
    out[..32].copy_from_slice(&ids.trace_id.to_hex());
    out[33..49].copy_from_slice(&ids.span_id.to_hex());
    out[50] = b'0';
    out[52] = match (ids.flags.is_debug(), ids.flags.is_sampled()) {
        (true, _) => b'3',
        (false, true) => b'1',
        (false, false) => b'0',
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1";

    fn read(text: &str) -> Option<(String, String, bool, bool)> {
        let Caller::Span(remote) = parse(text.as_bytes())? else { return None };
        let (ids, flags) = ((remote.trace_id.to_string(), remote.span_id.to_string()), remote.flags);
        Some((ids.0, ids.1, flags.is_sampled(), flags.is_debug()))
    }

    #[test]
    fn ids_without_their_zeros_other_cases_and_encoded_colons_are_read() {
        let expected =
            |sampled, debug| Some((GOOD[..32].to_owned(), GOOD[33..49].to_owned(), sampled, debug));
        assert_eq!(read(GOOD), expected(true, false));
        assert_eq!(read(&GOOD.replace(":", "%3A")), expected(true, false));
        assert_eq!(read(&GOOD.replace(":0:", "::")), expected(true, false), "its parent is not looked at");
        assert_eq!(read(&format!("{}0", &GOOD[..52])), expected(false, false));
        for flags in ["3", "03", "2", "0A"] {
            assert_eq!(read(&format!("{}{flags}", &GOOD[..52])), expected(true, true), "{flags}");
        }
        assert_eq!(read(&GOOD.to_uppercase()), expected(true, false));
        assert_eq!(read("abc:1:0:1"), Some((format!("{:032x}", 0xabc), format!("{:016x}", 1), true, false)));
    }

    #[test]
    fn what_is_malformed_is_nothing() {
        for bad in [
            "",
            "::::",
            "abc:1:0",
            "abc:1:0:",
            "abc:1:0:100",
            "abc:1:0:1:1",
            "0:1:0:1",
            "abc:0:0:1",
            "xyz:1:0:1",
            "abc:12345678123456781:0:1",
            "1234567812345678123456781234567812:1:0:1",
            "abc%3:1:0:1",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for flags in ["0", "1", "3"] {
            let text = format!("{}{flags}", &GOOD[..52]);
            let Some(Caller::Span(remote)) = parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(value(remote.ids()), text.as_bytes());
        }
    }
}
