//! The B3 codec: the ids of Zipkin, in one header or in several. Rules by "openzipkin/b3-propagation".

use super::w3c::trim_ows;
use super::{Caller, Remote};
use crate::context::{Ids, TraceFlags};
use crate::id::{SpanId, TraceId};

/// The header that holds everything.
pub const B3: &str = "b3";
/// The headers that hold it one by one.
pub const X_B3_TRACE_ID: &str = "x-b3-traceid";
/// The caller's span.
pub const X_B3_SPAN_ID: &str = "x-b3-spanid";
/// The caller's parent; read by nobody, and removed where a call is written.
pub const X_B3_PARENT_SPAN_ID: &str = "x-b3-parentspanid";
/// Whether the trace is recorded: `0` or `1`.
pub const X_B3_SAMPLED: &str = "x-b3-sampled";
/// `1` for debug: recorded, whatever anybody decides.
pub const X_B3_FLAGS: &str = "x-b3-flags";

/// The length of a `b3` value as it is written.
pub const B3_LEN: usize = 51;

/// What a caller decided. Nothing said means that it is for us to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Deferred,
    Denied,
    Accepted,
    Debug,
}

impl State {
    fn parse(text: &[u8]) -> Option<Self> {
        match text {
            // Some old senders write words.
            b"0" | b"false" => Some(Self::Denied),
            b"1" | b"true" => Some(Self::Accepted),
            b"d" => Some(Self::Debug),
            _ => None,
        }
    }

    /// Without ids: all that there is, is the wish.
    fn alone(self) -> Option<Caller> {
        match self {
            Self::Deferred => None,
            Self::Denied => Some(Caller::Asks(false)),
            Self::Accepted | Self::Debug => Some(Caller::Asks(true)),
        }
    }

    fn with(self, trace_id: TraceId, span_id: SpanId) -> Caller {
        let flags = match self {
            Self::Deferred | Self::Denied => TraceFlags::default(),
            Self::Accepted => TraceFlags::default().sampled(true),
            Self::Debug => TraceFlags::default().debug(),
        };
        let mut remote = Remote::new(Ids { trace_id, span_id, flags });
        remote.is_deferred = self == Self::Deferred;
        Caller::Span(remote)
    }
}

/// Reads the one header: `{trace}-{span}`, `{trace}-{span}-{state}`, `{trace}-{span}-{state}-{parent}`, or a state alone.
pub fn parse(value: &[u8]) -> Option<Caller> {
    let value = trim_ows(value);
    if let Some(state) = State::parse(value) {
        return state.alone();
    }
    let mut parts = value.split(|&byte| byte == b'-');
    let (trace_id, span_id) = (trace_id(parts.next()?)?, SpanId::parse(parts.next()?)?);
    let state = parts.next().map_or(Some(State::Deferred), State::parse)?;
    // The caller's parent is nobody's business here, but a value that goes on with anything else is no B3.
    if let Some(parent) = parts.next() {
        SpanId::parse(parent)?;
    }
    if parts.next().is_some() { None } else { Some(state.with(trace_id, span_id)) }
}

/// Reads the several headers, each of which may be missing.
pub fn parse_multi(
    trace_id: Option<&[u8]>,
    span_id: Option<&[u8]>,
    sampled: Option<&[u8]>,
    flags: Option<&[u8]>,
) -> Option<Caller> {
    let state = match (flags.map(trim_ows), sampled.map(trim_ows)) {
        (Some(b"1"), _) => State::Debug,
        // Debug belongs in the flags.
        (_, Some(b"d")) => return None,
        (_, Some(sampled)) => State::parse(sampled)?,
        (_, None) => State::Deferred,
    };
    match (trace_id.map(trim_ows), span_id.map(trim_ows)) {
        (Some(trace_id), Some(span_id)) => {
            Some(state.with(self::trace_id(trace_id)?, SpanId::parse(span_id)?))
        }
        (None, None) => state.alone(),
        _ => None,
    }
}

/// 32 lower-case hex digits, or the lower 16 of them.
fn trace_id(text: &[u8]) -> Option<TraceId> {
    if text.iter().any(u8::is_ascii_uppercase) { None } else { TraceId::parse_lenient(text) }
}

/// The state as it is written: one byte.
pub(super) fn state(flags: TraceFlags) -> u8 {
    match (flags.is_debug(), flags.is_sampled()) {
        (true, _) => b'd',
        (false, true) => b'1',
        (false, false) => b'0',
    }
}

