//! Delivers what processes have left in journals, without such a process.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use obs_core::Base;
use obs_export::queue::Counts;

use crate::builder::Builder;
use crate::config::{Config, Journal};
use crate::signals::journal;
use crate::{Error, signals};

/// What became of the records of one journal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// The journal's directory.
    pub directory: PathBuf,
    /// How many records were in it.
    pub found: u64,
    /// How many have arrived.
    pub delivered: u64,
    /// How many were refused for good, or are damaged.
    pub dropped: u64,
    /// How many are still in it.
    pub left: u64,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, found, delivered, dropped, left } = self;
        let directory = directory.display();
        write!(f, "{directory}: {found} found, {delivered} delivered, {dropped} lost, {left} left")
    }
}

impl Builder {
    /// Delivers what was left in a journal, or in all journals in a directory, to where the configuration sends such
    /// records now, in their order, and waits for no more than `patience`. What is not delivered then stays. Journals
    /// are delivered side by side, so that a receiver that is away holds up nobody else's records; each says for itself
    /// what became of it, in the order of their names. Nothing else is started.
    ///
    /// # Errors
    /// As [`Builder::build`], and a directory without a journal. Of one journal: that it is in use by a process, cannot
    /// be read, or belongs to an output that the configuration does not have.
    pub fn replay(
        self,
        directory: impl AsRef<Path>,
        patience: Duration,
    ) -> Result<Vec<Result<Replayed, Error>>, Error> {
        let config = &self.read()?;
        let journals = journals(directory.as_ref())?;
        let one = move |journal: PathBuf| match replay(config, &journal, patience) {
            Ok(counts) => Ok(Replayed {
                directory: journal,
                found: counts.recovered,
                delivered: counts.delivered,
                dropped: counts.dropped(),
                left: counts.pending,
            }),
            Err(problem) => Err(failed(&journal, with_causes(&*problem))),
        };
        Ok(std::thread::scope(|scope| {
            let begin = |journal: PathBuf| {
                let thread = std::thread::Builder::new();
                let begun = thread.spawn_scoped(scope, {
                    let journal = journal.clone();
                    move || one(journal)
                });
                (journal, begun)
            };
            let begun: Vec<_> = journals.into_iter().map(begin).collect();
            let end = |(journal, begun): (PathBuf, std::io::Result<std::thread::ScopedJoinHandle<'_, _>>)| {
                let ended = begun.map_err(|error| failed(&journal, error))?.join();
                ended.unwrap_or_else(|_| Err(failed(&journal, "a panic ended it")))
            };
            begun.into_iter().map(end).collect()
        }))
    }
}

/// The directory itself where it is a journal, else those in it that are, by name.
fn journals(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    if journal::is_one(directory) {
        return Ok(vec![directory.to_owned()]);
    }
    let listed = std::fs::read_dir(directory).map_err(|error| failed(directory, error))?;
    let mut found: Vec<_> =
        listed.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| journal::is_one(path)).collect();
    found.sort();
    if found.is_empty() { Err(failed(directory, "there is no journal")) } else { Ok(found) }
}

fn replay(
    config: &Config,
    directory: &Path,
    patience: Duration,
) -> Result<Counts, Box<dyn std::error::Error + Send + Sync>> {
    // A directory named `.` has a name as well.
    let whole = directory.canonicalize()?;
    let name = whole.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let beside = whole.parent().map(Journal::at).unwrap_or_default();
    let base = Base::new(config.resource.clone());
    match name.strip_prefix("logs_") {
        Some(output) => signals::logs::replay(config, output, beside, &base, patience),
        None if name == "traces_otlp" => signals::traces::replay(config, beside, &base, patience),
        None => {
            Err(format!("`{name}` is the name of no output of lines, `logs_<name>`, and not `traces_otlp`")
                .into())
        }
    }
}

/// A problem with its causes, but for those that it says itself.
fn with_causes(problem: &dyn std::error::Error) -> String {
    let (mut text, mut cause) = (problem.to_string(), problem.source());
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

fn failed(directory: &Path, problem: impl fmt::Display) -> Error {
    Error::Signal { name: "journal", source: format!("{}: {problem}", directory.display()).into() }
}
