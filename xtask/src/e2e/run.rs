//! One example after the other, each with servers of its own.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::folder::Folder;
use super::install::{self, Programs};
use super::report::Report;
use super::{
    built, collector, files, grpc, health, jaeger, otlp, pools, profiling, propagation, push, queue,
    quickstart, registries, shop, syslog, torture, victoria,
};
use crate::Result;
use crate::arguments::Arguments;

/// What is checked, by the name of the example, or of what several show.
const EXAMPLES: [(&str, Example); 11] = [
    ("quickstart", quickstart::check_all),
    ("registries", registries::check_all),
    ("pools", pools::check_all),
    ("health", health::check_all),
    ("shop", shop::check_all),
    ("propagation", propagation::check_all),
    ("push", push::check_all),
    ("queue", queue::check_all),
    ("grpc", grpc::check_all),
    ("otlp", otlp::check_all),
    ("torture", torture::check_all),
];

/// What is checked without the servers of the others.
const ALONE: [(&str, Alone); 2] = [("files", files::check_all), ("syslog", syslog::check_all)];

/// What takes longer than is worth it in every run, with `--full` alone.
const REST: [(&str, Example); 3] = [
    ("torture-rest", torture::check_rest),
    ("collector", collector::check_all),
    ("jaeger", jaeger::check_all),
];

/// What is checked without the servers of the others, with `--full` alone: by a server that Go has to build, or by Go's own
/// tools.
const BUILT: [(&str, Alone); 2] = [("victoria", victoria::check_all), ("profiling", profiling::check_all)];

/// What is checked once more with `--full`, against a Prometheus of today.
const NEWER: [(&str, Example); 2] =
    [("registries-prometheus-3", registries::check_all), ("push-prometheus-3", push::check_all)];

/// Writes into the folder what it starts leaves, and says in the report what it saw.
type Example = fn(&Programs, &Path, &mut Report) -> Result;

/// The same, and finds by itself what it needs.
type Alone = fn(&Path, &mut Report) -> Result;

pub(crate) fn run(arguments: &[String]) -> Result {
    let mut arguments = Arguments::new(arguments);
    let (install, full) = (arguments.flag("--install"), arguments.flag("--full"));
    let (only, outage) = (arguments.value("--only")?, arguments.value("--outage")?);
    arguments.end()?;
    if install {
        install::install()?;
        return if full { built::install() } else { Ok(()) };
    }
    if let Some(seconds) = outage {
        let seconds = seconds.parse().map_err(|_| format!("--outage needs seconds, not `{seconds}`"))?;
        return at_length(Duration::from_secs(seconds));
    }
    let is_chosen = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let rest = REST.into_iter().filter(|_| full);
    let chosen: Vec<_> = EXAMPLES.into_iter().chain(rest).filter(|(name, _)| is_chosen(name)).collect();
    let built = BUILT.into_iter().filter(|_| full);
    let alone: Vec<_> = ALONE.into_iter().chain(built).filter(|(name, _)| is_chosen(name)).collect();
    let newer: Vec<_> = NEWER.into_iter().filter(|(name, _)| full && is_chosen(name)).collect();
    if chosen.is_empty() && alone.is_empty() && newer.is_empty() {
        let newer = REST.iter().chain(&NEWER).filter(|_| full);
        let names = EXAMPLES.iter().chain(newer).map(|(name, _)| *name);
        let built = BUILT.iter().filter(|_| full);
        let names = names.chain(ALONE.iter().chain(built).map(|(name, _)| *name));
        return Err(format!("--only needs {}", names.collect::<Vec<_>>().join(" or ")));
    }
    let mut report = Report::default();
    if let Err(error) = check_all(&alone, &chosen, &newer, &mut report) {
        report.check("set-up", Err(error));
    }
    println!("\n{}", report.closing_lines());
    // The lines above say it all.
    if report.all_passed() { Ok(()) } else { Err(String::new()) }
}

/// What takes too long for every run.
fn at_length(outage: Duration) -> Result {
    let (mut report, folder) = (Report::default(), Folder::new()?);
    if let Err(error) = torture::at_length(&Programs::find()?, folder.path(), outage, &mut report) {
        report.check("set-up", Err(error));
    }
    println!("\n{}", report.closing_lines());
    if report.all_passed() { Ok(()) } else { Err(String::new()) }
}

fn check_all(
    alone: &[(&str, Alone)],
    chosen: &[(&str, Example)],
    newer: &[(&str, Example)],
    report: &mut Report,
) -> Result {
    let mut folder = Folder::new()?;
    for (name, example) in alone {
        check(name, folder.path(), report, example)?;
    }
    if !chosen.is_empty() || !newer.is_empty() {
        let mut programs = Programs::find()?;
        for (name, example) in chosen {
            check(name, folder.path(), report, |own, report| example(&programs, own, report))?;
        }
        if !newer.is_empty() {
            programs.prometheus = built::prometheus()?;
        }
        for (name, example) in newer {
            check(name, folder.path(), report, |own, report| example(&programs, own, report))?;
        }
    }
    if report.all_passed() {
        folder.discard();
    }
    Ok(())
}

fn check(
    name: &str,
    folder: &Path,
    report: &mut Report,
    example: impl FnOnce(&Path, &mut Report) -> Result,
) -> Result {
    println!("== {name}");
    let start = Instant::now();
    let own = folder.join(name);
    fs::create_dir_all(&own).map_err(|error| format!("{}: {error}", own.display()))?;
    if let Err(error) = example(&own, report) {
        report.check("set-up", Err(error));
    }
    println!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
