//! Looks for the request whose story shows most: a payment that failed, with the error behind it, and an exemplar.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::answers::{Answer, Answers};
use super::bounded::Bounded;
use super::cause;
use super::exemplars::{self, Look, Pointer};
use super::line;
use super::place::Place;
use super::sink::Sink;
use super::story::Story;
use crate::Result;
use crate::shop::Part;

/// How many requests that failed are remembered with what pointed to them.
const REMEMBERED: usize = 16;
/// While no story is looked for, services are asked this often at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Of how many of the newest requests one is taken where none has failed.
const NEWEST: usize = 50;

/// Where the parts of a story are.
pub(super) struct Sources<'a> {
    pub(super) place: &'a Place,
    pub(super) sink: &'a Sink,
    pub(super) answers: &'a Answers,
    pub(super) admins: [(Part, SocketAddr); 3],
}

/// Watches the requests that fail.
pub(super) struct Finder {
    file: Bounded,
    /// The trace of the newest that was looked at.
    newest: Option<String>,
    looked: Instant,
    /// The newest last.
    failed: Vec<(Answer, Vec<Pointer>)>,
}

impl Finder {
    /// It notes what points to a request that failed in `file`.
    pub(super) fn new(file: Bounded) -> Self {
        Self { file, newest: None, looked: Instant::now(), failed: Vec::new() }
    }

    /// Takes a look at the exemplars when another request has failed: they are soon those of others.
    pub(super) fn watch(&mut self, sources: &Sources<'_>, eager: bool) {
        let newest = sources.answers.newest_failing();
        if newest == self.newest || !(eager || self.looked.elapsed() > LOOK_EVERY) {
            return;
        }
        let look = Look::at(sources.admins);
        let answers = sources.answers.newest();
        let known = self.newest.take();
        let fresh = answers.into_iter().take_while(|answer| Some(&answer.trace_id) != known.as_ref());
        let mut fresh: Vec<_> = fresh.filter(Answer::failed).take(REMEMBERED).collect();
        fresh.reverse();
        for answer in fresh {
            exemplars::note(&mut self.file, &answer.trace_id, look.of(&answer.trace_id));
            let pointers = look.of(&answer.trace_id).cloned().collect();
            self.failed.push((answer, pointers));
        }
        self.failed.drain(..self.failed.len().saturating_sub(REMEMBERED));
        self.newest = newest;
        self.looked = Instant::now();
    }

    /// A story that has all one could wish for.
    pub(super) fn perfect(&self, sources: &Sources<'_>) -> Option<Story> {
        let pointed = self.failed.iter().rev().filter(|(_, pointers)| !pointers.is_empty());
        let mut stories = pointed.map(|(answer, pointers)| story(sources, answer, pointers));
        stories.find(|story| rank(story) == (cause::Kind::Error, true))
    }

    /// The best of the stories that are whole; an error says what is missing of the last one.
    pub(super) fn best(&self, sources: &Sources<'_>) -> Result<Story> {
        let failed = self.failed.iter().map(|(answer, pointers)| story(sources, answer, pointers));
        let look = Look::at(sources.admins);
        let newest = sources.answers.newest().into_iter().take(NEWEST);
        let others = newest.filter(|answer| !answer.failed()).filter_map(|answer| {
            let pointers: Vec<_> = look.of(&answer.trace_id).cloned().collect();
            (!pointers.is_empty()).then(|| story(sources, &answer, &pointers))
        });
        let mut missing = "no request has an exemplar".to_owned();
        let whole = failed.chain(others).filter(|story| match story.missing() {
            None => true,
            Some(what) => {
                missing = what;
                false
            }
        });
        // Of several as good the one with most to tell.
        let parts = |story: &Story| story.spans.len() + story.lines.len();
        let best = whole.max_by_key(|story| (rank(story), story.pointers.len().min(3), parts(story)));
        best.ok_or(missing)
    }
}

fn story(sources: &Sources<'_>, answer: &Answer, pointers: &[Pointer]) -> Story {
    let trace_id = &answer.trace_id;
    Story {
        trace_id: trace_id.clone(),
        answer: Some(answer.clone()),
        spans: sources.sink.trace(trace_id),
        lines: line::of(sources.place.folder(), trace_id),
        pointers: pointers.to_vec(),
    }
}

/// How much a story explains, and whether an exemplar leads to it; one that is not whole is the last.
fn rank(story: &Story) -> (cause::Kind, bool) {
    if story.missing().is_some() {
        return (cause::Kind::Unsaid, false);
    }
    let kind = story.cause().map_or(cause::Kind::Unsaid, |cause| cause.kind);
    (kind, !story.pointers.is_empty())
}
