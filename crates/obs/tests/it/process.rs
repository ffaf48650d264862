//! Runs a test in a process of its own, for what a process has only once: globals, panic hooks, an environment.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, exit};
use std::time::Duration;

/// An argument that makes a process the child; as a filter it names no test.
const CHILD: &str = "in-a-process-of-its-own";
/// What the child says at its end, so that a test which did not run is not taken for a good one.
const DONE: &str = "the test ran to its end";
/// The child ends itself after this long.
const LONGEST: Duration = Duration::from_secs(180);

/// What stands in front of what the child is told; as a filter it names no test either.
const TOLD: &str = "told:";

/// Runs `body` in a new process of this test binary, with `env` as its whole environment. `module` and `name` are
/// those of the calling test. Returns what the process wrote on standard error.
#[track_caller]
pub(crate) fn alone(module: &str, name: &str, env: &[(&str, &str)], body: impl FnOnce()) -> String {
    child(module, name, (env, "", ""), |_| body()).1
}

/// The same without an environment, begun by `sh` after what `first` says to it, such as a limit.
#[track_caller]
pub(crate) fn alone_under(first: &str, module: &str, name: &str, body: impl FnOnce()) -> String {
    child(module, name, (&[], "", first), |_| body()).1
}

/// The same without an environment, with a text that `body` is given there. Returns what the process wrote on standard
/// output and on standard error.
#[track_caller]
pub(crate) fn alone_and_heard(
    module: &str,
    name: &str,
    told: &str,
    body: impl FnOnce(&str),
) -> (String, String) {
    child(module, name, (&[], told, ""), body)
}

/// Whether this is the new process of one of these: what is made around `body` is not wanted there, and never dropped.
pub(crate) fn is_alone() -> bool {
    std::env::args().any(|argument| argument == CHILD)
}

#[track_caller]
fn child(
    module: &str,
    name: &str,
    (env, told, first): (&[(&str, &str)], &str, &str),
    body: impl FnOnce(&str),
) -> (String, String) {
    if is_alone() {
        let told = std::env::args().find_map(|argument| argument.strip_prefix(TOLD).map(str::to_owned));
        run(|| body(&told.unwrap_or_default()));
    }
    let (_, module) = module.split_once("::").expect("a module of this crate");
    let binary = std::env::current_exe().unwrap();
    let mut command = Command::new(if first.is_empty() { binary.as_path() } else { Path::new("/bin/sh") });
    if !first.is_empty() {
        command.arg("-c").arg(format!("{first}exec \"$0\" \"$@\"")).arg(&binary);
    }
    command.args([&format!("{module}::{name}"), CHILD, &format!("{TOLD}{told}")]);
    command.args(["--exact", "--nocapture", "--test-threads=1"]);
    let output = command.env_clear().envs(env.iter().copied()).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(
        output.status.success() && out.contains(DONE),
        "{name} ended with {}\n--- stdout\n{out}\n--- stderr\n{err}",
        output.status
    );
    (out, err)
}

fn run(body: impl FnOnce()) -> ! {
    std::thread::spawn(|| {
        std::thread::sleep(LONGEST);
        eprintln!("still running after {LONGEST:?}");
        exit(3);
    });
    // The hook may be the one under test, which does not write where a person looks.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(()) => {
            println!("{DONE}");
            exit(0)
        }
        Err(panic) => {
            eprintln!("{}", text(&*panic));
            exit(1)
        }
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text")
}
