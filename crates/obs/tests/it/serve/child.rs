//! This test binary again, as a service that is sent real signals.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::running::LONG;

/// An argument that makes a process the child; as a filter it names no test.
const CHILD: &str = "as-a-service";
/// The child ends itself after this long, should nobody do it.
const LONGEST: Duration = Duration::from_secs(60);

/// A child that has said where it serves.
#[derive(Debug)]
pub(super) struct Service {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Service {
    /// Starts `body` in a process of its own, where this call does not return. `module` and `name` are those of the
    /// calling test.
    pub(super) fn start(module: &str, name: &str, body: impl FnOnce() -> i32) -> Self {
        if std::env::args().any(|argument| argument == CHILD) {
            std::thread::spawn(|| {
                std::thread::sleep(LONGEST);
                std::process::exit(99);
            });
            std::process::exit(body());
        }
        let (_, module) = module.split_once("::").expect("a module of this crate");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([&format!("{module}::{name}"), CHILD, "--exact", "--nocapture", "--test-threads=1"]);
        let mut child = command.env_clear().stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Waits until the child says `key=` something.
    #[track_caller]
    pub(super) fn said(&mut self, key: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the child ended without `{key}`");
            // The test runner's own words may stand before it on the line.
            if let Some((_, value)) = line.trim_end().split_once(&format!("<{key}=")) {
                return value.trim_end_matches('>').to_owned();
            }
        }
    }

    #[track_caller]
    pub(super) fn addr(&mut self) -> SocketAddr {
        self.said("addr").parse().unwrap()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(super) fn signal(&self, name: &str) {
        let status =
            Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; how, and how long it took from now.
    #[track_caller]
    pub(super) fn ended(mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut rest = String::new();
                let _ = self.output.read_to_string(&mut rest);
                return (status, begun.elapsed());
            }
            assert!(begun.elapsed() < LONG, "the child does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells the parent.
pub(super) fn say(key: &str, value: impl std::fmt::Display) {
    println!("<{key}={value}>");
}
