//! The JSON schema of `obs.yaml`, drawn by obs itself and kept in the docs for editors.

use std::fs;

use crate::arguments::Arguments;
use crate::{Result, cargo};

const PATH: &str = "docs/obs.schema.json";

pub(crate) fn run(arguments: &[String]) -> Result {
    let mut arguments = Arguments::new(arguments);
    let check = arguments.flag("--check");
    arguments.end()?;
    let schema = drawn()?;
    let path = cargo::root().join(PATH);
    let written = fs::read(&path).unwrap_or_default();
    if written == schema {
        return Ok(());
    }
    if check {
        return Err(format!("{PATH} is not what the code says; `cargo xtask schema` writes it anew"));
    }
    fs::write(&path, schema).map_err(|error| format!("cannot write {PATH}: {error}"))?;
    println!("{PATH} is written anew");
    Ok(())
}

/// This command has no dependencies, so that it is there at once: another program asks obs.
fn drawn() -> Result<Vec<u8>> {
    let mut example = cargo::command();
    example.args(["run", "--quiet", "--package", "obs", "--example", "schema"]);
    let line = cargo::line(&example);
    let output = example
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("`{line}` failed: {}", output.status))
    }
}
