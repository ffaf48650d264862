//! The id a client or gateway gave a request, or the one made here: what a user reads out to support.

use std::fmt;
use std::str::FromStr;

/// Up to 128 characters of `[A-Za-z0-9._~+/=@-]`, held inline: parsing and copying never touch the heap.
///
/// ```
/// use obs_core::RequestId;
///
/// let id = RequestId::parse("ORD-2024-98765")?;
/// assert_eq!(id.as_str(), "ORD-2024-98765");
/// assert!(RequestId::parse("two words").is_err());
/// # Ok::<(), obs_core::RequestIdError>(())
/// ```
// At the beginning of whole words, where the check of `as_str` reads a word at a time.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct RequestId {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

/// Why a text is no request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestIdError {
    /// Nothing there.
    Empty,
    /// More than [`RequestId::MAX_LEN`] bytes; holds the length found.
    TooLong(usize),
    /// A byte outside the allowed set; holds its offset.
    Byte(usize),
}

impl RequestId {
    /// The longest id accepted, in characters (each is one byte).
    pub const MAX_LEN: usize = 128;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`RequestIdError`] names the first fault.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, RequestIdError> {
        let text = text.as_ref();
        if text.is_empty() {
            return Err(RequestIdError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(RequestIdError::TooLong(text.len()));
        }
        if let Some(at) = text.iter().position(|&byte| !allowed(byte)) {
            return Err(RequestIdError::Byte(at));
        }
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..text.len()].copy_from_slice(text);
        Ok(Self { len: text.len() as u8, bytes })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets past `parse`, so the fallback is never taken.
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The id as ASCII bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    pub(crate) fn from_hex(digits: [u8; 32]) -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..32].copy_from_slice(&digits);
        Self { len: 32, bytes }
    }
}

const fn allowed(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'@' | b'-')
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RequestId {}

impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

impl fmt::Display for RequestIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("request id is empty"),
            Self::TooLong(len) => {
                write!(f, "request id has {len} bytes, at most {} are allowed", RequestId::MAX_LEN)
            }
            Self::Byte(at) => write!(f, "request id has a byte outside [A-Za-z0-9._~+/=@-] at offset {at}"),
        }
    }
}

impl std::error::Error for RequestIdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_128_allowed_characters_are_kept_and_all_else_is_named() {
        for good in ["a", "ORD-2024-98765", "A.z_0~9+/=@-", &"x".repeat(128)] {
            assert_eq!(RequestId::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(RequestId::parse(""), Err(RequestIdError::Empty));
        assert_eq!(RequestId::parse("x".repeat(129)), Err(RequestIdError::TooLong(129)));
        assert_eq!(RequestId::parse(vec![b'a'; 8192]), Err(RequestIdError::TooLong(8192)));
        for bad in ["a b", "a\nb", "a\"b", "a,b", "a\u{e9}", "a\0"] {
            assert_eq!(RequestId::parse(bad), Err(RequestIdError::Byte(1)), "{bad:?}");
        }
        assert_eq!(RequestId::parse(b"\xff\xfe"), Err(RequestIdError::Byte(0)));
    }

    #[test]
    fn every_byte_is_judged_by_the_documented_set() {
        let set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=@-";
        for byte in 0..=255u8 {
            assert_eq!(RequestId::parse([byte]).is_ok(), set.as_bytes().contains(&byte), "{byte}");
        }
    }
}
