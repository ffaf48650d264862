//! The `baggage` header: what a caller wants everybody behind it to know. Rules by W3C Baggage.

use std::borrow::Cow;
use std::fmt;

use super::w3c::trim_ows;

/// The header.
pub const BAGGAGE: &str = "baggage";

/// A checked list of members, as it travels. Prints without the values, which are anybody's.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Baggage(String);

/// Why a member was not put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaggageError {
    /// The key is empty, or no token of HTTP (RFC 9110, section 5.6.2).
    Key,
    /// There would be more than [`Baggage::MAX_MEMBERS`] members or [`Baggage::MAX_LEN`] bytes.
    Full,
}

impl Baggage {
    /// The most members; a list with more is dropped whole.
    pub const MAX_MEMBERS: usize = 64;
    /// The longest list, in bytes; a longer one is dropped whole.
    pub const MAX_LEN: usize = 8_192;

    /// Joins the headers in the order they came. `None` where there is no member, or more of it than the specification has
    /// everybody pass on: that is looked at first, so that a flood costs nothing. Members that are malformed are left out.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut list = Self::default();
        let (mut members, mut bytes) = (0, 0);
        for header in headers {
            bytes += header.len();
            members += 1 + header.iter().filter(|&&byte| byte == b',').count();
            if bytes > Self::MAX_LEN || members > Self::MAX_MEMBERS {
                return None;
            }
            let good = header.split(|&byte| byte == b',').map(trim_ows).filter(|member| is_member(member));
            good.filter_map(|member| str::from_utf8(member).ok()).for_each(|member| list.push(member));
        }
        if list.0.is_empty() { None } else { Some(list) }
    }

    /// The value under a key, without its properties. Of several the last.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.iter().filter(|(name, _)| *name == key).last().map(|(_, value)| value)
    }

    /// All keys and values in their order, without properties.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.members().filter_map(|member| {
            let (key, rest) = member.split_once('=')?;
            let value = rest.split_once(';').map_or(rest, |(value, _)| value);
            Some((key.trim_end(), decoded(value.trim())))
        })
    }

    /// Puts in a member, in the place of those of the same key.
    ///
    /// # Errors
    /// [`BaggageError`]; nothing has changed then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), BaggageError> {
        if key.is_empty() || !key.bytes().all(is_token) {
            return Err(BaggageError::Key);
        }
        let mut list = self.without(key);
        let mut member = format!("{key}=");
        encode(value, &mut member);
        list.push(&member);
        if list.0.len() > Self::MAX_LEN || list.members().count() > Self::MAX_MEMBERS {
            return Err(BaggageError::Full);
        }
        *self = list;
        Ok(())
    }

    /// Takes out all members of a key.
    pub fn remove(&mut self, key: &str) {
        *self = self.without(key);
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn members(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').filter(|member| !member.is_empty())
    }

    fn without(&self, key: &str) -> Self {
        let mut list = Self::default();
        let others = |member: &&str| member.split_once('=').is_none_or(|(name, _)| name.trim_end() != key);
        self.members().filter(others).for_each(|member| list.push(member));
        list
    }

    fn push(&mut self, member: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(member);
    }
}

impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(key, _)| key)).finish()
    }
}

impl fmt::Display for BaggageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "a key of baggage is a token of HTTP",
            Self::Full => "baggage has no more than 64 members and 8,192 bytes",
        })
    }
}

impl std::error::Error for BaggageError {}

/// `key=value`, and perhaps properties behind semicolons.
fn is_member(member: &[u8]) -> bool {
    let Some(equals) = member.iter().position(|&byte| byte == b'=') else { return false };
    let key = trim_ows(&member[..equals]);
    let mut parts = member[equals + 1..].split(|&byte| byte == b';').map(trim_ows);
    let value = parts.next().is_some_and(|value| value.iter().copied().all(is_octet));
    let property = |property: &[u8]| {
        let (name, value) = match property.iter().position(|&byte| byte == b'=') {
            Some(at) => (trim_ows(&property[..at]), trim_ows(&property[at + 1..])),
            None => (property, &[][..]),
        };
        !name.is_empty() && name.iter().copied().all(is_token) && value.iter().copied().all(is_octet)
    };
    !key.is_empty() && key.iter().copied().all(is_token) && value && parts.all(property)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What a value may have without being encoded; `%` begins what is.
fn is_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if is_octet(byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push('%');
            let digits = crate::id::encode_hex(u64::from(byte));
            out.extend(digits[14..].iter().map(|digit| char::from(digit.to_ascii_uppercase())));
        }
    }
}

