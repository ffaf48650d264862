//! What may stand at a key: its type, its range, and how a text is read as one.

use std::time::Duration;

use super::Value;
use crate::config::{Admin, bytes, duration};

/// What may stand at a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::config) enum Kind {
    /// Any text but an empty one.
    Text,
    /// An address to post to, or several of which the next is asked where one has trouble.
    Urls,
    /// One of these, or a URL.
    UrlOr(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// One of these.
    Word(&'static [&'static str]),
    /// A duration from and to.
    Time(Duration, Duration),
    /// A whole number from and to.
    Whole(u64, u64),
    /// A whole number from and to, or `null`.
    WholeOrNone(u64, u64),
    /// A number from and to.
    Number(f64, f64),
    /// Numbers that ascend.
    Bounds,
    /// Rules for the bounds of histograms.
    Rules,
    /// Families of metrics.
    Families,
    /// A size from and to, in bytes.
    Bytes(u64, u64),
    /// Outputs of lines by name.
    Outputs,
    /// Routes of lines.
    Routes,
    /// Shares of traces by path.
    Shares,
    /// What holds for requests by path.
    Policies,
    /// A list of texts.
    Names,
    /// Texts by name.
    Pairs,
    /// An address to listen at, or `off`.
    Address,
}

impl Kind {
    /// Reads a single text. What comes of a failure is said by [`Kind::expected`].
    pub(in crate::config) fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Text | Self::UrlOr(_) => (!text.is_empty()).then(|| Value::Text(text.to_owned())),
            Self::Flag => match text {
                "true" | "True" | "TRUE" => Some(Value::Flag(true)),
                "false" | "False" | "FALSE" => Some(Value::Flag(false)),
                _ => None,
            },
            Self::Word(words) => words.iter().find(|word| **word == text).map(|word| Value::Word(word)),
            Self::Time(least, most) => {
                duration::parse(text).filter(|time| (least..=most).contains(time)).map(Value::Time)
            }
            Self::Whole(least, most) | Self::WholeOrNone(least, most) => {
                text.parse().ok().filter(|number| (least..=most).contains(number)).map(Value::Whole)
            }
            Self::Number(least, most) => {
                text.parse().ok().filter(|number| (least..=most).contains(number)).map(Value::Number)
            }
            Self::Address => Admin::parse(text).map(Value::Address),
            Self::Bytes(least, most) => {
                bytes::parse(text).filter(|size| (least..=most).contains(size)).map(Value::Whole)
            }
            Self::Bounds
            | Self::Rules
            | Self::Families
            | Self::Names
            | Self::Urls
            | Self::Pairs
            | Self::Outputs
            | Self::Routes
            | Self::Shares
            | Self::Policies => None,
        }
    }

    /// What would be right, for the text of a mistake.
    pub(in crate::config) fn expected(self) -> String {
        match self {
            Self::Text => String::from("text that is not empty"),
            Self::Urls => String::from("a URL such as http://127.0.0.1:4318, or a list of URLs"),
            Self::UrlOr(words) => format!("{} or a URL", list(words.iter().copied(), ",").replace(" ,", ",")),
            Self::Flag => String::from("`true` or `false`"),
            Self::Word(words) => list(words.iter().copied(), "or"),
            Self::Time(least, most) => format!(
                "a duration such as 500ms, 2s or 1m, from {} to {}",
                duration::Shown(least),
                duration::Shown(most)
            ),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::WholeOrNone(least, most) => format!("a whole number from {least} to {most}, or `null`"),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Bounds => String::from("a list of numbers such as [0.01, 0.1, 1]"),
            Self::Rules => String::from("a list of rules such as { metric: name, bounds: [0.01, 0.1, 1] }"),
            Self::Families => String::from(
                "a list of metrics such as { name: orders_total, type: counter, labels: [kind] }",
            ),
            Self::Bytes(least, most) => format!(
                "a size such as 64KiB, 8MiB or 1GiB, from {} to {}",
                bytes::Shown(least),
                bytes::Shown(most)
            ),
            Self::Outputs => {
                String::from("outputs by name, such as { main: { type: stdout, format: json } }")
            }
            Self::Routes => String::from(
                "a list of routes such as { match: { level: ERROR }, output: main }, { default: main }",
            ),
            Self::Shares => {
                String::from("a list of routes and their shares such as { route: /health*, ratio: 0 }")
            }
            Self::Policies => String::from(
                "a list of routes and what holds for them such as { route: /health*, ignore: true }",
            ),
            Self::Names => String::from("a list of names such as [a, b]"),
            Self::Pairs => String::from("text by name, such as { name: text }"),
            Self::Address => {
                String::from("an address such as 127.0.0.1:9464 or unix:/run/orders/admin.sock, or `off`")
            }
        }
    }

    /// Whether `null` chooses something here.
    pub(in crate::config) fn takes_null(self) -> bool {
        matches!(self, Self::WholeOrNone(..))
    }
}

/// `a`, `b` and `c`, in code.
pub(in crate::config) fn list<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let mut words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    let Some(end) = words.pop() else { return String::new() };
    if words.is_empty() { end } else { format!("{} {last} {end}", words.join(", ")) }
}
