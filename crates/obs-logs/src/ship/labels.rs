//! The labels of a stream of Loki's: constant, and checked before anything is sent.

use std::fmt::{self, Write};

/// Labels of one stream at most, and the most bytes of a name and a value: Loki's own defaults.
const MOST: usize = 15;
const NAME: usize = 1_024;
const VALUE: usize = 2_048;

/// What the service's own labels are called.
pub(super) const OWN: [&str; 2] = ["service_name", "env"];

/// Why a label is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelError {
    /// The name is none: letters, digits and `_`, no digit first, at most 1,024 bytes.
    Name(String),
    /// The value has more than 2,048 bytes.
    Value(String),
    /// There would be more than 15, with `service_name` and `env` among them.
    TooMany,
}

/// Names and values, sorted by name, each name once.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels(Vec<(String, String)>);

impl Labels {
    /// Puts one in, in the place of another of its name. One without a value is as good as none.
    pub(super) fn put(&mut self, name: &str, value: &str) -> Result<(), LabelError> {
        let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let fits = name.bytes().all(|byte| is_first(byte) || byte.is_ascii_digit());
        if !fits || name.len() > NAME || !name.bytes().next().is_some_and(is_first) {
            return Err(LabelError::Name(name.to_owned()));
        }
        if value.len() > VALUE {
            return Err(LabelError::Value(name.to_owned()));
        }
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name));
        match at {
            Ok(at) => self.0[at].1 = value.to_owned(),
            Err(_) if self.0.len() >= MOST - self.reserved(name) => return Err(LabelError::TooMany),
            Err(at) => self.0.insert(at, (name.to_owned(), value.to_owned())),
        }
        self.0.retain(|(_, value)| !value.is_empty());
        Ok(())
    }

    /// How many places are kept free, where `name` is put in: the service's own labels are part of every stream, unless
    /// they were given other values.
    fn reserved(&self, name: &str) -> usize {
        OWN.iter().filter(|own| **own != name && !self.has(own)).count()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As a selector: `{env="prod", service_name="orders"}`.
    pub(super) fn selector(&self) -> String {
        let mut out = String::from("{");
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let _ = write!(out, "{comma}{name}=\"");
            for char in value.chars() {
                match char {
                    '"' | '\\' => out.extend(['\\', char]),
                    '\n' => out.push_str("\\n"),
                    char if char.is_control() => {
                        let _ = write!(out, "\\u{:04x}", u32::from(char));
                    }
                    char => out.push(char),
                }
            }
            out.push('"');
        }
        out.push('}');
        out
    }
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "`{}` is no name of a label: letters, digits and `_`, no digit first, at most {NAME} bytes",
                name.escape_debug()
            ),
            Self::Value(name) => write!(f, "the value of label `{name}` has more than {VALUE} bytes"),
            Self::TooMany => write!(f, "more than {MOST} labels, with `service_name` and `env` among them"),
        }
    }
}

impl std::error::Error for LabelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_escaped_and_each_stands_once() {
        let mut labels = Labels::default();
        for (name, value) in [("b", "x"), ("a_1", "say \"hi\"\\\n\u{1}é"), ("b", "y"), ("empty", "")] {
            labels.put(name, value).unwrap();
        }
        assert_eq!(labels.selector(), "{a_1=\"say \\\"hi\\\"\\\\\\n\\u0001é\", b=\"y\"}");
    }

    #[test]
    fn what_loki_would_refuse_is_refused_before() {
        let mut labels = Labels::default();
        for name in ["", "1a", "a-b", "é", "a b", &"x".repeat(1_025)] {
            assert_eq!(labels.put(name, "x"), Err(LabelError::Name(name.to_owned())));
        }
        assert_eq!(labels.put("a", &"x".repeat(2_049)), Err(LabelError::Value("a".into())));
        (0..13).for_each(|n| labels.put(&format!("l{n}"), "x").unwrap());
        assert_eq!(labels.put("one_more", "x"), Err(LabelError::TooMany), "two are the service's own");
        assert_eq!(labels.put("env", "test"), Ok(()));
        assert_eq!(labels.put("one_more", "x"), Err(LabelError::TooMany));
        assert_eq!(labels.put("service_name", "x"), Ok(()));
        assert_eq!(labels.put("one_more", "x"), Err(LabelError::TooMany));
        assert_eq!(labels.put("l3", "y"), Ok(()));
    }
}
