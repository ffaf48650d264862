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
    built(build, package, names)
}

/// Builds an example of a crate in the dev profile, and says where it is.
pub(crate) fn build_example(package: &str, name: &str) -> Result<PathBuf> {
    build_example_with(package, &[], name)
}

/// The same with features of the package.
pub(crate) fn build_example_with(package: &str, features: &[&str], name: &str) -> Result<PathBuf> {
    let mut build = command();
    build.args(["build", "--package", package, "--example", name, "--features", &features.join(",")]);
    let [binary] = built(build, package, [name])?;
    Ok(binary)
}

fn built<const N: usize>(mut build: Command, package: &str, names: [&str; N]) -> Result<[PathBuf; N]> {
    build.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = build.output().map_err(|error| format!("cannot start `{}`: {error}", line(&build)))?;
    if !output.status.success() {
        return Err(format!("`{}` failed: {}", line(&build), output.status));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut binaries = std::array::from_fn(|_| PathBuf::new());
    for (binary, name) in binaries.iter_mut().zip(names) {
        *binary = executable(&messages, name)
            .ok_or_else(|| format!("cargo built `{package}` and named no executable `{name}`"))?;
    }
    Ok(binaries)
}

fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().filter_map(|line| Json::parse(line).ok()).find_map(|message| {
        let named = message.at(&["target", "name"])?.text()? == name;
        let executable = message.at(&["executable"])?.text()?;
        named.then(|| PathBuf::from(executable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_the_named_one() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"axum"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"quickstart"},"executable":"/t/debug/quickstart"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages, "quickstart"), Some(PathBuf::from("/t/debug/quickstart")));
        assert_eq!(executable(messages, "axum"), None);
    }

    #[test]
    fn a_line_reads_as_typed() {
        let mut command = Command::new("/somewhere/cargo");
        command.args(["check", "-p", "obs"]);
        assert_eq!(line(&command), "cargo check -p obs");
    }
}
