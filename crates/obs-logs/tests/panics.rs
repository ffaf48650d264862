//! The line of a panic with its backtrace, one line in every format, whoever reads it.
//!
//! In a process of its own, since whether there is a backtrace is asked of the environment once.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use obs_core::{Base, Resource};
use obs_logs::{Colours, Format, Logs, Output};

const FORMATS: [(&str, Format); 5] = [
    ("json", Format::Json),
    ("logfmt", Format::Logfmt),
    ("pretty", Format::Pretty(Colours::Off)),
    ("ecs", Format::Ecs),
    ("otlp", Format::Otlp),
];

/// A file in the directory that the other process is in, and writes to.
const MARK: &str = "here";

#[inline(never)]
fn falls_over_here() {
    panic!("boom\n2026-10-03T12:34:56.123Z ERROR shop: \u{1b}[31mnot a line\r\n\u{2028}");
}

#[test]
fn a_panic_with_a_backtrace_is_one_line_in_every_format() {
    if Path::new(MARK).exists() {
        return panic_into_files();
    }
    let directory = std::env::temp_dir().join(format!("obs-logs-panics-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(MARK), "").unwrap();
    let name = "a_panic_with_a_backtrace_is_one_line_in_every_format";
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args(["--exact", name, "--nocapture"]).env("RUST_BACKTRACE", "1").current_dir(&directory);
    let ended = other.output().unwrap();
    let texts = FORMATS.map(|(name, _)| fs::read_to_string(directory.join(name)));
    fs::remove_dir_all(&directory).unwrap();
    assert!(ended.status.success(), "{ended:?}");
    for ((name, _), text) in FORMATS.iter().zip(texts) {
        let text = text.unwrap();
        let line = text.strip_suffix('\n').unwrap_or_else(|| panic!("{name}: {text}"));
        // Whatever a reader takes for the end of a line, or for a command to a terminal.
        let splits = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
        assert!(!line.contains(splits), "{name}: {line:?}");
        for expected in ["obs::panic", "boom", "not a line", "panics::falls_over_here", "worker", file!()] {
            assert!(line.contains(expected), "{name} has no {expected}: {line}");
        }
        // Each frame of the backtrace stands on a line of its own in there.
        assert!(line.matches("\\n").count() > 10, "{name}: {line}");
        assert_eq!(
            line.matches("boom").count(),
            if ["ecs", "otlp"].contains(name) { 2 } else { 1 },
            "{name}: {line}"
        );
    }
}

/// Panics while a hook writes to a file in each format, here.
fn panic_into_files() {
    let builder =
        FORMATS.iter().fold(Logs::builder(Base::new(Resource::new("orders"))), |builder, (name, format)| {
            builder.output(Output::file(name).format(*format).named(*name))
        });
    let (logs, mut guard) = builder.build().unwrap();
    std::panic::set_hook(obs_logs::panic::hook(logs, |_| ()));
    let thread = std::thread::Builder::new().name("worker".to_owned());
    assert!(thread.spawn(falls_over_here).unwrap().join().is_err());
    guard.shutdown(Duration::from_secs(30));
}
