//! A message by the grammar of RFC 5424, section 6, and nothing that is not of it.

use std::collections::BTreeMap;

/// The parts of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) facility: u8,
    pub(crate) severity: u8,
    pub(crate) timestamp: String,
    /// `None` for the NILVALUE, here and below.
    pub(crate) hostname: Option<String>,
    pub(crate) app_name: Option<String>,
    pub(crate) procid: Option<String>,
    pub(crate) msgid: Option<String>,
    /// SD-ELEMENTs by their SD-IDs.
    pub(crate) data: BTreeMap<String, Vec<(String, String)>>,
    pub(crate) msg: Option<String>,
}

impl Message {
    pub(crate) fn param(&self, id: &str, name: &str) -> Option<&str> {
        self.data.get(id)?.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a message, all of it, or says where it is none.
pub(crate) fn parse(bytes: &[u8]) -> Message {
    let mut rest = Rest { all: bytes, at: 0 };
    rest.expect(b"<");
    let prival = rest.digits(1..=3);
    assert!(prival == "0" || !prival.starts_with('0'), "{rest:?}: leading zeros");
    let prival: u8 = prival.parse().unwrap();
    assert!(prival <= 191, "{rest:?}: PRIVAL");
    rest.expect(b">");
    let version = rest.digits(1..=3);
    assert_eq!(version, "1", "{rest:?}: VERSION");
    rest.expect(b" ");
    let timestamp = rest.timestamp();
    let [hostname, app_name, procid, msgid] = [255, 48, 128, 32].map(|most| {
        rest.expect(b" ");
        let text = rest.printable(1..=most, |_| true);
        (text != "-").then_some(text)
    });
    rest.expect(b" ");
    let data = rest.structured_data();
    let msg = (rest.at < bytes.len()).then(|| {
        rest.expect(b" ");
        let msg = &bytes[rest.at..];
        // MSG-ANY, which does not begin with a byte order mark; and all of ours are UTF-8.
        assert!(!msg.starts_with(b"\xef\xbb\xbf"), "a byte order mark");
        String::from_utf8(msg.to_vec()).expect("UTF-8")
    });
    let (facility, severity) = (prival / 8, prival % 8);
    Message { facility, severity, timestamp, hostname, app_name, procid, msgid, data, msg }
}

struct Rest<'a> {
    all: &'a [u8],
    at: usize,
}

impl std::fmt::Debug for Rest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = self.all.len().min(600);
        write!(f, "{} at {}", self.all[..end].escape_ascii(), self.at)
    }
}

