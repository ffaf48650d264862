//! The id of one span inside its trace.

use std::fmt;
use std::num::NonZeroU64;

use super::hex;

/// 8 bytes, never all zero (W3C Trace Context, section 3.2.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// From a big-endian number; `None` for zero, which the specification declares invalid.
    pub const fn new(value: u64) -> Option<Self> {
        match NonZeroU64::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// From the 8 bytes as they travel; `None` when all are zero.
    pub const fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        Self::new(u64::from_be_bytes(bytes))
    }

    /// Reads exactly 16 lower-case hex digits.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != 16 {
            return None;
        }
        Self::new(hex::decode(text)? as u64)
    }

    /// The number, most significant byte first on the wire.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The 8 bytes as they travel.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.get().to_be_bytes()
    }

    /// The 16 lower-case hex digits, ASCII.
    pub fn to_hex(self) -> [u8; 16] {
        hex::encode(self.get())
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.get())
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_and_zero_is_refused() {
        let id = SpanId::parse(b"b7ad6b7169203331").unwrap();
        assert_eq!(&id.to_hex(), b"b7ad6b7169203331");
        assert_eq!(SpanId::parse(b"0000000000000000"), None);
        assert_eq!(SpanId::parse(b"b7ad6b716920333"), None);
        assert_eq!(SpanId::parse(b"B7AD6B7169203331"), None);
    }
}
