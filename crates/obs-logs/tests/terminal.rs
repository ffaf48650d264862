//! Colours at a terminal and none elsewhere, with a real one: `tmux` draws what the line asks for.
#![cfg(unix)]

use std::io::ErrorKind;
use std::process::{Command, Output as Ended, exit};
use std::time::Duration;

use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_logs::{Colours, Format, Logs, Output};
use tracing::{error, info};
use tracing_subscriber::layer::SubscriberExt;

/// An argument that makes a process the one that logs; as a filter it names no test.
const CHILD: &str = "the-one-that-logs";
/// What is written.
const LINES: [&str; 2] = [
    "2026-10-03T12:34:56.123Z INFO  shop: accepted order=42",
    "2026-10-03T12:34:56.123Z ERROR shop: \\u001b[32mgreen by force\\u001b[0m",
];

/// Writes the lines to standard output and ends the process, where this is the one that logs.
fn log_if_child() {
    if !std::env::args().any(|argument| argument == CHILD) {
        return;
    }
    // Behind the test runner's own words.
    println!();
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_791_030_896_123_456_789));
    let base = Base::with(Resource::new("orders"), clock, IdSource::seeded(7));
    let output = Output::stdout().format(Format::Pretty(Colours::Auto));
    let (logs, guard) = Logs::builder(base).output(output).build().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), || {
        info!(target: "shop", order = 42, "accepted");
        error!(target: "shop", "\u{1b}[32mgreen by force\u{1b}[0m");
    });
    logs.flush(Duration::from_secs(30)).unwrap();
    drop(guard);
    exit(0);
}

fn child(test: &str) -> Vec<String> {
    let own = std::env::current_exe().unwrap().display().to_string();
    [&own, test, CHILD, "--exact", "--nocapture", "--test-threads=1"].map(str::to_owned).to_vec()
}

/// A server of its own, which ends with the test.
struct Tmux(String);

impl Tmux {
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        let ended =
            command.args(["-L", &self.0, "-f", "/dev/null"]).args(arguments).env_remove("TMUX").output();
        match ended {
            Ok(Ended { status, stdout, .. }) if status.success() => String::from_utf8(stdout).unwrap(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("tmux is not on this machine; this brings it:\n  apt-get install -y tmux")
            }
            other => panic!("tmux {arguments:?}: {other:?}"),
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.0, "kill-server"]).output();
    }
}

#[test]
fn a_terminal_shows_colours_of_the_head_and_none_that_come_from_data() {
    log_if_child();
    let tmux = Tmux(format!("obs-logs-terminal-{}", std::process::id()));
    let child = child("a_terminal_shows_colours_of_the_head_and_none_that_come_from_data");
    let child = child.iter().map(|part| format!("'{part}'")).collect::<Vec<_>>().join(" ");
    // The pane is there until it is looked at.
    let shell = format!("{child}; tmux -L {} wait-for -S written; cat", tmux.0);
    tmux.run(&["new-session", "-d", "-x", "150", "-y", "40", &shell]);
    tmux.run(&["wait-for", "written"]);
    let (plain, coloured) =
        (tmux.run(&["capture-pane", "-p", "-t", "0"]), tmux.run(&["capture-pane", "-p", "-e", "-t", "0"]));
    for line in LINES {
        assert!(plain.lines().any(|shown| shown == line), "{plain}");
    }
    // As tmux tells it: green, red, and the rest dim or as ever.
    let line = |level: &str| coloured.lines().find(|line| line.contains(level)).unwrap().to_owned();
    let (info, error) = (line("INFO"), line("ERROR"));
    assert!(info.contains("\u{1b}[32mINFO"), "{info:?}");
    assert!(error.contains("\u{1b}[31mERROR") && !error.contains("\u{1b}[32m"), "{error:?}");
    assert!(info.contains("\u{1b}[2m2026-"), "{info:?}");
    let (_, fields) = info.split_once("accepted").unwrap();
    assert_eq!(fields, " order=42");
}

#[test]
fn a_pipe_gets_no_colours() {
    log_if_child();
    let child = child("a_pipe_gets_no_colours");
    let ended = Command::new(&child[0]).args(&child[1..]).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let text = String::from_utf8(ended.stdout).unwrap();
    assert!(text.ends_with(&format!("{}\n{}\n", LINES[0], LINES[1])), "{text:?}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}
