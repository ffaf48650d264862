//! Receivers that refuse, hang, cut, lie and go away: what is counted outside is what the books say was delivered, and
//! neither memory nor the work of whoever logs depends on them.

mod case;
mod disk;
mod instructions;
pub(super) mod run;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::install::Programs;
use super::report::Report;
use crate::{Result, cargo, ports};
use case::{CASES, Case, RECEIVERS};
use run::Ran;

/// How much more memory may be held than with a receiver that is well, in KiB.
const MORE_KIB: u64 = 2 * 1_024;

/// How many cases are tried side by side: most of what they do is wait.
const AT_ONCE: usize = 4;

/// What is tried, and by what.
struct Scene<'a> {
    python: &'a Path,
    /// What sends lines, and what sends spans.
    lines: PathBuf,
    spans: PathBuf,
    folder: &'a Path,
    /// What was had before, so that nobody listens where another is to find nobody.
    ports: Mutex<BTreeSet<SocketAddr>>,
}

impl<'a> Scene<'a> {
    fn new(programs: &'a Programs, folder: &'a Path) -> Result<Self> {
        let lines = cargo::build_example("obs-logs", "ship_lines")?;
        let spans = cargo::build_example("obs-trace", "ship_spans")?;
        Ok(Self { python: &programs.python, lines, spans, folder, ports: Mutex::default() })
    }

    /// A new folder.
    fn below(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    fn ports(&self) -> Result<[SocketAddr; 2]> {
        let mut had = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let free = ports::free()?;
            if free.iter().all(|at| !had.contains(at)) {
                had.extend(free);
                return Ok(free);
            }
        }
    }
}

/// One case for one receiver.
struct Job {
    to: &'static str,
    durable: bool,
    case: &'static Case,
}

impl Job {
    fn way(&self) -> &'static str {
        if self.durable { "journal" } else { "memory" }
    }
}

type Check = fn(&Scene<'_>) -> Result<String>;

/// What is no case of a receiver, tried beside those that are.
const BESIDE: [(&str, Check); 5] = [
    ("torture: an outage is borne by the journal, and its end", |scene| {
        run::outage(scene, Duration::from_secs(10), 3_000)
    }),
    (
        "torture: a journal whose disk is full drops lines, counts them, and keeps others once there is room",
        disk::full,
    ),
    (
        "torture: a journal whose disk is full at the start keeps no service from starting, and lines once there is room",
        disk::full_at_the_start,
    ),
    ("torture: a journal on a disk that takes nothing is refused at the start, by name", disk::read_only),
    ("torture: a journal of a newer version is refused at the start, by name", disk::newer),
];

/// The cases of every run.
pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let scene = Scene::new(programs, folder)?;
    let beside = thread::scope(|scope| {
        let beside = scope.spawn(|| BESIDE.map(|(name, check)| (name, check(&scene))));
        each(&scene, false, report)?;
        beside.join().map_err(|_| String::from("what is tried beside them is gone"))
    })?;
    for (name, seen) in beside {
        report.check(name, seen);
    }
    Ok(())
}

/// The others.
pub(super) fn check_rest(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    each(&Scene::new(programs, folder)?, true, report)
}

fn each(scene: &Scene<'_>, rest: bool, report: &mut Report) -> Result {
    let jobs = jobs(rest);
    let mut rows = Vec::new();
    let mut healthy = None;
    for (job, ran) in jobs.iter().zip(side_by_side(scene, &jobs)) {
        let Job { to, durable, case } = *job;
        let judged = ran.and_then(|ran| {
            rows.push(ran.row(to, job.way(), case));
            // The first of its receiver and its way is what the others are compared with.
            let first = match healthy {
                Some((of, first)) if of == (to, durable) => first,
                _ => healthy.insert(((to, durable), ran)).1,
            };
            judge(case, durable, &ran, &first)
        });
        report.check(&format!("torture: {to}, {}, {}", job.way(), case.name), judged);
    }
    let table = format!("{}\n{}", Ran::HEAD, rows.concat());
    std::fs::write(scene.folder.join("table.md"), table).map_err(|error| error.to_string())
}

fn jobs(rest: bool) -> Vec<Job> {
    let mut jobs = Vec::new();
    for to in RECEIVERS {
        for durable in [false, true] {
            let all = || CASES.iter().filter(|case| case.is_for(to));
            let chosen = all().filter(|case| case.is_rest(to) == rest);
            // What they are compared with is tried once more.
            let first = all().take(1).filter(|case| case.is_rest(to) != rest);
            let start = jobs.len();
            jobs.extend(first.chain(chosen).map(|case| Job { to, durable, case }));
            if jobs.len() == start + 1 {
                jobs.truncate(start);
            }
        }
    }
    jobs
}

/// Runs them, some at a time; in their order what came of them.
fn side_by_side(scene: &Scene<'_>, jobs: &[Job]) -> Vec<Result<Ran>> {
    let next = AtomicUsize::new(0);
    let ran: Mutex<Vec<_>> = Mutex::new(jobs.iter().map(|_| Err("it was not tried".to_owned())).collect());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let (at, Some(Job { to, durable, case })) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    (at, jobs.get(at))
                } {
                    let came = run::run(scene, to, *durable, case);
                    ran.lock().unwrap_or_else(PoisonError::into_inner)[at] = came;
                }
            });
        }
    });
    ran.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The long outage, as long as is asked for, and the work of whoever logs: not part of every run.
pub(super) fn at_length(programs: &Programs, folder: &Path, outage: Duration, report: &mut Report) -> Result {
    let scene = Scene::new(programs, folder)?;
    report.check("torture: a long outage at 5,000 lines a second", run::outage(&scene, outage, 5_000));
    report.check("torture: instructions of whoever logs", instructions::same(&scene));
    Ok(())
}

fn judge(case: &Case, durable: bool, ran: &Ran, healthy: &Ran) -> Result<String> {
    let Ran { books, outside, peak_kib, .. } = *ran;
    if books.produced != books.delivered + books.dropped + books.pending {
        return Err(format!("the books do not balance: {books:?}"));
    }
    // Who does not answer takes some that are read by nobody, and never more than the books have.
    let least = books.delivered.saturating_sub(case.unread.saturating_mul(outside.requests));
    if !(least..=books.delivered).contains(&outside.accepted) {
        return Err(format!("{outside:?}, of {books:?}"));
    }
    if outside.twice > 0 || outside.disordered > 0 && !case.reorders {
        return Err(format!("{outside:?}"));
    }
    let expected = (case.expected)(books.produced, durable);
    if !expected.contains(&books.delivered) {
        return Err(format!("{} of {} were delivered, not {expected:?}", books.delivered, books.produced));
    }
    let more = peak_kib.saturating_sub(healthy.peak_kib);
    if more > MORE_KIB {
        return Err(format!("{more} KiB more than with a receiver that is well"));
    }
    Ok(format!(
        "{} said, {} delivered, {} counted outside in {}, {} dropped, {} pending, {peak_kib} KiB at most",
        books.produced, books.delivered, outside.accepted, outside.requests, books.dropped, books.pending
    ))
}
