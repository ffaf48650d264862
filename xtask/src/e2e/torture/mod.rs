//! Receivers that refuse, hang, cut, lie and go away: what is counted outside is what the books say was delivered, and
//! neither memory nor the work of whoever logs depends on them.

mod case;
mod instructions;
mod run;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::install::Programs;
use super::report::Report;
use crate::{Result, cargo};
use case::{CASES, Case};
use run::Ran;

/// How much more memory may be held than with a receiver that is well, in KiB.
const MORE_KIB: u64 = 2 * 1_024;

/// What is tried, and by what.
struct Scene<'a> {
    python: &'a Path,
    writer: PathBuf,
    folder: &'a Path,
}

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let writer = cargo::build_example("obs-logs", "ship_lines")?;
    let scene = Scene { python: &programs.python, writer, folder };
    let mut rows = Vec::new();
    for to in ["loki", "elasticsearch"] {
        for durable in [false, true] {
            let mut healthy = None;
            for case in CASES.iter().filter(|case| case.is_for(to)) {
                let way = if durable { "journal" } else { "memory" };
                let name = format!("torture: {to}, {way}, {}", case.name);
                let ran = run::run(&scene, to, durable, case);
                let judged = ran.and_then(|ran| {
                    let said = judge(case, durable, &ran, healthy.as_ref())?;
                    rows.push(ran.row(to, way, case));
                    healthy.get_or_insert(ran);
                    Ok(said)
                });
                report.check(&name, judged);
            }
        }
    }
    report.check(
        "torture: an outage is borne by the journal, and its end",
        run::outage(&scene, Duration::from_secs(10)),
    );
    let table = format!("{}\n{}", Ran::HEAD, rows.concat());
    std::fs::write(folder.join("table.md"), table).map_err(|error| error.to_string())
}

/// The long outage, as long as is asked for, and the work of whoever logs: not part of every run.
pub(super) fn at_length(programs: &Programs, folder: &Path, outage: Duration, report: &mut Report) -> Result {
    let writer = cargo::build_example("obs-logs", "ship_lines")?;
    let scene = Scene { python: &programs.python, writer, folder };
    report.check("torture: a long outage at 5,000 lines a second", run::outage(&scene, outage));
    report.check("torture: instructions of whoever logs", instructions::same(&scene));
    Ok(())
}

fn judge(case: &Case, durable: bool, ran: &Ran, healthy: Option<&Ran>) -> Result<String> {
    let Ran { books, outside, peak_kib, .. } = *ran;
    if books.produced != books.delivered + books.dropped + books.pending {
        return Err(format!("the books do not balance: {books:?}"));
    }
    if outside.accepted != books.delivered {
        return Err(format!("{} were counted outside, of {books:?}", outside.accepted));
    }
    if outside.twice > 0 || outside.disordered > 0 && !case.reorders {
        return Err(format!("{outside:?}"));
    }
    let expected = (case.expected)(books.produced, durable);
    if !expected.contains(&books.delivered) {
        return Err(format!("{} of {} were delivered, not {expected:?}", books.delivered, books.produced));
    }
    let more = healthy.map_or(0, |healthy| peak_kib.saturating_sub(healthy.peak_kib));
    if more > MORE_KIB {
        return Err(format!("{more} KiB more than with a receiver that is well"));
    }
    Ok(format!(
        "{} said, {} delivered and counted outside, {} dropped, {} pending, {peak_kib} KiB at most",
        books.produced, books.delivered, books.dropped, books.pending
    ))
}
