//! A collector's answer in JSON: whether it is one, and what it says of a partial success.

/// What an answer says; of a good one nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) rejected: u64,
    pub(super) message: String,
}

/// Values inside of one another, beyond which nothing is read.
const DEEPEST: usize = 16;

enum Value<'a> {
    Object(Vec<(String, Value<'a>)>),
    Text(String),
    /// A number as it stands, or `true` and its like.
    Word(&'a str),
    List,
}

/// Reads an answer; `None` for what is none. An empty one says nothing.
pub(super) fn read(body: &[u8]) -> Option<Answer> {
    let text = str::from_utf8(body).ok()?.trim();
    if text.is_empty() {
        return Some(Answer::default());
    }
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    let (Value::Object(answer), true) = (value, reader.at == text.len()) else { return None };
    let mut read = Answer::default();
    let Some((_, Value::Object(partial))) = answer.into_iter().find(|(name, _)| name == "partialSuccess")
    else {
        return Some(read);
    };
    for (name, value) in partial {
        match (name.as_str(), value) {
            ("rejectedSpans" | "rejectedLogRecords" | "rejectedDataPoints", Value::Text(number)) => {
                read.rejected = number.parse().unwrap_or(0);
            }
            ("rejectedSpans" | "rejectedLogRecords" | "rejectedDataPoints", Value::Word(number)) => {
                read.rejected = number.parse().unwrap_or(0);
            }
            ("errorMessage", Value::Text(message)) => read.message = message,
            _ => {}
        }
    }
    Some(read)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// Behind white space.
    fn eat(&mut self, wanted: char) -> bool {
        self.space();
        let is_there = self.rest().starts_with(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        if depth > DEEPEST {
            return None;
        }
        self.space();
        match self.rest().bytes().next()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Value::Text),
            _ => {
                let rest = self.rest();
                let end = rest.find([',', '}', ']', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
                let word = &rest[..end];
                self.at += end;
                let is_word = matches!(word, "true" | "false" | "null") || word.parse::<f64>().is_ok();
                is_word.then_some(Value::Word(word))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value<'a>> {
        let mut members = Vec::new();
        self.at += 1;
        if self.eat('}') {
            return Some(Value::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            if !self.eat(':') {
                return None;
            }
            members.push((name, self.value(depth + 1)?));
            if !self.eat(',') {
                return self.eat('}').then_some(Value::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value<'a>> {
        self.at += 1;
        if self.eat(']') {
            return Some(Value::List);
        }
        loop {
            self.value(depth + 1)?;
            if !self.eat(',') {
                return self.eat(']').then_some(Value::List);
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut characters = self.rest().char_indices();
        if characters.next()? != (0, '"') {
            return None;
        }
        let mut string = String::new();
        loop {
            match characters.next()? {
                (at, '"') => {
                    self.at += at + 1;
                    return Some(string);
                }
                (_, '\\') => match characters.next()?.1 {
                    'n' => string.push('\n'),
                    'r' => string.push('\r'),
                    't' => string.push('\t'),
                    'b' | 'f' => string.push(' '),
                    'u' => {
                        let mut code = 0;
                        for _ in 0..4 {
                            code = code << 4 | characters.next()?.1.to_digit(16)?;
                        }
                        // Halves of a pair stand for nothing by themselves.
                        string.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    other @ ('"' | '\\' | '/') => string.push(other),
                    _ => return None,
                },
                (_, other) => string.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(rejected: u64, message: &str) -> Option<Answer> {
        Some(Answer { rejected, message: message.to_owned() })
    }

    #[test]
    fn what_is_said_is_read_whether_numbers_are_strings_or_not() {
        for (body, expected) in [
            ("", says(0, "")),
            ("{}", says(0, "")),
            (r#"{"partialSuccess":{}}"#, says(0, "")),
            (
                r#"{ "partialSuccess" : { "rejectedSpans" : "3", "errorMessage":"too \"old\"\u0021" } }"#,
                says(3, "too \"old\"!"),
            ),
            (r#"{"partialSuccess":{"rejectedLogRecords":2,"later":[1,{"a":[]}],"more":null}}"#, says(2, "")),
            (r#"{"partialSuccess":{"rejectedSpans":"-1"}}"#, says(0, "")),
        ] {
            assert_eq!(read(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for body in ["<html>", "[]", "3", "{", "{}x", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":"b}"#, "{\"a\":tru}"] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
        let deep = format!("{}{}", "{\"a\":".repeat(100), "}".repeat(100));
        assert_eq!((read(deep.as_bytes()), read(b"\xff")), (None, None));
    }
}
