//! A header by which somebody who holds a key has a request recorded, whatever the sampler says, until a time that the
//! header names.
//!
//! Its value is `<seconds>.<mac>`: the end as seconds since the Unix epoch in decimal digits, a dot, and HMAC-SHA256
//! (RFC 2104, FIPS 180-4) of the text `obs-debug:<seconds>` in 64 hexadecimal digits. It says nothing of the request, so
//! whoever sees it can use it until it ends; an end more than a day away is no good.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use obs_core::Timestamp;
use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use sha2::Sha256;

use crate::tracer::Forces;

/// What is signed stands behind this, so that no other use of the key makes a header.
const PREFIX: &[u8] = b"obs-debug:";
const MAC_BYTES: usize = 32;
/// The most digits of an end.
const DIGITS: usize = 12;

/// The key that headers are signed with. Never printed.
///
/// ```
/// use std::time::Duration;
///
/// use obs_core::Timestamp;
/// use obs_trace::signed::DebugKey;
///
/// let key = DebugKey::new(b"sixteen bytes or more")?;
/// let value = key.sign(Timestamp::from_unix_nanos(0), Duration::from_secs(600))?;
/// assert!(value.starts_with("600."));
/// # Ok::<(), obs_trace::signed::DebugKeyError>(())
/// ```
#[derive(Clone)]
pub struct DebugKey(Hmac<Sha256>);

/// Why a key, or how long a header is to count, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DebugKeyError {
    /// The key is shorter than [`DebugKey::LEAST`] bytes.
    Short,
    /// The header would count for more than [`DebugKey::LONGEST`].
    Long,
}

/// What a value is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    Accepted,
    Bad,
    Expired,
}

impl DebugKey {
    /// The fewest bytes of a key.
    pub const LEAST: usize = 16;
    /// The longest that a header counts.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// A key of these bytes.
    ///
    /// # Errors
    /// [`DebugKeyError::Short`] for fewer than [`DebugKey::LEAST`].
    pub fn new(key: &[u8]) -> Result<Self, DebugKeyError> {
        if key.len() < Self::LEAST {
            return Err(DebugKeyError::Short);
        }
        // A key of any length will do.
        Hmac::new_from_slice(key).map(Self).map_err(|_| DebugKeyError::Short)
    }

    /// The value of a header that counts from `now` on for so long.
    ///
    /// # Errors
    /// [`DebugKeyError::Long`] for longer than [`DebugKey::LONGEST`].
    pub fn sign(&self, now: Timestamp, lasting: Duration) -> Result<String, DebugKeyError> {
        if lasting > Self::LONGEST {
            return Err(DebugKeyError::Long);
        }
        let end = seconds(now).saturating_add(lasting.as_secs()).to_string();
        let mac = self.of(end.as_bytes()).finalize().into_bytes();
        Ok(mac.iter().fold(format!("{end}."), |value, byte| format!("{value}{byte:02x}")))
    }

    fn of(&self, end: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(PREFIX);
        mac.update(end);
        mac
    }

    /// The signature is looked at before anything that it stands for.
    fn worth(&self, value: &[u8], now: Timestamp) -> Worth {
        let Some((end, mac)) = parts(value) else { return Worth::Bad };
        // Compares all bytes, however early they differ.
        if self.of(end).verify_slice(&mac).is_err() {
            return Worth::Bad;
        }
        let end = end.iter().fold(0u64, |end, digit| end * 10 + u64::from(digit - b'0'));
        let now = seconds(now);
        match end.saturating_sub(now) {
            _ if end <= now => Worth::Expired,
            left if left > Self::LONGEST.as_secs() => Worth::Bad,
            _ => Worth::Accepted,
        }
    }
}

fn seconds(at: Timestamp) -> u64 {
    at.unix_nanos() / 1_000_000_000
}

