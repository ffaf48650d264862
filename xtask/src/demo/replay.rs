//! Tells the story of a request by its id, from what the running or the last demo has left; nothing is started.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::answers::Answer;
use super::bounded;
use super::exemplars::{self, Look};
use super::line;
use super::place::Place;
use super::sink;
use super::story::Story;
use crate::Result;

/// How long a running demo may take to receive the spans of a request that has just ended.
const LIMIT: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(200);
/// How many ids are named to whoever asked for one that is not known.
const NAMED: usize = 5;

/// The story of the trace or the request `id`.
pub(super) fn tell(place: &Place, id: &str) -> Result<String> {
    let id = id.trim();
    let deadline = Instant::now() + LIMIT;
    loop {
        let story = collect(place, id);
        let whole = story.as_ref().is_ok_and(|story| story.missing().is_none());
        if whole || !place.held() || Instant::now() > deadline {
            return story.map(|story| format!("{}\n{}", story.tell(), place.whole_lines(&story.trace_id)));
        }
        sleep(POLL);
    }
}

fn collect(place: &Place, id: &str) -> Result<Story> {
    let answers = answers(place);
    // A trace id is told in lower case, and a client may have kept it in the other.
    let lower = id.to_ascii_lowercase();
    let answer = answers.iter().rev().find(|answer| answer.has(id) || answer.has(&lower));
    let trace_id = match answer {
        Some(answer) => answer.trace_id.clone(),
        None => trace_of(place, id)
            .or_else(|| trace_of(place, &lower))
            .ok_or_else(|| unknown(place, id, &answers))?,
    };
    let mut pointers = exemplars::noted(&place.pointers(), &trace_id);
    if place.held() {
        exemplars::join(&mut pointers, Look::at(place.noted()).of(&trace_id));
    }
    let spans = bounded::kept(&place.spans()).iter().flat_map(|file| sink::kept(file, &trace_id)).collect();
    let mut story = Story {
        answer: answer.cloned(),
        spans,
        lines: line::of(place.folder(), &trace_id),
        pointers,
        trace_id,
    };
    story.spans.sort_by_key(|span| span.start_nanos);
    Ok(story)
}

/// The trace of a request that is known by its lines alone.
fn trace_of(place: &Place, id: &str) -> Option<String> {
    // Any empty text would be found in each line.
    let lines = if id.is_empty() { Vec::new() } else { line::of(place.folder(), id) };
    lines.iter().map(|line| line.text("trace_id").to_owned()).find(|id| !id.is_empty())
}

fn answers(place: &Place) -> Vec<Answer> {
    let files = bounded::kept(&place.answers()).concat();
    String::from_utf8_lossy(&files).lines().filter_map(Answer::read).collect()
}

fn unknown(place: &Place, id: &str, answers: &[Answer]) -> String {
    if answers.is_empty() {
        let folder = place.folder().display();
        return format!("no demo has left anything in {folder}; `cargo xtask demo` runs one");
    }
    let which = if place.held() { "the running demo" } else { "the last demo" };
    let mut text = format!("{which} knows no trace and no request `{id}`");
    let failing: Vec<_> = answers.iter().rev().filter(|answer| answer.failed()).take(NAMED).collect();
    if failing.is_empty() {
        text.push_str("; none of its requests failed");
    } else {
        text.push_str("; its newest that failed, by trace id:");
    }
    for Answer { trace_id, method, target, status, .. } in failing {
        text.push_str(&format!("\n  {trace_id}  {method} {target} -> {status}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(trace_id: &str, status: u16) -> Answer {
        Answer { trace_id: trace_id.to_owned(), status, method: "GET".to_owned(), ..Answer::default() }
    }

    #[test]
    fn whoever_asks_for_an_unknown_id_is_told_of_known_ones() {
        let place = Place::new();
        assert!(unknown(&place, "x", &[]).contains("cargo xtask demo"));
        let error = unknown(&place, "x", &[answer("old", 502), answer("fine", 200), answer("new", 500)]);
        assert!(error.contains("`x`") && !error.contains("fine"), "{error}");
        assert!(error.find("new").unwrap() < error.find("old").unwrap(), "{error}");
        assert!(unknown(&place, "x", &[answer("fine", 200)]).contains("none of its requests failed"));
    }
}
