//! Everything that judges the tree without running a service, in the order of what fails fastest.

use std::process::Command;
use std::time::Instant;

use crate::arguments::Arguments;
use crate::{Result, cargo, schema, tidy};

/// Features of obs-export; each must build without the others.
const EXPORT_FEATURES: [&str; 9] =
    ["http", "gzip", "snappy", "grpc", "zstd", "tls", "socket", "socket-tls", "journal"];

/// Features of obs; each must build without the others.
const FEATURES: &[&str] = &[
    "admin-basic-auth",
    "admin-tls",
    "metrics",
    "metrics-pool-sqlx",
    "metrics-pool-deadpool",
    "metrics-pool-bb8",
    "metrics-push",
    "logs",
    "logs-fmt",
    "logs-journald",
    "logs-ship",
    "logs-ship-grpc",
    "logs-syslog",
    "journal",
    "traces",
    "traces-debug",
    "traces-grpc",
    "traces-opentelemetry",
    "health",
    "health-disk",
    "health-grpc",
    "health-redis",
    "health-reqwest",
    "health-sqlx",
    "profiling",
    "profiling-tasks",
    "middleware",
    "client-hyper-util",
    "client-lapin",
    "client-redis",
    "client-reqwest",
    "client-sqlx",
    "client-tonic",
    "tonic",
    "serve",
    "axum",
    "config",
    "spawn",
    "log",
    "testing",
];

/// What an example with metrics alone must not build: the other signals, and what they alone bring.
const OTHER_SIGNALS: [&str; 5] =
    ["obs-logs", "obs-trace", "tracing-subscriber", "opentelemetry", "opentelemetry_sdk"];

/// A heading, and what is done under it.
type Step = (&'static str, fn() -> Result);

pub(crate) fn run(arguments: &[String]) -> Result {
    Arguments::new(arguments).end()?;
    let steps: [Step; 8] = [
        ("cargo fmt --all --check", || if_present("fmt", cargo::command().args(["fmt", "--all", "--check"]))),
        ("cargo xtask tidy", || tidy::run(&[])),
        ("cargo xtask schema --check", || schema::run(&[String::from("--check")])),
        ("cargo clippy --workspace --all-targets -- -D warnings", clippy),
        ("cargo doc --workspace --no-deps, warnings denied", doc),
        ("obs and obs-export without any feature, and with each alone", features_alone),
        ("metrics-only builds no other signal", metrics_only),
        ("cargo deny check", || if_present("deny", cargo::command().args(["deny", "check"]))),
    ];
    let failed: Vec<_> = steps.iter().filter(|(heading, work)| !step(heading, *work)).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let headings: Vec<_> = failed.iter().map(|(heading, _)| *heading).collect();
    Err(format!("\n{} of {} steps failed: {}", failed.len(), steps.len(), headings.join("; ")))
}

/// Runs one step under a heading, says how long it took, and whether it was good. A fault in one keeps no other from
/// being found.
fn step(heading: &str, work: fn() -> Result) -> bool {
    println!("\n== {heading}");
    let start = Instant::now();
    let result = work();
    if let Err(error) = &result {
        println!("{error}");
    }
    let word = if result.is_ok() { "ok" } else { "FAILED" };
    println!("== {heading}: {word} in {:.1} s", start.elapsed().as_secs_f64());
    result.is_ok()
}

fn clippy() -> Result {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    if_present("clippy", cargo::command().args(arguments))?;
    // Features that nothing else in the workspace asks for.
    let export =
        ["clippy", "--package", "obs-export", "--all-features", "--all-targets", "--", "-D", "warnings"];
    if_present("clippy", cargo::command().args(export))
}

fn doc() -> Result {
    let mut doc = cargo::command();
    cargo::run(doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs a subcommand this toolchain may lack, and says so where it does.
fn if_present(subcommand: &str, command: &mut Command) -> Result {
    if cargo::has(subcommand) {
        return cargo::run(command);
    }
    println!("this toolchain has no `cargo {subcommand}`: not checked");
    Ok(())
}

fn features_alone() -> Result {
    let packages = [("obs", FEATURES), ("obs-export", &EXPORT_FEATURES[..])];
    let alone = packages.into_iter().flat_map(|(package, features)| {
        features.iter().map(Some).chain([None]).map(move |feature| (package, feature.copied()))
    });
    let failed: Vec<_> =
        alone.filter_map(|(package, feature)| feature_alone(package, feature).err()).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// Warnings are errors here too: a feature alone tends to leave imports behind. By clippy where it is there, which judges what
/// is ours and leaves the rest as it was built; flags for all would have everything built once more.
fn feature_alone(package: &str, feature: Option<&str>) -> Result {
    let has_clippy = cargo::has("clippy");
    let mut check = cargo::command();
    check.args([if has_clippy { "clippy" } else { "check" }, "--package", package, "--no-default-features"]);
    if let Some(feature) = feature {
        check.args(["--features", feature]);
    }
    if has_clippy {
        check.args(["--", "-D", "warnings"]);
    } else {
        check.env("RUSTFLAGS", rustflags());
    }
    println!("{}", cargo::line(&check));
    cargo::run(&mut check)
}

fn rustflags() -> String {
    let own = std::env::var("RUSTFLAGS").unwrap_or_default();
    format!("{own} -D warnings").trim().to_owned()
}

fn metrics_only() -> Result {
    let mut tree = cargo::command();
    tree.args(["tree", "--package", "metrics-only", "--edges", "normal", "--prefix", "none"]);
    let output = tree.output().map_err(|error| format!("cannot start `{}`: {error}", cargo::line(&tree)))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{}` failed: {}", cargo::line(&tree), error.trim()));
    }
    let tree = String::from_utf8_lossy(&output.stdout);
    let found = other_signals(&tree);
    if found.is_empty() { Ok(()) } else { Err(format!("metrics-only also builds {}", found.join(", "))) }
}

/// Which packages of other signals a `cargo tree` without prefixes names.
fn other_signals(tree: &str) -> Vec<&str> {
    let packages = tree.lines().filter_map(|line| line.split(' ').next());
    let mut found: Vec<_> = packages.filter(|package| OTHER_SIGNALS.contains(package)).collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_signals_are_found_by_their_whole_name() {
        let tree =
            "metrics-only v0.1.0 (/x)\nobs v0.1.0 (/x)\nobs-metrics v0.1.0 (/x)\ntracing-core v0.1.36\n";
        assert!(other_signals(tree).is_empty());
        assert_eq!(other_signals(&format!("{tree}obs-logs v0.1.0 (/x)\n")), ["obs-logs"]);
    }
}
