//! `shipping`: lines from a process to a receiver on loopback, sustained and counted there, peer beside peer.

mod bodies;
mod line;
mod measure;
mod receiver;
mod sender;

use bench::arguments::Arguments;
use bench::core_pin;
use bench::table::Form;
use std::process::ExitCode;

const OPTIONS: &[&str] = &[
    "json", "list", "rows=", "rounds=", "lines=",
    // Of the processes that this program starts itself.
    "receive", "send=", "url=",
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("shipping: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the table; whether every row counts.
fn run() -> Result<bool, String> {
    let arguments = Arguments::of_process(OPTIONS)?;
    if arguments.has("receive") {
        return receiver::obey().map(|()| true);
    }
    if let Some(name) = arguments.text("send") {
        let row = sender::find(name).ok_or_else(|| format!("no row {name:?}; see --list"))?;
        return sender::obey(row, arguments.text("url").unwrap_or_default()).map(|()| true);
    }
    let names = sender::names();
    if arguments.has("list") {
        println!("{}", names.join("\n"));
        return Ok(true);
    }
    let rows = arguments.chosen("rows", &names)?;
    core_pin::pin_this_process(core_pin::DRIVER);
    let (table, all_count) =
        measure::table(&rows, arguments.value("rounds", 3)?, arguments.value("lines", 400_000)?)?;
    let form = if arguments.has("json") { Form::Json } else { Form::Markdown };
    print!("{}", table.render(form));
    Ok(all_count)
}
