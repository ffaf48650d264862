//! Spans through a real OpenTelemetry Collector, which is killed meanwhile: counted by who is behind it, and held against
//! the books of who has sent them.

mod server;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::built;
use super::eventually::eventually;
use super::install::Programs;
use super::report::Report;
use super::torture::run::{Books, Outside, counts, receiver, send};
use crate::{Result, cargo, ports};
use server::Collector;

/// How many spans there are, and how many a second: some seconds, so that what comes and goes does so meanwhile.
const SPANS: u64 = 20_000;
const PACE: u64 = 4_000;

/// After how many of them the collector is killed.
const KILLS: [u64; 2] = [SPANS / 4, SPANS / 2];
/// How long it is away then: some attempts find nobody.
const AWAY: Duration = Duration::from_millis(500);
/// What may have been taken and not been answered when it was killed comes twice: one request each time.
const TWICE: u64 = KILLS.len() as u64 * 2_000;

struct Scene<'a> {
    collector: PathBuf,
    sender: PathBuf,
    python: &'a Path,
    folder: &'a Path,
}

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let collector = built::collector()?;
    let sender = cargo::build_example("obs-trace", "ship_spans")?;
    let scene = Scene { collector, sender, python: &programs.python, folder };
    for protocol in ["http", "grpc"] {
        let name =
            format!("collector: every span goes through it once by {protocol}, and the books are exact");
        report.check(&name, scene.run(protocol, Kept::Memory, &[]));
    }
    for (protocol, kept, said) in [
        ("http", Kept::Journal, "a journal"),
        ("grpc", Kept::Journal, "a journal"),
        ("grpc", Kept::Memory, "memory"),
    ] {
        let name = format!(
            "collector: one that is killed twice by SIGKILL loses no span, by {protocol} out of {said}"
        );
        report.check(&name, scene.run(protocol, kept, &KILLS));
    }
    Ok(())
}

/// Where spans wait.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kept {
    Memory,
    Journal,
}

impl Scene<'_> {
    fn run(&self, protocol: &str, kept: Kept, kills: &[u64]) -> Result<String> {
        let folder = self.folder.join(format!("{protocol}-{kept:?}-{}", kills.len()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let [behind] = ports::free()?;
        let _receiver = receiver(self.python, behind, "well")?;
        let mut collector = Collector::start(&self.collector, &folder, behind)?;
        let at = if protocol == "grpc" { collector.grpc } else { collector.http };
        let mut arguments = vec![
            format!("url=http://{at}"),
            format!("protocol={protocol}"),
            format!("lines={SPANS}"),
            format!("pace={PACE}"),
            String::from("settle_ms=30000"),
        ];
        if kept == Kept::Journal {
            let journal = folder.join("journal");
            arguments.extend([format!("durable={}", journal.display()), format!("spill={}", 32 << 20)]);
        }
        let (books, _) = send(&self.sender, &arguments, |_| {
            kills.iter().try_for_each(|after| {
                eventually(|| match counts(behind)?.accepted {
                    accepted if accepted >= *after => Ok(()),
                    accepted => Err(format!("{accepted} spans of {after}")),
                })?;
                collector.kill()?;
                sleep(AWAY);
                collector.again()
            })
        })?;
        judge(&books, &counts(behind)?, if kills.is_empty() { 0 } else { TWICE })
    }
}

/// That all were sent, delivered, and counted behind the collector, none of them twice but for so many.
fn judge(books: &Books, outside: &Outside, twice: u64) -> Result<String> {
    let Books { produced, delivered, dropped, pending } = *books;
    let exact = (produced, delivered, dropped, pending) == (SPANS, SPANS, 0, 0);
    if exact && outside.accepted == SPANS && outside.twice <= twice {
        return Ok(format!(
            "{SPANS} spans in {} requests, {} of them twice",
            outside.requests, outside.twice
        ));
    }
    Err(format!("{books:?}, and {outside:?} behind the collector, of {SPANS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_that_is_missing_or_comes_twice_is_told() {
        let books = Books { produced: SPANS, delivered: SPANS, dropped: 0, pending: 0 };
        let all = Outside { accepted: SPANS, ..Outside::default() };
        assert!(judge(&books, &all, 0).is_ok());
        assert!(judge(&books, &Outside { accepted: SPANS - 1, ..all }, 0).is_err());
        assert!(judge(&books, &Outside { twice: 1, ..all }, 0).is_err());
        assert!(judge(&books, &Outside { twice: 1, ..all }, 1).is_ok());
        assert!(judge(&Books { dropped: 1, ..books }, &all, 0).is_err());
    }
}
