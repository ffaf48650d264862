//! The `tracestate` header: other vendors' data, checked and carried on unread.

use std::fmt;

use super::w3c::trim_ows;

/// A checked list of members (W3C Trace Context, section 3.3).
#[derive(Clone, PartialEq, Eq)]
pub struct TraceState(Box<str>);

const MAX_MEMBERS: usize = 32;
/// The length every implementation must be able to pass on (section 3.3.1.5), and the most that is kept here.
const MAX_LEN: usize = 512;
/// Members above this length go first when the list is too long (section 3.3.1.5).
const LONG_MEMBER: usize = 128;

impl TraceState {
    /// Joins the headers in the order they came. `None` when there is no member, or when any rule is broken: a bad
    /// list is dropped whole and leaves the `traceparent` valid.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut members: [&[u8]; MAX_MEMBERS] = [&[]; MAX_MEMBERS];
        let mut count = 0;
        for header in headers {
            for member in header.split(|&byte| byte == b',') {
                let member = trim_ows(member);
                if member.is_empty() {
                    continue;
                }
                if count == MAX_MEMBERS || !valid_member(member) {
                    return None;
                }
                members[count] = member;
                count += 1;
            }
        }
        let mut members = members[..count].to_vec();
        while joined_len(&members) > MAX_LEN {
            match members.iter().rposition(|member| member.len() > LONG_MEMBER) {
                Some(long) => members.remove(long),
                None => members.pop()?,
            };
        }
        let joined = String::from_utf8(members.join(&b',')).ok()?;
        if joined.is_empty() { None } else { Some(Self(joined.into_boxed_str())) }
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn joined_len(members: &[&[u8]]) -> usize {
    members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1)
}

fn valid_member(member: &[u8]) -> bool {
    let Some(equals) = member.iter().position(|&byte| byte == b'=') else { return false };
    valid_key(&member[..equals]) && valid_value(&member[equals + 1..])
}

fn valid_key(key: &[u8]) -> bool {
    match key.iter().position(|&byte| byte == b'@') {
        None => valid_name(key, 256, u8::is_ascii_lowercase),
        Some(at) => {
            valid_name(&key[..at], 241, |first| first.is_ascii_lowercase() || first.is_ascii_digit())
                && valid_name(&key[at + 1..], 14, u8::is_ascii_lowercase)
        }
    }
}

fn valid_name(name: &[u8], max: usize, first: impl Fn(&u8) -> bool) -> bool {
    let rest = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/');
    name.len() <= max && name.first().is_some_and(first) && name.iter().all(rest)
}

fn valid_value(value: &[u8]) -> bool {
    let printable = |byte: &u8| matches!(byte, 0x20..=0x7e) && *byte != b',' && *byte != b'=';
    (1..=256).contains(&value.len()) && value.iter().all(printable)
}

impl fmt::Debug for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceState({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headers: &[&str]) -> Option<String> {
        TraceState::parse(headers.iter().map(|header| header.as_bytes()))
            .map(|state| state.as_str().to_owned())
    }

    #[test]
    fn headers_are_joined_in_order_and_white_space_is_trimmed() {
        assert_eq!(parse(&["a=1, b=2", "c=3"]).as_deref(), Some("a=1,b=2,c=3"));
        assert_eq!(parse(&["\ta=1 ,,  ", "", "b=2"]).as_deref(), Some("a=1,b=2"));
        assert_eq!(parse(&["fw529a3039@dt=FfAz_x"]).as_deref(), Some("fw529a3039@dt=FfAz_x"));
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&[" , "]), None);
    }

    #[test]
    fn one_bad_member_or_33_members_drop_the_whole_list() {
        let list = |n: usize| (0..n).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        assert!(parse(&[&list(32)]).is_some());
        assert_eq!(parse(&[&list(33)]), None);
        let long_key = format!("{}=1", "k".repeat(257));
        let long_tenant = format!("{}@s=1", "t".repeat(242));
        let long_value = format!("k={}", "v".repeat(257));
        for bad in [
            "A=1",
            "1a=1",
            "a",
            "=1",
            "a=",
            "a=1=2",
            "a@=1",
            "@b=1",
            "a@1b=1",
            "a@b@c=1",
            "a b=1",
            "a=\u{1}",
            "a=\u{e9}",
            "t@abcdefghijklmno=1",
            &long_key,
            &long_tenant,
            &long_value,
        ] {
            assert_eq!(parse(&["ok=1", bad]), None, "{bad:?}");
        }
        assert!(parse(&[&format!("{}=1", "k".repeat(256))]).is_some());
        assert!(parse(&[&format!("{}@s=1", "9".repeat(241))]).is_some());
    }

    #[test]
    fn a_long_list_loses_its_long_members_first_and_then_its_last() {
        let long = format!("long={}", "x".repeat(200));
        let short: Vec<_> = (0..20).map(|n| format!("k{n:02}={}", "v".repeat(16))).collect();
        let all = format!("{long},{}", short.join(","));
        assert_eq!(parse(&[&all]).unwrap(), short.join(","));
        let many: Vec<_> = (0..32).map(|n| format!("k{n:02}={}", "v".repeat(16))).collect();
        let kept = parse(&[&many.join(",")]).unwrap();
        assert!(kept.len() <= 512 && many.join(",").starts_with(&kept), "{kept}");
        assert!(kept.len() > 512 - 22);
    }
}
