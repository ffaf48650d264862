//! One example after the other, each with servers of its own.

use std::fs;
use std::path::Path;

use super::folder::Folder;
use super::install::{self, Programs};
use super::report::Report;
use super::{pools, push, quickstart, registries, shop};
use crate::Result;
use crate::arguments::Arguments;

/// What is checked, by the name of the example, or of what several show.
const EXAMPLES: [(&str, Example); 5] = [
    ("quickstart", quickstart::check_all),
    ("registries", registries::check_all),
    ("pools", pools::check_all),
    ("shop", shop::check_all),
    ("push", push::check_all),
];

/// Writes into the folder what it starts leaves, and says in the report what it saw.
type Example = fn(&Programs, &Path, &mut Report) -> Result;

pub(crate) fn run(arguments: &[String]) -> Result {
    let mut arguments = Arguments::new(arguments);
    let install = arguments.flag("--install");
    let only = arguments.value("--only")?;
    arguments.end()?;
    if install {
        return install::install();
    }
    let chosen: Vec<_> =
        EXAMPLES.into_iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        return Err(format!("--only needs {}", EXAMPLES.map(|(name, _)| name).join(" or ")));
    }
    let mut report = Report::default();
    if let Err(error) = check(&chosen, &mut report) {
        report.check("set-up", Err(error));
    }
    println!("\n{}", report.closing_line());
    // The lines above say it all.
    if report.all_passed() { Ok(()) } else { Err(String::new()) }
}

fn check(examples: &[(&str, Example)], report: &mut Report) -> Result {
    let programs = Programs::find()?;
    let mut folder = Folder::new()?;
    for (name, example) in examples {
        println!("== {name}");
        let own = folder.path().join(name);
        fs::create_dir_all(&own).map_err(|error| format!("{}: {error}", own.display()))?;
        if let Err(error) = example(&programs, &own, report) {
            report.check("set-up", Err(error));
        }
    }
    if report.all_passed() {
        folder.discard();
    }
    Ok(())
}
