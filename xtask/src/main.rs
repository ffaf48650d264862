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
mod service;
mod shop;
mod tidy;

use std::process::ExitCode;

/// What a command returns; the text says what went wrong and what to do about it.
type Result<T = ()> = std::result::Result<T, String>;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo    run the three services of the shop under load
            --for 20s          end by itself; otherwise Ctrl-C ends it
            --show-trace       end with the story of a payment that failed: answer, cause, exemplars, spans, lines
            --show-trace ID    the story of that trace or request, of the running or the last demo; starts nothing
            --port N           the gateway's port (8080); orders and payments have the next two
            --admin-port N     the port of its /metrics (9464); those of orders and payments are the next two
  tidy    check the rules of the tree: edges between crates, headers, globals, environment reads
  ci      fmt, clippy, tidy, docs and each feature alone
  schema  write docs/obs.schema.json, which editors check obs.yaml by
            --check          only say whether it is the code's
  e2e     the quickstart, the shop and pushes against a real Prometheus, Pushgateway, OTLP sink and PostgreSQL, and ends under load
            --only NAME      quickstart, registries, pools, health, shop, push, otlp, torture, files or syslog alone
            --outage SECONDS  instead of all of it: lines to a receiver that is away so long, and the work of whoever logs
            --install        bring those servers first: apt-get as root, and a Python venv
  bench   build and run the benchmarks in release
            [whole-request|micro|registry] [arguments of that benchmark]";

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
