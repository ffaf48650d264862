//! That what a request has said below INFO is there where it failed and nowhere else, in each file that it belongs to, and
//! that no file has a card in it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::super::eventually::eventually;
use super::super::lines::{self, ACCESS, Line, access_lines, field};
use super::Seen;
use crate::Result;
use crate::json::Json;
use crate::service::{Service, whole_lines};
use crate::shop::Part;

/// From here on a request is slow, by the `obs.yaml` of all three.
const SLOW_MS: f64 = 1_000.0;
/// The card that the bank is told of but for its end, without what stands between its digits.
const CARD: &str = "400000123456";

/// What each service says at DEBUG, and what it says at INFO in front of that; none where each request says it.
const SAID: [Option<(&str, Option<&str>)>; 3] =
    [None, Some(("asking for the payment", Some("placed an order"))), Some(("asking the bank", None))];

fn level_of(line: &Json) -> &str {
    field(line, "level")
}

fn is_recorded(line: &Json) -> bool {
    line.at(&["recorded"]).is_some()
}

/// Exactly the requests that failed, or took long, have their lines, each in front of the last one; how many failed.
pub(super) fn recorded(seen: &Seen<'_>) -> Result<String> {
    let bad = seen.fates.failed + seen.fates.panicked;
    eventually(|| {
        let mut said = Vec::new();
        for (part, lines) in Part::ALL.into_iter().zip(super::lines::all(seen)?) {
            let failed = of_failed(part, &lines).map_err(|error| format!("{}: {error}", part.name()))?;
            let expected = if part == Part::Gateway { 0 } else { bad };
            if failed != expected {
                return Err(format!("{}: {failed} failed with lines, not {expected}", part.name()));
            }
            said.push(format!("{} {failed}", part.name()));
        }
        Ok(said.join(", "))
    })
}

/// The number of requests that failed and left their lines.
fn of_failed(part: Part, lines: &[Line]) -> Result<usize> {
    let access = access_lines(lines)?;
    let mut held = HashMap::<&str, usize>::new();
    let mut ended = HashMap::<&str, usize>::new();
    let mut began = HashMap::<&str, usize>::new();
    for (text, line) in lines {
        let (trace, message) = (field(line, "trace_id"), field(line, "message"));
        if field(line, "target") == ACCESS {
            *ended.entry(trace).or_default() += 1;
        }
        if SAID[part as usize].is_some_and(|(_, before)| before == Some(message)) {
            *began.entry(trace).or_default() += 1;
        }
        let is_below = level_of(line) == "DEBUG";
        if is_below != is_recorded(line) {
            return Err(format!("recorded or not: {text}"));
        }
        if is_below {
            let known = SAID[part as usize].is_some_and(|(said, _)| said == message);
            let is_hidden = part != Part::Payments || field(line, "card") == "[redacted]";
            if !known || !is_hidden {
                return Err(format!("nobody says so: {text}"));
            }
            if ended.contains_key(trace) {
                return Err(format!("behind the last line of its request: {text}"));
            }
            *held.entry(trace).or_default() += 1;
        }
    }
    let mut failed = 0;
    for (trace, line) in &access {
        let has_failed = level_of(line) == "ERROR";
        let is_slow = line.at(&["duration_ms"]).and_then(Json::number).is_some_and(|ms| ms >= SLOW_MS);
        let says = match SAID[part as usize] {
            None => false,
            Some((_, None)) => true,
            Some((_, Some(_))) => began.contains_key(trace),
        };
        let expected = usize::from((has_failed || is_slow) && says);
        let count = held.remove(trace).unwrap_or_default();
        if count != expected {
            return Err(format!("{count} held lines, not {expected}, of {trace}"));
        }
        failed += usize::from(has_failed && says);
    }
    match held.keys().next() {
        Some(trace) => Err(format!("held lines of {trace}, which has not ended")),
        None => Ok(failed),
    }
}

/// `errors.json` is what is severe and what was held of requests that failed; the console has all lines.
pub(super) fn routed(seen: &Seen<'_>) -> Result<String> {
    eventually(|| {
        let mut said = Vec::new();
        for (part, service) in seen.services() {
            let told = routed_by(service).map_err(|error| format!("{}: {error}", part.name()))?;
            said.push(format!("{} {told}", part.name()));
        }
        Ok(said.join(", "))
    })
}

fn routed_by(service: &Service) -> Result<usize> {
    let path = service.lines_path().with_file_name(format!("{}.errors.json", service.name));
    let lines = lines::parse(service.lines())?;
    same("errors.json", whole_lines(&path), severe(&lines)?)?;
    let output = service.process.output.text();
    let console = output.lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect();
    same("the console", console, lines.into_iter().map(|(text, _)| text).collect())?;
    Ok(whole_lines(&path).len())
}

/// What the route sends to the file of errors.
fn severe(lines: &[Line]) -> Result<Vec<String>> {
    let access = access_lines(lines)?;
    let has_failed =
        |line: &Json| access.get(field(line, "trace_id")).is_some_and(|access| level_of(access) == "ERROR");
    let is_severe =
        |line: &Json| ["WARN", "ERROR"].contains(&level_of(line)) || is_recorded(line) && has_failed(line);
    Ok(lines.iter().filter(|(_, line)| is_severe(line)).map(|(text, _)| text.clone()).collect())
}