/// The digits of the end, and the signature.
fn parts(value: &[u8]) -> Option<(&[u8], [u8; MAC_BYTES])> {
    let dot = value.iter().take(DIGITS + 1).position(|byte| *byte == b'.')?;
    let (end, hex) = (value.get(..dot)?, value.get(dot + 1..)?);
    if end.is_empty() || !end.iter().all(u8::is_ascii_digit) || hex.len() != 2 * MAC_BYTES {
        return None;
    }
    let mut mac = [0; MAC_BYTES];
    for (byte, pair) in mac.iter_mut().zip(hex.chunks_exact(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some((end, mac))
}

/// A key and how often headers were good and not.
#[derive(Debug)]
pub(crate) struct Checks {
    key: DebugKey,
    counts: [AtomicU64; 3],
}

impl Checks {
    pub(crate) fn new(key: DebugKey) -> Self {
        Self { key, counts: Default::default() }
    }
}

impl Forces for Checks {
    fn forces(&self, value: &[u8], now: Timestamp) -> bool {
        let worth = self.key.worth(value, now);
        self.counts[worth as usize].fetch_add(1, Ordering::Relaxed);
        worth == Worth::Accepted
    }
}

impl Source for Checks {
    fn collect(&self, meter: &mut dyn Meter) {
        for (result, count) in ["accepted", "bad", "expired"].into_iter().zip(&self.counts) {
            meter.counter(&metric::DEBUG_HEADERS, &[result], count.load(Ordering::Relaxed));
        }
    }
}

impl fmt::Debug for DebugKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugKey").finish_non_exhaustive()
    }
}

impl fmt::Display for DebugKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "key is shorter than 16 bytes",
            Self::Long => "header would count for more than a day",
        })
    }
}

impl std::error::Error for DebugKeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef";
    /// `printf obs-debug:1700000600 | openssl dgst -sha256 -hmac 0123456789abcdef`
    const SIGNED: &str = "1700000600.fe89ffc9b9b5e293495aac52dc57acced955502b8c388f1dfdd7c1102ee3c04b";

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_nanos(seconds * 1_000_000_000 + 999)
    }

    fn worth(value: &str, now: u64) -> Worth {
        DebugKey::new(KEY).unwrap().worth(value.as_bytes(), at(now))
    }

    #[test]
    fn a_header_is_signed_as_openssl_signs_it() {
        let key = DebugKey::new(KEY).unwrap();
        assert_eq!(key.sign(at(1_700_000_000), Duration::from_secs(600)).unwrap(), SIGNED);
        assert_eq!(key.sign(at(0), DebugKey::LONGEST + Duration::from_secs(1)), Err(DebugKeyError::Long));
        assert!(!format!("{key:?}").contains("0123"));
        assert_eq!(DebugKey::new(&KEY[1..]).unwrap_err(), DebugKeyError::Short);
    }

    #[test]
    fn a_header_counts_until_its_end_and_not_from_too_long_before() {
        for (now, expected) in [
            (1_700_000_000, Worth::Accepted),
            (1_700_000_599, Worth::Accepted),
            (1_700_000_600, Worth::Expired),
            (1_800_000_000, Worth::Expired),
            (1_700_000_600 - 24 * 60 * 60, Worth::Accepted),
            (1_700_000_599 - 24 * 60 * 60, Worth::Bad),
        ] {
            assert_eq!(worth(SIGNED, now), expected, "{now}");
        }
    }

    #[test]
    fn what_is_not_signed_by_the_key_is_bad_whatever_it_says() {
        let now = 1_700_000_000;
        for at in 0..SIGNED.len() {
            let mut other = SIGNED.as_bytes().to_vec();
            other[at] ^= 1;
            assert_eq!(worth(&String::from_utf8(other).unwrap(), now), Worth::Bad, "{at}");
        }
        let mac = SIGNED.split_once('.').unwrap().1;
        for bad in [
            "",
            ".",
            "1700000600",
            "1700000600.",
            &format!(".{mac}"),
            &format!("{SIGNED}0"),
            &SIGNED[..SIGNED.len() - 2],
            &format!("0{SIGNED}"),
            &format!(" {SIGNED}"),
            &format!("+{SIGNED}"),
            &format!("9999999999999999999999.{mac}"),
        ] {
            assert_eq!(worth(bad, now), Worth::Bad, "{bad}");
        }
        let other = DebugKey::new(b"0123456789abcdeg").unwrap();
        assert_eq!(other.worth(SIGNED.as_bytes(), at(now)), Worth::Bad);
    }
}
