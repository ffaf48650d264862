//! What rsyslogd has written, as other programs read it.

use std::path::Path;

use crate::Result;
use crate::e2e::files::lines::{bytes, wc};
use crate::json::Json;

/// Numbers of lines in the order in which they came, and how many are told as lost.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    pub(super) numbers: Vec<u64>,
    pub(super) lost: u64,
}

/// Reads all messages, each of which must have the parts that its sender put in.
pub(super) fn read(path: &Path, sender: Option<u32>) -> Result<Arrived> {
    let text = String::from_utf8(bytes(path)?).map_err(|error| error.to_string())?;
    let mut arrived = Arrived::default();
    for line in text.split_terminator('\n') {
        let message = Json::parse(line).map_err(|error| format!("{error}: {}", shown(line)))?;
        let part = |name: &str| message.at(&[name]).and_then(Json::text).unwrap_or_default();
        let msg = Json::parse(part("msg")).map_err(|error| format!("{error} in MSG: {}", shown(line)))?;
        let number = |name: &str| msg.at(&[name]).and_then(Json::number).map(|number| number as u64);
        let (pri, msgid, data) = match (number("n"), number("lost")) {
            (Some(n), None) => {
                arrived.numbers.push(n);
                (
                    "30",
                    "socket_lines",
                    "[obs@32473 trace_id=\"0af7651916cd43dd8448eb211c80319c\" span_id=\"b7ad6b7169203331\" \
                     request_id=\"ORD-2024-98765\"]",
                )
            }
            (None, Some(lost)) => {
                arrived.lost += lost;
                ("28", "obs::logs", "-")
            }
            _ => return Err(format!("no line of ours: {}", shown(line))),
        };
        let found = ["pri", "version", "app", "msgid", "data"].map(part);
        let expected = [pri, "1", "lines", msgid, data];
        if found != expected {
            return Err(format!("{found:?} instead of {expected:?}"));
        }
        let is_of_sender = sender.is_none_or(|id| part("procid") == id.to_string());
        if !is_of_sender || part("hostname").is_empty() || part("hostname") == "-" {
            return Err(format!("no HOSTNAME or another PROCID: {}", shown(line)));
        }
    }
    let (read, counted) = (text.split_terminator('\n').count() as u64, wc(path)?);
    if read == counted { Ok(arrived) } else { Err(format!("{read} lines were read, wc counts {counted}")) }
}

/// As much of a line as says what it is.
fn shown(line: &str) -> String {
    line.chars().take(400).collect()
}

impl Arrived {
    /// An error unless each number up to `end` is there, once and in order.
    pub(super) fn all_up_to(&self, end: u64) -> Result {
        match self.numbers.iter().copied().zip(0..).find(|(number, expected)| number != expected) {
            Some((number, expected)) => Err(format!("{number} stands where {expected} should")),
            None if self.numbers.len() as u64 == end => Ok(()),
            None => Err(format!("{} lines of {end}", self.numbers.len())),
        }
    }

    /// An error where a number is there twice, or before a smaller one.
    pub(super) fn in_order(&self) -> Result {
        let wrong = self.numbers.windows(2).find(|pair| pair[0] >= pair[1]);
        wrong.map_or(Ok(()), |pair| Err(format!("{} comes behind {}", pair[1], pair[0])))
    }
}
