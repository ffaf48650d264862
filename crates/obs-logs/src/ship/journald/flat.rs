//! Reads a flat JSON object as lines are: texts, numbers, `true`, `false` and `null` by name.

use std::borrow::Cow;

/// The members of a flat object, each with its text: that of a text without its escapes, anything else as it is written.
/// `None` where it is none.
pub(super) fn members(line: &str) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let mut rest = line.strip_prefix('{')?;
    let mut members = Vec::with_capacity(16);
    loop {
        if rest == "}" {
            return Some(members);
        }
        if !members.is_empty() {
            rest = rest.strip_prefix(',')?;
        }
        let (name, behind) = text(rest)?;
        let (value, behind) = value(behind.strip_prefix(':')?)?;
        members.push((name, value));
        rest = behind;
    }
}

fn value(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    if rest.starts_with('"') {
        return text(rest);
    }
    let end = rest.find([',', '}'])?;
    let (bare, behind) = rest.split_at(end);
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    (!bare.is_empty() && bare.bytes().all(is_bare)).then_some((Cow::Borrowed(bare), behind))
}

/// A text at the beginning of `rest`, and what is behind it.
fn text(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    let rest = rest.strip_prefix('"')?;
    let mut out = String::new();
    let mut left = rest;
    loop {
        let at = left.find(['"', '\\'])?;
        let (plain, behind) = left.split_at(at);
        if let Some(behind) = behind.strip_prefix('"') {
            return Some(match out.is_empty() {
                true => (Cow::Borrowed(plain), behind),
                false => (Cow::Owned(out + plain), behind),
            });
        }
        out.push_str(plain);
        let (char, behind) = escape(&behind[1..])?;
        out.push(char);
        left = behind;
    }
}

/// The character of an escape, behind its backslash.
fn escape(rest: &str) -> Option<(char, &str)> {
    let mut chars = rest.chars();
    let char = match chars.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        plain @ ('"' | '\\' | '/') => plain,
        'u' => {
            let (first, behind) = unit(chars.as_str())?;
            chars = behind.chars();
            match first {
                0xd800..0xdc00 => {
                    let (second, behind) = unit(behind.strip_prefix("\\u")?)?;
                    chars = behind.chars();
                    char::decode_utf16([first, second]).next()?.ok()?
                }
                first => char::from_u32(first.into())?,
            }
        }
        _ => return None,
    };
    Some((char, chars.as_str()))
}

fn unit(rest: &str) -> Option<(u16, &str)> {
    let digits = rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u16::from_str_radix(digits, 16).ok()?, &rest[4..]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_flat_object_is_its_members_and_anything_else_is_none() {
        let line =
            r#"{"a":"","b c":"say \"hi\"\n\\\/\u0001\u00e9\ud83d\ude00","n":-1.5e+3,"t":true,"z":null}"#;
        let members = members(line).unwrap();
        let members: Vec<_> = members.iter().map(|(name, value)| (&**name, &**value)).collect();
        let said = "say \"hi\"\n\\/\u{1}é😀";
        assert_eq!(members, [("a", ""), ("b c", said), ("n", "-1.5e+3"), ("t", "true"), ("z", "null")]);
        assert_eq!(super::members("{}"), Some(Vec::new()));
        for wrong in [
            "",
            "x",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":}",
            "{\"a\":1,",
            "{\"a\":1,}x",
            "{\"a\":{}}",
            "{\"a\":[1]}",
            "{\"a\":\"x}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud83d\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":1} ",
            "{,\"a\":1}",
        ] {
            assert_eq!(super::members(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_another_writes_is_read_as_it_was(fields: BTreeMap<String, String>) {
            let line = serde_json::to_string(&fields).unwrap();
            let read: Vec<_> = members(&line).unwrap();
            let read: BTreeMap<_, _> = read.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            prop_assert_eq!(read, fields);
        }

        #[test]
        fn no_text_makes_it_fail(line: String) {
            let _ = members(&line);
            let _ = members(&format!("{{\"a\":{line}}}"));
        }
    }
}