impl Rest<'_> {
    fn peek(&self) -> u8 {
        *self.all.get(self.at).unwrap_or_else(|| panic!("{self:?}: the end"))
    }

    fn expect(&mut self, bytes: &[u8]) {
        assert!(self.all[self.at..].starts_with(bytes), "{self:?}: no {}", bytes.escape_ascii());
        self.at += bytes.len();
    }

    fn taken(&mut self, lengths: std::ops::RangeInclusive<usize>, is_of_it: impl Fn(u8) -> bool) -> String {
        let from = self.at;
        while self.all.get(self.at).is_some_and(|byte| is_of_it(*byte)) {
            self.at += 1;
        }
        assert!(lengths.contains(&(self.at - from)), "{self:?}: {} characters", self.at - from);
        String::from_utf8(self.all[from..self.at].to_vec()).unwrap()
    }

    fn digits(&mut self, lengths: std::ops::RangeInclusive<usize>) -> String {
        self.taken(lengths, |byte| byte.is_ascii_digit())
    }

    /// PRINTUSASCII.
    fn printable(
        &mut self,
        lengths: std::ops::RangeInclusive<usize>,
        is_of_it: impl Fn(u8) -> bool,
    ) -> String {
        self.taken(lengths, |byte| (33..=126).contains(&byte) && is_of_it(byte))
    }

    fn number(&mut self, digits: usize, range: std::ops::RangeInclusive<u32>) {
        let text = self.digits(digits..=digits);
        assert!(range.contains(&text.parse().unwrap()), "{self:?}: {text}");
    }

    fn timestamp(&mut self) -> String {
        if self.peek() == b'-' {
            self.at += 1;
            return String::from("-");
        }
        let from = self.at;
        // FULL-DATE "T" PARTIAL-TIME; TIME-SECOND has no leap seconds.
        self.digits(4..=4);
        self.expect(b"-");
        self.number(2, 1..=12);
        self.expect(b"-");
        self.number(2, 1..=31);
        self.expect(b"T");
        self.number(2, 0..=23);
        self.expect(b":");
        self.number(2, 0..=59);
        self.expect(b":");
        self.number(2, 0..=59);
        if self.peek() == b'.' {
            self.expect(b".");
            self.digits(1..=6);
        }
        if self.peek() == b'Z' {
            self.expect(b"Z");
        } else {
            assert!(matches!(self.peek(), b'+' | b'-'), "{self:?}: no offset");
            self.at += 1;
            self.number(2, 0..=23);
            self.expect(b":");
            self.number(2, 0..=59);
        }
        String::from_utf8(self.all[from..self.at].to_vec()).unwrap()
    }

    fn structured_data(&mut self) -> BTreeMap<String, Vec<(String, String)>> {
        let mut elements = BTreeMap::new();
        if self.peek() == b'-' {
            self.at += 1;
            return elements;
        }
        let is_of_a_name = |byte| !matches!(byte, b'=' | b']' | b'"');
        loop {
            self.expect(b"[");
            let id = self.printable(1..=32, is_of_a_name);
            // Without an `@` it would be one that IANA has registered.
            let (name, number) = id.split_once('@').expect("a name of one's own");
            assert!(!name.is_empty() && !number.contains('@'), "{id}");
            assert!(
                number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !number.is_empty(),
                "{id}"
            );
            let mut params = Vec::new();
            while self.peek() == b' ' {
                self.expect(b" ");
                let name = self.printable(1..=32, is_of_a_name);
                self.expect(b"=\"");
                params.push((name, self.param_value()));
            }
            self.expect(b"]");
            assert!(elements.insert(id, params).is_none(), "{self:?}: an SD-ID twice");
            if self.all.get(self.at) != Some(&b'[') {
                return elements;
            }
        }
    }

    fn param_value(&mut self) -> String {
        let mut value = Vec::new();
        loop {
            match self.peek() {
                b'"' => break,
                b']' => panic!("{self:?}: a bracket without a backslash"),
                b'\\' => {
                    self.at += 1;
                    assert!(matches!(self.peek(), b'"' | b'\\' | b']'), "{self:?}: a backslash alone");
                    value.push(self.peek());
                }
                byte => value.push(byte),
            }
            self.at += 1;
        }
        self.expect(b"\"");
        String::from_utf8(value).expect("UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples 1, 3 and 4 of RFC 5424, section 6.5, without their byte order marks.
    #[test]
    fn the_examples_of_the_rfc_are_messages() {
        let message = parse(b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed for lonvick on /dev/pts/8");
        assert_eq!((message.facility, message.severity), (4, 2));
        assert_eq!(message.procid, None);
        assert_eq!(message.msg.as_deref(), Some("'su root' failed for lonvick on /dev/pts/8"));
        let message = parse(b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.");
        assert_eq!(message.timestamp, "2003-08-24T05:14:15.000003-07:00");
        let message = parse(br#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]"#);
        assert_eq!(message.param("exampleSDID@32473", "eventSource"), Some("Application"));
        assert_eq!((message.data.len(), message.msg), (2, None));
        let message = parse(br#"<0>1 - - - - - [a@1 x="\"\\\]"]"#);
        assert_eq!(message.param("a@1", "x"), Some(r#""\]"#));
    }

    #[test]
    fn what_is_no_message_is_seen() {
        for wrong in [
            "",
            "<192>1 - - - - - -",
            "<034>1 - - - - - -",
            "<34>2 - - - - - -",
            "<34>1  - - - - -",
            "<34>1 2003-10-11t22:14:15Z - - - - -",
            "<34>1 2003-10-11T22:14:60Z - - - - -",
            "<34>1 2003-10-11T22:14:15.1234567Z - - - - -",
            "<34>1 2003-10-11T22:14:15 - - - - -",
            "<34>1 - h\u{e9} - - - -",
            "<34>1 - - - - -",
            "<34>1 - - - - - -x",
            "<34>1 - - - - - [a]",
            "<34>1 - - - - - [a@1 x=\"]\"]",
            "<34>1 - - - - - [a@1 x=\"\\n\"]",
            "<34>1 - - - - - [a@1  x=\"\"]",
            "<34>1 - - - - - [a@1][a@1]",
            "<34>1 - - - - - - \u{feff}x",
        ] {
            assert!(std::panic::catch_unwind(|| parse(wrong.as_bytes())).is_err(), "{wrong}");
        }
    }
}