/// Writes the one header, without a parent: ASCII.
pub fn value(ids: Ids) -> [u8; B3_LEN] {
    let mut out = [b'-'; B3_LEN];
    out[..32].copy_from_slice(&ids.trace_id.to_hex());
    out[33..49].copy_from_slice(&ids.span_id.to_hex());
    out[50] = state(ids.flags);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    const SPAN: &str = "e457b5a2e4d86bd1";

    fn span(text: &str) -> Option<(String, String, bool, bool, bool)> {
        told(parse(text.as_bytes()))
    }

    /// Trace, span, sampled, debug, deferred.
    fn told(caller: Option<Caller>) -> Option<(String, String, bool, bool, bool)> {
        let Some(Caller::Span(remote)) = caller else { return None };
        let flags = remote.flags;
        let ids = (remote.trace_id.to_string(), remote.span_id.to_string());
        Some((ids.0, ids.1, flags.is_sampled(), flags.is_debug(), remote.is_deferred))
    }

    #[test]
    fn the_specifications_examples_are_read() {
        let ids = (TRACE.to_owned(), SPAN.to_owned());
        let expected =
            |sampled, debug, deferred| Some((ids.0.clone(), ids.1.clone(), sampled, debug, deferred));
        assert_eq!(span(&format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90")), expected(true, false, false));
        assert_eq!(span(&format!("{TRACE}-{SPAN}-1")), expected(true, false, false));
        assert_eq!(span(&format!("{TRACE}-{SPAN}-0")), expected(false, false, false));
        assert_eq!(span(&format!("{TRACE}-{SPAN}-d")), expected(true, true, false));
        assert_eq!(span(&format!(" {TRACE}-{SPAN}\t")), expected(false, false, true));
        let (half, padded) = (&TRACE[16..], format!("{}{}", "0".repeat(16), &TRACE[16..]));
        assert_eq!(span(&format!("{half}-{SPAN}-1")), Some((padded, SPAN.to_owned(), true, false, false)));
        assert_eq!(parse(b"0"), Some(Caller::Asks(false)));
        assert_eq!(parse(b"1"), Some(Caller::Asks(true)));
        assert_eq!(parse(b"d"), Some(Caller::Asks(true)));
    }

    #[test]
    fn what_is_malformed_is_nothing() {
        for bad in [
            String::new(),
            String::from("2"),
            TRACE.to_owned(),
            format!("{TRACE}-"),
            format!("-{SPAN}"),
            format!("{}-{SPAN}", TRACE.to_uppercase()),
            format!("{TRACE}-{}", SPAN.to_uppercase()),
            format!("{}-{SPAN}", &TRACE[1..]),
            format!("{TRACE}-{}", &SPAN[1..]),
            format!("{}-{SPAN}-1", "0".repeat(32)),
            format!("{TRACE}-{}-1", "0".repeat(16)),
            format!("{TRACE}-{SPAN}-2"),
            format!("{TRACE}-{SPAN}-"),
            format!("{TRACE}-{SPAN}-1-zz"),
            format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90-1"),
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn several_headers_say_the_same() {
        let (trace, id) = (Some(TRACE.as_bytes()), Some(SPAN.as_bytes()));
        let read = |sampled: Option<&'static [u8]>, flags: Option<&'static [u8]>| {
            told(parse_multi(trace, id, sampled, flags))
                .map(|(.., sampled, debug, deferred)| (sampled, debug, deferred))
        };
        assert_eq!(read(Some(b"1"), None), Some((true, false, false)));
        assert_eq!(read(Some(b"true"), None), Some((true, false, false)));
        assert_eq!(read(Some(b"0"), None), Some((false, false, false)));
        assert_eq!(read(None, None), Some((false, false, true)));
        assert_eq!(read(Some(b"0"), Some(b"1")), Some((true, true, false)));
        assert_eq!(read(Some(b"1"), Some(b"0")), Some((true, false, false)));
        assert_eq!(read(Some(b"d"), None), None);
        assert_eq!(read(Some(b"x"), None), None);
        assert_eq!(parse_multi(None, None, Some(b"0"), None), Some(Caller::Asks(false)));
        assert_eq!(parse_multi(None, None, None, Some(b"1")), Some(Caller::Asks(true)));
        assert_eq!(parse_multi(None, None, None, None), None);
        assert_eq!(parse_multi(trace, None, Some(b"1"), None), None);
        assert_eq!(parse_multi(None, id, Some(b"1"), None), None);
    }

    #[test]
    fn what_is_written_reads_back() {
        for state in ["0", "1", "d"] {
            let text = format!("{TRACE}-{SPAN}-{state}");
            let Some(Caller::Span(remote)) = parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(value(remote.ids()), text.as_bytes());
        }
    }
}
