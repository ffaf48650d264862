//! What the demo's own clients were answered: the ids a customer would tell the operator.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::bounded::Bounded;
use crate::http::Response;
use crate::json::{Json, quoted};

/// How many of the newest are kept at hand: some seconds of load.
const KEPT: usize = 1_000;
/// Longer bodies are cut in what is kept.
const BODY: usize = 200;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// Microseconds since the epoch at which the request was sent.
    pub(super) sent_micros: u64,
    pub(super) micros: u64,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) status: u16,
    pub(super) request_id: String,
    pub(super) trace_id: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn new(sent: SystemTime, method: &str, target: &str, response: &Response) -> Self {
        let micros = sent.elapsed().unwrap_or_default().as_micros();
        let since = sent.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        Self {
            sent_micros: u64::try_from(since).unwrap_or_default(),
            micros: u64::try_from(micros).unwrap_or_default(),
            method: method.to_owned(),
            target: target.to_owned(),
            status: response.status,
            request_id: response.header("x-request-id").to_owned(),
            trace_id: response.header("x-trace-id").to_owned(),
            body: response.text().chars().take(BODY).collect(),
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.status >= 500
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.trace_id == id || self.request_id == id
    }

    fn line(&self) -> String {
        let texts = [
            ("method", &self.method),
            ("target", &self.target),
            ("request_id", &self.request_id),
            ("trace_id", &self.trace_id),
            ("body", &self.body),
        ];
        let texts = texts.map(|(name, text)| format!(",{}:{}", quoted(name), quoted(text))).concat();
        let Self { sent_micros, micros, status, .. } = self;
        format!("{{\"sent_micros\":{sent_micros},\"micros\":{micros},\"status\":{status}{texts}}}\n")
    }

    /// Out of a line of the file.
    pub(super) fn read(line: &str) -> Option<Self> {
        let json = Json::parse(line).ok()?;
        let text = |name: &str| Some(json.at(&[name])?.text()?.to_owned());
        let number = |name: &str| Some(json.at(&[name])?.number()? as u64);
        Some(Self {
            sent_micros: number("sent_micros")?,
            micros: number("micros")?,
            method: text("method")?,
            target: text("target")?,
            status: u16::try_from(number("status")?).ok()?,
            request_id: text("request_id")?,
            trace_id: text("trace_id")?,
            body: text("body")?,
        })
    }
}

/// The books of all clients.
pub(super) struct Answers {
    books: Mutex<Books>,
}

struct Books {
    newest: VecDeque<Answer>,
    failing: Option<String>,
    file: Bounded,
    counts: Counts,
}

/// What became of the requests that were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) answered: u64,
    /// Left by their clients, on purpose.
    pub(super) left: u64,
    /// Neither: sent, and the connection ended without an answer.
    pub(super) unanswered: u64,
}

impl Answers {
    pub(super) fn new(file: Bounded) -> Self {
        let (newest, failing, counts) = (VecDeque::new(), None, Counts::default());
        Self { books: Mutex::new(Books { newest, failing, file, counts }) }
    }

    pub(super) fn keep(&self, answer: Answer) {
        let mut books = self.books();
        books.counts.answered += 1;
        books.file.append(answer.line().as_bytes());
        if answer.failed() {
            books.failing = Some(answer.trace_id.clone());
        }
        books.newest.push_front(answer);
        books.newest.truncate(KEPT);
    }

    pub(super) fn count_left(&self) {
        self.books().counts.left += 1;
    }

    pub(super) fn count_unanswered(&self) {
        self.books().counts.unanswered += 1;
    }

    pub(super) fn counts(&self) -> Counts {
        self.books().counts
    }

    /// The newest first.
    pub(super) fn newest(&self) -> Vec<Answer> {
        self.books().newest.iter().cloned().collect()
    }

    /// The trace of the newest that failed.
    pub(super) fn newest_failing(&self) -> Option<String> {
        self.books().failing.clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_written_is_read_as_the_same() {
        let answer = Answer {
            sent_micros: 1_800_000_000_123_456,
            micros: 5,
            method: "POST".to_owned(),
            target: "/a\"b".to_owned(),
            status: 502,
            request_id: "r".to_owned(),
            trace_id: "t".to_owned(),
            body: "{\"error\":\"x\\n\"}\n".to_owned(),
        };
        assert_eq!(answer.line().matches('\n').count(), 1);
        assert_eq!(Answer::read(answer.line().trim_end()), Some(answer.clone()));
        assert!(answer.failed() && answer.has("r") && answer.has("t") && !answer.has("x"));
        assert_eq!(Answer::read("{\"status\":1}"), None);
    }
}
