//! The workspace's own commands, in plain Rust without dependencies, so that a fresh clone runs them at once.

mod arguments;
mod bench;
mod cargo;
mod ci;
mod demo;
mod e2e;
mod exposition;
mod http;
mod ids;
mod json;
mod ports;
mod process;
mod protobuf;
mod quickstart;
mod schema;
mod tidy;

use std::process::ExitCode;

/// What a command returns; the text says what went wrong and what to do about it.
type Result<T = ()> = std::result::Result<T, String>;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo    run the quickstart under load
            --for 20s        end by itself; otherwise Ctrl-C ends it
            --show-trace     follow one request: its lines, its span, the exemplar that points to it
            --port N         the service's port (8080)
            --admin-port N   the port of /metrics (9464)
  tidy    check the rules of the tree: edges between crates, headers, globals, environment reads
  ci      fmt, clippy, tidy, docs and each feature alone
  schema  write docs/obs.schema.json, which editors check obs.yaml by
            --check          only say whether it is the code's
  e2e     500 requests against a real Prometheus and a real OTLP sink, and restarts under load
            --install        bring those servers first: apt-get as root, and a Python venv
  bench   build and run the benchmarks in release
            [whole-request|micro] [arguments of that benchmark]";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let result = match command.as_deref() {
        Some("demo") => demo::run(&rest),
        Some("tidy") => tidy::run(&rest),
        Some("ci") => ci::run(&rest),
        Some("e2e") => e2e::run(&rest),
        Some("schema") => schema::run(&rest),
        Some("bench") => bench::run(&rest),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("no command `{other}`\n\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_empty() {
                eprintln!("{error}");
            }
            ExitCode::FAILURE
        }
    }
}