/// What percent-encoding stands for; what is no such encoding stands for itself.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, behind @ ..] = rest {
        let encoded = behind
            .first_chunk::<2>()
            .filter(|_| *first == b'%')
            .and_then(|digits| crate::id::decode_hex(&digits.map(|digit| digit.to_ascii_lowercase())));
        match encoded {
            Some(byte) => {
                bytes.push(byte as u8);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headers: &[&str]) -> Option<Baggage> {
        Baggage::parse(headers.iter().map(|header| header.as_bytes()))
    }

    #[test]
    fn the_specifications_examples_are_read() {
        let text = "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue";
        let list = parse(&[text]).unwrap();
        let all: Vec<_> = list.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(all, ["key1=value1", "key2=value2", "key3=value3"]);
        assert!(list.as_str().contains("key1=value1;property1;property2,"), "properties travel on");
        let list = parse(&["serverNode=DF%2028,userId=Am%C3%A9lie", "isProduction=false"]).unwrap();
        assert_eq!(list.get("serverNode").as_deref(), Some("DF 28"));
        assert_eq!(list.get("userId").as_deref(), Some("Amélie"));
        assert_eq!(list.get("isProduction").as_deref(), Some("false"));
        assert_eq!(list.get("isproduction"), None);
        assert_eq!(format!("{list:?}"), r#"{"serverNode", "userId", "isProduction"}"#);
    }

    #[test]
    fn bad_members_are_left_out_and_a_flood_is_dropped_whole() {
        let list = parse(&["good=1,,bad,=x,b d=1,q=\"x\",s=a b,u=\u{e9},p=1;=2,last=%zz"]).unwrap();
        assert_eq!(list.as_str(), "good=1,last=%zz");
        assert_eq!(list.get("last").as_deref(), Some("%zz"));
        assert_eq!(parse(&["", " , "]), None);
        let many = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        assert_eq!(parse(&[&many(64)]).unwrap().iter().count(), 64);
        assert_eq!(parse(&[&many(65)]), None);
        assert_eq!(parse(&[&many(40), &many(25)]), None);
        let long = |bytes: usize| format!("k={}", "v".repeat(bytes - 2));
        assert!(parse(&[&long(Baggage::MAX_LEN)]).is_some());
        assert_eq!(parse(&[&long(Baggage::MAX_LEN + 1)]), None);
    }

    #[test]
    fn what_is_set_replaces_its_key_and_reads_back() {
        let mut list = parse(&["a=1;p,b=2,a=3"]).unwrap();
        list.set("a", "x, \"y\"; 100 % é\n").unwrap();
        assert_eq!(list.as_str(), "b=2,a=x%2C%20%22y%22%3B%20100%20%25%20%C3%A9%0A");
        assert_eq!(list.get("a").as_deref(), Some("x, \"y\"; 100 % é\n"));
        assert_eq!(parse(&[list.as_str()]).as_ref(), Some(&list));
        list.remove("b");
        assert_eq!(list.iter().count(), 1);
        assert_eq!(list.set("", "x"), Err(BaggageError::Key));
        assert_eq!(list.set("a b", "x"), Err(BaggageError::Key));
        assert_eq!(list.set("c", &"x".repeat(Baggage::MAX_LEN)), Err(BaggageError::Full));
        for number in 1..Baggage::MAX_MEMBERS {
            list.set(&format!("k{number}"), "v").unwrap();
        }
        let before = list.clone();
        assert_eq!(list.set("more", "v"), Err(BaggageError::Full));
        assert_eq!(list, before);
    }
}
