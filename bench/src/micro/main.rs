//! `micro`: what single operations cost, peer beside peer.

mod child;
mod measure;
mod subject;
mod workload;

use bench::allocation::Counting;
use bench::arguments::Arguments;
use bench::table::Form;
use bench::{callgrind, core_pin};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const OPTIONS: &[&str] = &[
    "instructions",
    "json",
    "list",
    "rows=",
    "rounds=",
    // One subject alone, for a profiler.
    "only=",
    "iters=",
    // Of the measured process, which this program starts itself.
    "child=",
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("micro: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the table; whether every row counts.
fn run() -> Result<bool, String> {
    let arguments = Arguments::of_process(OPTIONS)?;
    let named = |name: &str| subject::find(name).ok_or_else(|| format!("no row {name:?}; see --list"));
    if let Some(name) = arguments.text("child") {
        return child::obey(named(name)?).map(|()| true);
    }
    if let Some(name) = arguments.text("only") {
        let row = named(name)?;
        (row.make)().run.as_mut()(arguments.value("iters", row.batch)?);
        return Ok(true);
    }
    if arguments.has("list") {
        println!("{}", subject::names().join("\n"));
        return Ok(true);
    }
    let names = chosen(&arguments)?;
    let extent = measure::Extent {
        rounds: arguments.value("rounds", 31)?,
        instructions: arguments.has("instructions"),
    };
    if extent.instructions && !callgrind::available() {
        return Err("instructions need valgrind on x86-64".to_owned());
    }
    core_pin::pin_this_process(core_pin::DRIVER);
    let (table, all_count) = measure::table(&names, &extent)?;
    let form = if arguments.has("json") { Form::Json } else { Form::Markdown };
    print!("{}", table.render(form));
    Ok(all_count)
}

/// The rows that `--rows` names, by whole name or by operation; without it, all.
fn chosen(arguments: &Arguments) -> Result<Vec<&'static str>, String> {
    let Some(text) = arguments.text("rows") else { return Ok(subject::names()) };
    let mut chosen = Vec::new();
    for wanted in text.split(',') {
        let before = chosen.len();
        let matching = |name: &&str| *name == wanted || name.split('/').next() == Some(wanted);
        chosen.extend(subject::names().into_iter().filter(matching));
        if chosen.len() == before {
            return Err(format!("--rows: no {wanted:?}; see --list"));
        }
    }
    Ok(chosen)
}
