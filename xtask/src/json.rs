//! A JSON reader (RFC 8259), small because it only has to judge what others wrote.

use std::fmt;

use crate::Result;

/// A JSON value. An object keeps its members in order and keeps duplicates, so that a check can find them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Deeper than anything read here, shallow enough for the stack.
const MAX_DEPTH: usize = 64;

impl Json {
    /// Reads a whole text; anything after the value is an error.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.error("text after the value")) }
    }

    /// The value under a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| match value {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        })
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn array(&self) -> &[Self] {
        if let Self::Array(values) = self { values } else { &[] }
    }

    pub(crate) fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }
}

/// As it is shown to a reader: a text without its quotes.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
            Self::Array(values) => values.iter().try_for_each(|value| write!(f, "[{value}]")),
            Self::Object(members) => {
                members.iter().try_for_each(|(name, value)| write!(f, "{{{name}: {value}}}"))
            }
        }
    }
}

/// A text as JSON, quotes included.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\0'..='\x1f' => quoted.push_str(&format!("\\u{:04x}", u32::from(char))),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, what: &str) -> String {
        format!("not JSON: {what} at byte {}", self.at)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json> {
        if depth > MAX_DEPTH {
            return Err(self.error("too deep"));
        }
        self.space();
        match self.rest().bytes().next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ if self.take("null") => Ok(Json::Null),
            _ => Err(self.error("no value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json> {
        let mut members = Vec::new();
        self.at += 1;
        self.space();
        if self.take("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            if !self.take(":") {
                return Err(self.error("no colon"));
            }
            members.push((name, self.value(depth + 1)?));
            self.space();
            if self.take("}") {
                return Ok(Json::Object(members));
            }
            if !self.take(",") {
                return Err(self.error("no comma"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json> {
        let mut values = Vec::new();
        self.at += 1;
        self.space();
        if self.take("]") {
            return Ok(Json::Array(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.space();
            if self.take("]") {
                return Ok(Json::Array(values));
            }
            if !self.take(",") {
                return Err(self.error("no comma"));
            }
        }
    }

    fn number(&mut self) -> Result<Json> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let sign = usize::from(bytes[0] == b'-');
        let whole = digits(sign);
        let mut length = sign + whole;
        let mut valid = whole > 0 && (whole == 1 || bytes[sign] != b'0');
        if bytes.get(length) == Some(&b'.') {
            let fraction = digits(length + 1);
            valid &= fraction > 0;
            length += 1 + fraction;
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            valid &= exponent > 0;
            length += 1 + sign + exponent;
        }
        let number = self.rest()[..length].parse().ok().filter(|_| valid);
        let number = number.ok_or_else(|| self.error("no number"))?;
        self.at += length;
        Ok(Json::Number(number))
    }

    fn string(&mut self) -> Result<String> {
        if !self.take("\"") {
            return Err(self.error("no string"));
        }
        let mut text = String::new();
        loop {
            let Some(next) = self.rest().chars().next() else {
                return Err(self.error("a string without an end"));
            };
            self.at += next.len_utf8();
            match next {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                '\0'..='\x1f' => return Err(self.error("a control character in a string")),
                plain => text.push(plain),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let kind = self.rest().chars().next().ok_or_else(|| self.error("a string without an end"))?;
        self.at += kind.len_utf8();
        match kind {
            '"' | '\\' | '/' => Ok(kind),
            'b' => Ok('\x08'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'u' => {
                let mut units = vec![self.unit()?];
                if (0xd800..0xdc00).contains(&units[0]) && self.take("\\u") {
                    units.push(self.unit()?);
                }
                let mut decoded = char::decode_utf16(units);
                match (decoded.next(), decoded.next()) {
                    (Some(Ok(decoded)), None) => Ok(decoded),
                    _ => Err(self.error("half a surrogate pair")),
                }
            }
            _ => Err(self.error("an unknown escape")),
        }
    }

    fn unit(&mut self) -> Result<u16> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error("no four hex digits"))?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_each_kind_are_read() {
        let json =
            Json::parse(r#" {"a": [1, -2.5e3, true, null], "b": {"c": "x\n\u00e9\ud83d\ude00"}} "#).unwrap();
        assert_eq!(json.at(&["b", "c"]).and_then(Json::text), Some("x\né😀"));
        let numbers: Vec<_> = json.at(&["a"]).unwrap().array().iter().map(Json::number).collect();
        assert_eq!(numbers, [Some(1.0), Some(-2500.0), None, None]);
        assert_eq!(json.members().len(), 2);
    }

    #[test]
    fn a_quoted_text_is_read_as_the_same() {
        let text = "a \"b\" \\ \n\u{1} é😀";
        assert_eq!(Json::parse(&quoted(text)), Ok(Json::Text(text.to_owned())));
    }

    #[test]
    fn duplicates_stay_visible() {
        assert_eq!(Json::parse(r#"{"a":1,"a":2}"#).unwrap().members().len(), 2);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "01",
            "1.",
            "1e",
            "-",
            "\"a",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "tru",
            "1 2",
            "{\"a\":1,}",
            "\"\\u00g0\"",
            "NaN",
        ] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
    }
}
