//! Says something to whoever reads the output; that they have gone is a reason to end, not to panic.

use std::fmt::Display;
use std::io::Write;

use crate::Result;

pub(super) fn say(text: impl Display) -> Result {
    let mut out = std::io::stdout().lock();
    let said = writeln!(out, "{text}").and_then(|()| out.flush());
    said.map_err(|error| format!("the demo ends, nobody reads what it says: {error}"))
}
