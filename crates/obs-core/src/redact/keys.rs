//! Which keys hold secrets.

use std::cell::Cell;

/// Words that make a key secret wherever they stand in it.
fn is_secret_word(word: &[u8]) -> bool {
    matches!(
        word,
        b"password"
            | b"passwords"
            | b"passwd"
            | b"passcode"
            | b"passphrase"
            | b"secret"
            | b"secrets"
            | b"authorization"
            | b"cookie"
            | b"credential"
            | b"credentials"
    )
}

/// Words, or pairs of words, that make a key secret when they end it: `access_token` is one, `token_count` is not. By
/// their last letter, so that few are compared.
fn ends(last: u8) -> &'static [&'static str] {
    match last {
        b'n' => &["token", "accesstoken", "authtoken", "refreshtoken", "pin", "ssn"],
        b'y' => &[
            "apikey",
            "api_key",
            "privatekey",
            "private_key",
            "accesskey",
            "access_key",
            "secretkey",
            "signing_key",
            "encryption_key",
        ],
        b'd' => &["session_id", "sessionid", "pwd"],
        b'r' => &["card_number", "cardnumber", "bearer"],
        b'v' => &["cvv"],
        b'c' => &["cvc"],
        b't' => &["jwt", "clientsecret"],
        b'p' => &["otp"],
        _ => &[],
    }
}

/// The most bytes of a key that are looked at.
pub(super) const LONGEST_KEY: usize = 96;

/// How many names each thread remembers its verdict on: so many sets of so many. The sets are a power of two.
const SETS: usize = 64;
const IN_A_SET: usize = 4;

/// A name in the program's text, by where it is.
#[derive(Clone, Copy)]
struct Verdict {
    address: usize,
    len: u32,
    is_secret: bool,
}

/// Nothing is at this address.
const NONE: Verdict = Verdict { address: 0, len: 0, is_secret: false };

thread_local! {
    static VERDICTS: [[Cell<Verdict>; IN_A_SET]; SETS] =
        const { [const { [const { Cell::new(NONE) }; IN_A_SET] }; SETS] };
}

