//! The id shared by every span, line and exemplar of one trace.

use std::fmt;
use std::num::NonZeroU128;

use super::hex;

/// 16 bytes, never all zero (W3C Trace Context, section 3.2.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(NonZeroU128);

impl TraceId {
    /// From a big-endian number; `None` for zero, which the specification declares invalid.
    pub const fn new(value: u128) -> Option<Self> {
        match NonZeroU128::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// From the 16 bytes as they travel; `None` when all are zero.
    pub const fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Self::new(u128::from_be_bytes(bytes))
    }

    /// Reads exactly 32 lower-case hex digits.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != 32 {
            return None;
        }
        Self::new(hex::decode(text)?)
    }

    /// Reads what other systems than W3C Trace Context write: 32 hex digits, or 16 for an id of half the length, which is
    /// padded with zeros on the left (B3 propagation, "TraceId"); of either case.
    pub fn parse_lenient(text: &[u8]) -> Option<Self> {
        if text.len() != 32 && text.len() != 16 {
            return None;
        }
        let mut lower = [0; 32];
        let lower = &mut lower[..text.len()];
        lower.copy_from_slice(text);
        lower.make_ascii_lowercase();
        Self::new(hex::decode(lower)?)
    }

    /// The number, most significant byte first on the wire.
    pub const fn get(self) -> u128 {
        self.0.get()
    }

    /// The 16 bytes as they travel.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.get().to_be_bytes()
    }

    /// The 32 lower-case hex digits, ASCII.
    pub fn to_hex(self) -> [u8; 32] {
        hex::encode_wide(self.get())
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.get())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_and_only_lower_case_of_exact_length_is_read() {
        let text = b"0af7651916cd43dd8448eb211c80319c";
        let id = TraceId::parse(text).unwrap();
        assert_eq!(&id.to_hex(), text);
        assert_eq!(id.to_string().as_bytes(), text);
        assert_eq!(TraceId::from_bytes(id.to_bytes()), Some(id));
        for bad in [&text[1..], b"0AF7651916CD43DD8448EB211C80319C", &[b'0'; 32], b"", &[b'g'; 32]] {
            assert_eq!(TraceId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_lenient_reader_takes_half_an_id_and_upper_case_and_nothing_else() {
        let read = |text: &[u8]| TraceId::parse_lenient(text).map(|id| id.to_string());
        let whole = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(read(whole.as_bytes()).as_deref(), Some(whole));
        assert_eq!(read(whole.to_uppercase().as_bytes()).as_deref(), Some(whole));
        assert_eq!(read(b"8448eb211c80319c").as_deref(), Some("00000000000000008448eb211c80319c"));
        for bad in [
            &b""[..],
            b"8448eb211c80319",
            b"8448eb211c80319cc",
            &[b'0'; 16],
            &[b'0'; 32],
            &[b'g'; 32],
            &[0xff; 16],
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
