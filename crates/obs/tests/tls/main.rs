//! Spans and lines to collectors over TLS, chosen by the file or the environment alone.

#[expect(dead_code, reason = "shared with the crate it comes from, which uses all of it")]
#[path = "../../../obs-export/tests/it/called.rs"]
mod called;
mod calls;
mod certificates;
#[expect(dead_code, reason = "shared with another binary, which uses all of it")]
#[path = "../it/config/file.rs"]
mod file;
mod mistakes;
#[expect(dead_code, reason = "shared with another binary, which uses all of it")]
#[path = "../it/process.rs"]
mod process;
mod troubles;
