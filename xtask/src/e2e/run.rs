//! One example after the other, each with servers of its own.

use std::fs;
use std::path::Path;

use super::folder::Folder;
use super::install::{self, Programs};
use super::report::Report;
use super::{built, files, pools, push, quickstart, registries, shop};
use crate::Result;
use crate::arguments::Arguments;

/// What is checked, by the name of the example, or of what several show.
const EXAMPLES: [(&str, Example); 6] = [
    ("quickstart", quickstart::check_all),
    ("registries", registries::check_all),
    ("pools", pools::check_all),
    ("shop", shop::check_all),
    ("push", push::check_all),
    ("files", files::check_all),
];

/// What is checked once more with `--full`, against a Prometheus of today.
const NEWER: [(&str, Example); 2] =
    [("registries-prometheus-3", registries::check_all), ("push-prometheus-3", push::check_all)];

/// Writes into the folder what it starts leaves, and says in the report what it saw.
type Example = fn(&Programs, &Path, &mut Report) -> Result;

pub(crate) fn run(arguments: &[String]) -> Result {
    let mut arguments = Arguments::new(arguments);
    let (install, full) = (arguments.flag("--install"), arguments.flag("--full"));
    let only = arguments.value("--only")?;
    arguments.end()?;
    if install {
        install::install()?;
        return if full { built::install() } else { Ok(()) };
    }
    let is_chosen = |(name, _): &(&str, Example)| only.as_deref().is_none_or(|only| only == *name);
    let chosen: Vec<_> = EXAMPLES.into_iter().filter(is_chosen).collect();
    let newer: Vec<_> = NEWER.into_iter().filter(|example| full && is_chosen(example)).collect();
    if chosen.is_empty() && newer.is_empty() {
        let names = EXAMPLES.iter().chain(NEWER.iter().filter(|_| full)).map(|(name, _)| *name);
        return Err(format!("--only needs {}", names.collect::<Vec<_>>().join(" or ")));
    }
    let mut report = Report::default();
    if let Err(error) = check_both(&chosen, &newer, &mut report) {
        report.check("set-up", Err(error));
    }
    println!("\n{}", report.closing_line());
    // The lines above say it all.
    if report.all_passed() { Ok(()) } else { Err(String::new()) }
}

fn check_both(chosen: &[(&str, Example)], newer: &[(&str, Example)], report: &mut Report) -> Result {
    let programs = Programs::find()?;
    let mut folder = Folder::new()?;
    check(chosen, &programs, folder.path(), report)?;
    if !newer.is_empty() {
        let programs = Programs { prometheus: built::prometheus()?, ..programs };
        check(newer, &programs, folder.path(), report)?;
    }
    if report.all_passed() {
        folder.discard();
    }
    Ok(())
}

fn check(examples: &[(&str, Example)], programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    for (name, example) in examples {
        println!("== {name}");
        let own = folder.join(name);
        fs::create_dir_all(&own).map_err(|error| format!("{}: {error}", own.display()))?;
        if let Err(error) = example(programs, &own, report) {
            report.check("set-up", Err(error));
        }
    }
    Ok(())
}