/// Names lie next to each other in the program's text: only a multiplication spreads them.
#[inline]
fn set_of(key: &'static str) -> usize {
    let mixed = (key.as_ptr().addr() as u64 ^ (key.len() as u64) << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % SETS
}

/// [`is_secret`] for names in the program's text, which are the same few again and again: mostly one look-up by
/// address.
#[inline]
pub fn is_secret_static(key: &'static str) -> bool {
    let (address, len) = (key.as_ptr().addr(), key.len());
    let known = VERDICTS.try_with(|verdicts| {
        let mut known = verdicts[set_of(key)].iter().map(Cell::get);
        known.find(|known| known.address == address && known.len as usize == len)
    });
    match known {
        Ok(Some(verdict)) => verdict.is_secret,
        _ => judge_static(key),
    }
}

/// Judges a name and remembers the verdict in the place of the oldest one of its set.
#[cold]
fn judge_static(key: &'static str) -> bool {
    let is_secret = is_secret(key);
    let Ok(len) = u32::try_from(key.len()) else { return is_secret };
    let _ = VERDICTS.try_with(|verdicts| {
        let newest = Verdict { address: key.as_ptr().addr(), len, is_secret };
        let set = &verdicts[set_of(key)];
        set.iter().fold(newest, |moved, place| place.replace(moved));
    });
    is_secret
}

/// Whether a field, header or attribute of this name holds a secret. Case and the separators `-`, `.`, `_` make no
/// difference, nor does camel case.
///
/// ```
/// use obs_core::redact::is_secret;
///
/// assert!(is_secret("Authorization") && is_secret("user.password") && is_secret("accessToken"));
/// assert!(!is_secret("token_count") && !is_secret("author"));
/// ```
pub fn is_secret(key: &str) -> bool {
    Words::of(key.as_bytes()).are_secret()
}

/// The words of a key in lower case, with `_` between them.
pub(super) struct Words {
    bytes: [u8; LONGEST_KEY * 2],
    len: usize,
}

impl Words {
    pub(super) fn of(key: &[u8]) -> Self {
        // Longer names are cut from the front: what decides stands at the end far more often.
        let key = &key[key.len().saturating_sub(LONGEST_KEY)..];
        let (mut bytes, mut len) = ([0u8; LONGEST_KEY * 2], 0);
        let mut previous_lower = false;
        let mut previous_upper = false;
        for (at, &byte) in key.iter().enumerate() {
            let separator = matches!(byte, b'-' | b'.' | b'_' | b' ' | b'/' | b':');
            // `accessToken`, and behind capitals the one that a small letter follows: `APIToken`.
            let is_new =
                previous_lower || previous_upper && key.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            if separator || byte.is_ascii_uppercase() && is_new {
                bytes[len] = b'_';
                len += 1;
            }
            if !separator {
                bytes[len] = byte.to_ascii_lowercase();
                len += 1;
            }
            previous_lower = byte.is_ascii_lowercase() || byte.is_ascii_digit();
            previous_upper = byte.is_ascii_uppercase();
        }
        Self { bytes, len }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The last of them.
    pub(super) fn last(&self) -> &[u8] {
        self.as_slice().rsplit(|&byte| byte == b'_').next().unwrap_or_default()
    }

    pub(super) fn are_secret(&self) -> bool {
        self.as_slice().split(|&byte| byte == b'_').any(is_secret_word)
            // In one word, as libpq has it: `sslpassword`.
            || self.last().ends_with(b"password")
            || ends(self.bytes[self.len.saturating_sub(1)]).iter().any(|end| self.end_with(end.as_bytes()))
    }

    /// Whether whole words at the end of them are `end`.
    pub(super) fn end_with(&self, end: &[u8]) -> bool {
        let rest = self.as_slice().strip_suffix(end);
        rest.is_some_and(|rest| rest.last().is_none_or(|&byte| byte == b'_'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_programs_text_get_the_same_verdict_each_time() {
        for _ in 0..3 {
            for key in ["password", "user", "token", "token_count", "a", "b", "c", "authorization"] {
                assert_eq!(is_secret_static(key), is_secret(key), "{key}");
            }
        }
    }

    #[test]
    fn names_that_meet_at_one_set_do_not_turn_each_other_out() {
        let text: &'static str = Box::leak("abc".repeat(2_000).into_boxed_str());
        let mut names: Vec<&'static str> = (0..5_000).map(|at| &text[at..at + 3]).collect();
        names.retain(|name| set_of(name) == set_of(names_first(text)));
        names.truncate(IN_A_SET);
        assert_eq!(names.len(), IN_A_SET);
        let remembered = |name: &'static str| {
            VERDICTS.with(|verdicts| {
                verdicts[set_of(name)].iter().any(|known| known.get().address == name.as_ptr().addr())
            })
        };
        for name in &names {
            assert!(!is_secret_static(name));
        }
        assert!(names.iter().all(|name| remembered(name)));
    }

    fn names_first(text: &'static str) -> &'static str {
        &text[..3]
    }

    #[test]
    fn secrets_are_known_by_whole_words() {
        for key in [
            "password",
            "db.password",
            "PASSWORD",
            "userPassword",
            "password_hash",
            "x-api-key",
            "apiKey",
            "api_key",
            "access_token",
            "accessToken",
            "token",
            "Authorization",
            "proxy-authorization",
            "set-cookie",
            "Cookie",
            "client_secret",
            "card_number",
            "http.request.header.authorization",
            "aws_secret_access_key",
            "pwd",
            "sslpassword",
            "DBPassword",
            "APIToken",
            "userIDToken",
            "JWT",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in [
            "",
            "user",
            "token_count",
            "author",
            "passworded",
            "key",
            "spin",
            "monkey",
            "cookies_enabled2",
            "tokens",
        ] {
            assert!(!is_secret(key), "{key}");
        }
        assert!(is_secret(&format!("{}.password", "x".repeat(500))));
    }
}