/// The same lines: in which order two threads come to an output may differ from one to the other.
fn same(place: &str, mut found: Vec<String>, mut expected: Vec<String>) -> Result {
    found.sort();
    expected.sort();
    if found == expected {
        return Ok(());
    }
    let missing = expected.iter().find(|line| found.binary_search(line).is_err());
    let other = found.iter().find(|line| expected.binary_search(line).is_err());
    Err(format!(
        "{place} has {} lines, not {}; missing {missing:?}, not to be there {other:?}",
        found.len(),
        expected.len()
    ))
}

/// No card in any file that the run has left so far, and what stands for it in those that tell of it.
pub(super) fn without_cards(seen: &Seen<'_>) -> Result<String> {
    let [.., payments] = seen.shop.services();
    let folder = payments.lines_path().parent().ok_or("lines in no folder")?;
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let (mut files, mut redacted) = (0, 0);
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if !path.is_file() {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).map_err(wrong)?).into_owned();
        no_card(&path, &text)?;
        files += 1;
        redacted += usize::from(text.contains("\"card\":\"[redacted]\""));
    }
    // Lines, errors, and the console.
    if redacted == 3 { Ok(format!("{files} files")) } else { Err(format!("{redacted} files tell of a card")) }
}

fn no_card(path: &Path, text: &str) -> Result {
    match text.lines().find(|line| line.replace([' ', '-'], "").contains(CARD)) {
        None => Ok(()),
        Some(line) => Err(format!("{}: {line}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: &str =
        r#"{"level":"DEBUG","message":"asking the bank","recorded":true,"card":"[redacted]","trace_id":"a"}"#;
    const FAILED: &str = r#"{"level":"ERROR","target":"obs::access","duration_ms":3.5,"trace_id":"a"}"#;
    const GOOD: &str = r#"{"level":"INFO","target":"obs::access","duration_ms":3.5,"trace_id":"a"}"#;
    const SLOW: &str = r#"{"level":"INFO","target":"obs::access","duration_ms":1003.5,"trace_id":"a"}"#;

    fn of(texts: &[&str]) -> Vec<Line> {
        lines::parse(texts.iter().map(|text| (*text).to_owned()).collect()).unwrap()
    }

    #[test]
    fn held_lines_are_of_requests_that_failed_or_were_slow_and_in_front_of_their_end() {
        let check = |texts: &[&str]| of_failed(Part::Payments, &of(texts));
        assert_eq!(check(&[HELD, FAILED]), Ok(1));
        assert_eq!(check(&[HELD, SLOW]), Ok(0));
        assert_eq!(check(&[GOOD]), Ok(0));
        let shown = HELD.replace("[redacted]", "4000");
        let not_recorded = HELD.replace(r#""recorded":true,"#, "");
        for wrong in [
            [FAILED].as_slice(),
            &[SLOW],
            &[HELD, GOOD],
            &[HELD, HELD, FAILED],
            &[FAILED, HELD],
            &[HELD],
            &[&shown, FAILED],
            &[&not_recorded, FAILED],
        ] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
        assert!(
            of_failed(Part::Gateway, &of(&[HELD, FAILED])).is_err(),
            "the gateway says nothing below INFO"
        );
    }

    #[test]
    fn orders_are_asked_to_be_paid_once_they_are_placed() {
        let held = HELD.replace("asking the bank", "asking for the payment");
        let placed = r#"{"level":"INFO","message":"placed an order","trace_id":"a"}"#;
        let check = |texts: &[&str]| of_failed(Part::Orders, &of(texts));
        assert_eq!(check(&[placed, &held, FAILED]), Ok(1));
        assert_eq!(check(&[FAILED]), Ok(0), "none was placed");
        assert!(check(&[placed, FAILED]).is_err());
        assert!(check(&[&held, FAILED]).is_err());
    }

    #[test]
    fn what_is_severe_or_was_held_of_what_failed_goes_to_the_errors() {
        let warning = r#"{"level":"WARN","message":"m"}"#;
        assert_eq!(severe(&of(&[warning, HELD, FAILED])).unwrap(), [warning, HELD, FAILED]);
        assert_eq!(severe(&of(&[HELD, SLOW, GOOD.replace("\"a\"", "\"b\"").as_str()])).unwrap(), [""; 0]);
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(same("", texts(&["a", "b"]), texts(&["b", "a"])), Ok(()));
        for other in [["a"].as_slice(), &["a", "b", "b"], &["a", "c"]] {
            assert!(same("", texts(other), texts(&["a", "b"])).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_card_is_found_however_it_is_written() {
        for text in ["4000 0012 3456 7899", "x4000001234567899", "4000-0012-3456", "a\n4000001234 56\nb"] {
            assert!(no_card(Path::new("a"), text).is_err(), "{text}");
        }
        assert_eq!(no_card(Path::new("a"), "4000 0012\n3456 7899"), Ok(()));
    }
}
