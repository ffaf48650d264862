//! `whole-request`: what telemetry costs a request, beside the same service without it.

mod client;
mod grpc;
mod grpc_client;
mod measure;
mod scenario;
mod serve;
mod server;
mod service;
mod sink;
mod stack;
mod trial;
mod verify;

use bench::allocation::Counting;
use bench::arguments::Arguments;
use bench::core_pin;
use bench::table::Form;
use measure::{Extent, Outcome};
use std::process::ExitCode;
use trial::Load;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const OPTIONS: &[&str] = &[
    "time",
    "allocations",
    "instructions",
    "json",
    "list",
    "propagate",
    "shop",
    "grpc",
    "stacks=",
    "rounds=",
    "batch=",
    "connections=",
    "counted=",
    // Of the measured process, which this program starts itself.
    "serve=",
    "role=",
    "next=",
    "log=",
    "otlp=",
    "count-allocations",
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("whole-request: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the tables that were asked for; whether every row counts.
fn run() -> Result<bool, String> {
    let arguments = Arguments::of_process(OPTIONS)?;
    if arguments.has("serve") {
        return serve::run(&arguments).map(|()| true);
    }
    if arguments.has("list") {
        println!("{}", stack::names().join("\n"));
        return Ok(true);
    }
    let names = if arguments.has("grpc") {
        // The others count a call of gRPC as a request over HTTP, under a route that is not its method.
        arguments.chosen("stacks", &["bare", "obs-100", "obs-10"])?
    } else {
        arguments.chosen("stacks", &stack::names())?
    };
    let batch = arguments.value("batch", 10_000)?;
    let extent = Extent {
        load: Load {
            scenario: match (arguments.has("shop"), arguments.has("grpc")) {
                (true, _) => &scenario::SHOP,
                (false, true) => &scenario::USERS_BY_GRPC,
                (false, false) => &scenario::USERS,
            },
            connections: arguments.value("connections", 8)?,
            propagate: arguments.has("propagate"),
        },
        rounds: arguments.value("rounds", 15)?,
        batch,
        warm_up: batch.min(2_000),
        counted: arguments.value("counted", 2_000)?,
    };
    let form = if arguments.has("json") { Form::Json } else { Form::Markdown };
    // Without a choice: what needs no tool and little time.
    let chosen = ["time", "allocations", "instructions"].iter().any(|measure| arguments.has(measure));
    core_pin::pin_this_process(core_pin::DRIVER);

    let mut all_count = true;
    let mut show = |outcome: Outcome| {
        print!("{}", outcome.table.render(form));
        all_count &= outcome.all_count;
    };
    if arguments.has("time") || !chosen {
        show(measure::time(&names, &extent)?);
    }
    if arguments.has("allocations") || !chosen {
        show(measure::allocations(&names, &extent)?);
    }
    if arguments.has("instructions") {
        show(measure::instructions(&names, &extent)?);
    }
    Ok(all_count)
}
