//! Runs cargo in the workspace this command was built from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::json::Json;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// Where cargo builds to; the demo and the checker keep their output beside it.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => root().join(target),
        None => root().join("target"),
    }
}

/// A cargo command in the workspace's folder; the same cargo that started this command.
pub(crate) fn command() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root());
    command
}

/// Runs `command` to its end and turns a failure into an error.
pub(crate) fn run(command: &mut Command) -> Result {
    let line = line(command);
    let status = command.status().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}

/// The command's words, as one would type them.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy();
    command.get_args().fold(program.into_owned(), |line, word| line + " " + &word.to_string_lossy())
}

/// Whether cargo has this subcommand, components of the toolchain included.
pub(crate) fn has(subcommand: &str) -> bool {
    let quiet =
        command().args([subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Builds binaries of `package` in the dev profile, all by one cargo, and says where they are, by cargo's own messages.
pub(crate) fn build_binaries<const N: usize>(package: &str, names: [&str; N]) -> Result<[PathBuf; N]> {
    build_binaries_with(package, &[], names)
}

/// The same with features of the package.
pub(crate) fn build_binaries_with<const N: usize>(
    package: &str,
    features: &[&str],
    names: [&str; N],
) -> Result<[PathBuf; N]> {
    let mut build = command();
    build.args(["build", "--package", package, "--bins", "--features", &features.join(",")]);
    built(build, package, features, names)
}

/// Builds an example of a crate in the dev profile, and says where it is.
pub(crate) fn build_example(package: &str, name: &str) -> Result<PathBuf> {
    build_example_with(package, &[], name)
}

/// The same with features of the package.
pub(crate) fn build_example_with(package: &str, features: &[&str], name: &str) -> Result<PathBuf> {
    let mut build = command();
    build.args(["build", "--package", package, "--example", name, "--features", &features.join(",")]);
    let [binary] = built(build, package, features, [name])?;
    Ok(binary)
}

/// What has the workspace built as its tests have it, whose features and crates are there already where those ran before. What
/// asks for features of its own is built by itself all the same.
const WITH_THE_WORKSPACE: &str = "OBS_XTASK_BUILD_WITH_THE_WORKSPACE";

fn built<const N: usize>(
    build: Command,
    package: &str,
    features: &[&str],
    names: [&str; N],
) -> Result<[PathBuf; N]> {
    if features.is_empty() && std::env::var_os(WITH_THE_WORKSPACE).is_some() {
        let mut together = command();
        // Examples bring the features of development dependencies, as tests do.
        together.args(["build", "--workspace", "--bins", "--examples"]);
        if let Ok(binaries) = executables(&messages_of(together)?, package, names) {
            return Ok(binaries);
        }
    }
    let binaries = executables(&messages_of(build)?, package, names)?;
    if features.is_empty() { Ok(binaries) } else { aside(binaries, features) }
}

/// Copies of what was built with features: what is built without them later takes the place of the originals.
fn aside<const N: usize>(mut binaries: [PathBuf; N], features: &[&str]) -> Result<[PathBuf; N]> {
    for binary in &mut binaries {
        let mut name = binary.file_name().unwrap_or_default().to_owned();
        name.push(format!("-{}", features.join("-").replace('/', "-")));
        let copy = binary.with_file_name(name);
        // Not over one that runs.
        let _ = std::fs::remove_file(&copy);
        std::fs::copy(&*binary, &copy)
            .map_err(|error| format!("cannot copy {} to {}: {error}", binary.display(), copy.display()))?;
        *binary = copy;
    }
    Ok(binaries)
}

/// Builds, and gives what cargo says of it.
fn messages_of(mut build: Command) -> Result<String> {
    build.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = build.output().map_err(|error| format!("cannot start `{}`: {error}", line(&build)))?;
    if !output.status.success() {
        return Err(format!("`{}` failed: {}", line(&build), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn executables<const N: usize>(messages: &str, package: &str, names: [&str; N]) -> Result<[PathBuf; N]> {
    let mut binaries = std::array::from_fn(|_| PathBuf::new());
    for (binary, name) in binaries.iter_mut().zip(names) {
        *binary = executable(messages, package, name)
            .ok_or_else(|| format!("cargo built `{package}` and named no executable `{name}`"))?;
    }
    Ok(binaries)
}

/// By the folder, which has the name of the package.
fn executable(messages: &str, package: &str, name: &str) -> Option<PathBuf> {
    let manifest = Path::new(package).join("Cargo.toml");
    messages.lines().filter_map(|line| Json::parse(line).ok()).find_map(|message| {
        let is_of_it = Path::new(message.at(&["manifest_path"])?.text()?).ends_with(&manifest);
        let named = message.at(&["target", "name"])?.text()? == name;
        let executable = message.at(&["executable"])?.text()?;
        (is_of_it && named).then(|| PathBuf::from(executable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_the_named_one() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","manifest_path":"/r/axum/Cargo.toml","target":{"name":"axum"},"executable":null}"#,
            "\n",
            r#"{"manifest_path":"/r/other/Cargo.toml","target":{"name":"quickstart"},"executable":"/t/debug/other"}"#,
            "\n",
            r#"{"manifest_path":"/r/quickstart/Cargo.toml","target":{"name":"quickstart"},"executable":"/t/debug/quickstart"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let found = executable(messages, "quickstart", "quickstart");
        assert_eq!(found, Some(PathBuf::from("/t/debug/quickstart")));
        assert_eq!(executable(messages, "axum", "axum"), None);
    }

    #[test]
    fn a_line_reads_as_typed() {
        let mut command = Command::new("/somewhere/cargo");
        command.args(["check", "-p", "obs"]);
        assert_eq!(line(&command), "cargo check -p obs");
    }
}
