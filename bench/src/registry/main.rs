//! `registry`: what a registry of metrics costs as a whole, peer beside peer: threads that meet, memory, scrapes, growth.

mod exposition;
mod memory;
mod peer;
mod task;

use bench::arguments::Arguments;
use bench::core_pin;
use bench::table::Form;
use memory::Watched;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

const OPTIONS: &[&str] = &[
    "json", "list", "tasks=", // Of the measured process, which this program starts itself.
    "child=", "size=", "peer=",
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("registry: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a table for each task; whether every row counts.
fn run() -> Result<bool, String> {
    let arguments = Arguments::of_process(OPTIONS)?;
    if let Some(name) = arguments.text("child") {
        let task = task::find(name).ok_or_else(|| format!("no task {name:?}"))?;
        let peer = arguments.text("peer").unwrap_or_default();
        let peer = peer::find(peer).ok_or_else(|| format!("no peer {peer:?}"))?;
        println!("{}", task::answer(task, peer, arguments.value("size", 0)?));
        return Ok(true);
    }
    let names: Vec<&str> = task::ALL.iter().map(|task| task.name).collect();
    if arguments.has("list") {
        println!("{}", names.join("\n"));
        return Ok(true);
    }
    let form = if arguments.has("json") { Form::Json } else { Form::Markdown };
    core_pin::pin_this_process(core_pin::DRIVER);
    let mut all_count = true;
    for task in arguments.chosen("tasks", &names)?.into_iter().filter_map(task::find) {
        let (table, count) = task::table(task)?;
        print!("{}", table.render(form));
        all_count &= count;
    }
    Ok(all_count)
}
