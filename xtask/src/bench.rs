//! Builds and runs the benchmarks, which are a workspace of their own so that nothing else builds their peers.

use crate::{Result, cargo};

const BENCHMARKS: [&str; 4] = ["whole-request", "micro", "registry", "shipping"];

/// `cargo xtask bench [whole-request|micro|registry|shipping] [arguments]`; without a name each runs with its defaults.
pub(crate) fn run(arguments: &[String]) -> Result {
    match arguments.split_first() {
        None => BENCHMARKS.iter().try_for_each(|name| benchmark(name, &[])),
        Some((name, rest)) if BENCHMARKS.contains(&name.as_str()) => benchmark(name, rest),
        Some((other, _)) => Err(format!("no benchmark `{other}`; there are {}", BENCHMARKS.join(", "))),
    }
}

fn benchmark(name: &str, arguments: &[String]) -> Result {
    let mut command = cargo::command();
    command.args(["run", "--release", "--manifest-path", "bench/Cargo.toml", "--bin", name, "--"]);
    cargo::run(command.args(arguments))
}
