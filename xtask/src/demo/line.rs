//! The lines of one trace out of what the three services wrote, in the order of their time.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::json::Json;
use crate::service::lines_path;
use crate::shop::Part;

/// The target of a line about a request that has ended.
pub(super) const ACCESS: &str = "obs::access";
/// The target of a line about a panic.
pub(super) const PANIC: &str = "obs::panic";

/// What the story shows elsewhere, or does not need.
const LEFT_OUT: [&str; 14] = [
    "timestamp",
    "level",
    "target",
    "message",
    "service",
    "trace_id",
    "span_id",
    "request_id",
    "error",
    "client_address",
    "user_agent",
    "response_bytes",
    "thread",
    "backtrace",
];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) micros: u64,
    json: Json,
}

impl Line {
    pub(super) fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text).ok()?;
        let micros = micros(json.at(&["timestamp"])?.text()?)?;
        Some(Self { micros, json })
    }

    /// The text of a field, or nothing.
    pub(super) fn text(&self, field: &str) -> &str {
        self.json.at(&[field]).and_then(Json::text).unwrap_or_default()
    }

    pub(super) fn is_access(&self) -> bool {
        self.text("target") == ACCESS
    }

    pub(super) fn failed(&self) -> bool {
        self.text("level") == "ERROR"
    }

    /// What the request was answered, by its code where it is one of gRPC, where this is its access line.
    pub(super) fn status(&self) -> String {
        match (self.text("rpc_code"), self.json.at(&["status_code"])) {
            ("", Some(status)) => status.to_string(),
            ("", None) => self.text("outcome").to_owned(),
            (code, _) => code.to_owned(),
        }
    }

    /// The rest of its fields, `name=value`.
    pub(super) fn rest(&self) -> String {
        let fields = self.json.members().iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
        let fields = fields.map(|(name, value)| format!("{name}={}", on_one_line(&value.to_string())));
        fields.collect::<Vec<_>>().join(" ")
    }
}

/// A text as a part of a line: what may have line ends in it would look like several.
pub(super) fn on_one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}

/// The lines in `folder` that have `id` as their trace id or their request id.
pub(super) fn of(folder: &Path, id: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for part in Part::ALL {
        let Ok(file) = File::open(lines_path(folder, part.name())) else { continue };
        // One that is being written is no JSON yet; the next look has it.
        let texts = BufReader::new(file).split(b'\n').map_while(std::io::Result::ok);
        let texts = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let found = texts.filter(|text| text.contains(id)).filter_map(|text| Line::read(&text));
        lines
            .extend(found.filter(|line| ["trace_id", "request_id"].iter().any(|name| line.text(name) == id)));
    }
    lines.sort_by_key(|line| line.micros);
    lines
}

/// Microseconds since the epoch of a time as lines have it (RFC 3339 in UTC with microseconds).
fn micros(timestamp: &str) -> Option<u64> {
    let number = |from: usize, to: usize| timestamp.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hours, minutes, seconds) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let fraction = number(20, 26)?;
    // Years begin in March, so that the day that is added comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    /// Of 1970-01-01.
    const EPOCH: u64 = 719_469;
    let seconds = ((days.checked_sub(EPOCH)? * 24 + hours) * 60 + minutes) * 60 + seconds;
    Some(seconds * 1_000_000 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000000Z", Some(0)),
            ("2000-03-01T00:00:00.000001Z", Some(951_868_800_000_001)),
            ("2024-02-29T12:30:45.123456Z", Some(1_709_209_845_123_456)),
            ("2026-11-28T01:03:53.000000Z", Some(1_795_827_833_000_000)),
            ("yesterday", None),
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
    }

    #[test]
    fn several_lines_become_one() {
        assert_eq!(on_one_line("a\n\n  b\n"), "a / b");
        let line = r#"{"timestamp":"2026-01-01T00:00:00.000000Z","backtrace":"0: a","note":"b\nc"}"#;
        assert_eq!(Line::read(line).unwrap().rest(), "note=b / c");
    }

    #[test]
    fn lines_of_an_id_are_found_in_all_files_and_come_by_time() {
        let folder = std::env::temp_dir().join(format!("xtask-line-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let line = |second: u8, trace: &str, more: &str| {
            format!(
                "{{\"timestamp\":\"2026-01-01T00:00:0{second}.000000Z\",\"trace_id\":\"{trace}\",\
                 \"request_id\":\"r-1\"{more}}}\n"
            )
        };
        let gateway =
            [line(3, "ab", ""), line(4, "other", ",\"note\":\"ab\""), "{\"half".to_owned()].concat();
        std::fs::write(lines_path(&folder, "gateway"), gateway).unwrap();
        std::fs::write(lines_path(&folder, "payments"), line(1, "ab", ",\"status_code\":502,\"n\":1"))
            .unwrap();
        let lines = of(&folder, "ab");
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[0].status(), lines[0].rest()),
            ("502".to_owned(), "status_code=502 n=1".to_owned())
        );
        assert_eq!((lines[1].status(), lines[1].rest()), (String::new(), String::new()));
        assert_eq!(of(&folder, "r-1").len(), 3);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
