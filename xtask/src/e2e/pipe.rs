//! Runs a program on a text, as a shell's pipe does.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::{Result, cargo};

/// Runs `command` with `input` on its standard input, to its end.
pub(super) fn pipe(command: &mut Command, input: &[u8]) -> Result<Output> {
    let line = cargo::line(command);
    let failed = |error| format!("cannot run `{line}`: {error}");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A program that does not read to the end says by its exit status what it thinks.
            let _ = stdin.map(|mut stdin| stdin.write_all(input));
        });
        child.wait_with_output().map_err(failed)
    })
}

/// Both streams of `output`, in one line each.
pub(super) fn said(output: &Output) -> String {
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    text.trim().to_owned()
}
