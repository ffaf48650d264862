//! A running child, ended by its own id when the guard is dropped or when this command dies.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::output::Output;
use crate::Result;

/// How a child is asked to end; one that does not is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// Its standard input ends.
    CloseInput,
    /// SIGTERM.
    Terminate,
}

/// How long a child that was asked to end may take.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// Becomes the program itself, and leaves a watcher behind that reads the input: when it ends, because the command
/// that started the program is gone by whatever signal, and the program is still the watcher's parent, it ends the
/// program. A program that has ended is nobody's parent, so a process id used again is never hit.
const WATCH: &str = r#"
exec 3<&0
( cat <&3 >/dev/null; read -r _ _ _ parent _ </proc/self/stat; [ "$parent" = "$$" ] && kill -TERM "$$" ) &
exec 3<&-
exec "$0" "$@" </dev/null
"#;

/// A child process.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    stop: Stop,
    pub(crate) output: Output,
}

impl Process {
    /// Starts a program that ends by itself when its standard input ends, as everything it inherits from this command
    /// does when this command dies.
    pub(crate) fn start_reading_input(name: &str, mut command: Command, output: PathBuf) -> Result<Self> {
        let (output, out, err) = Output::create(output)?;
        apart(&mut command);
        let child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn();
        let child = child.map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { name: name.to_owned(), child, stop: Stop::CloseInput, output })
    }

    /// Starts any other program, under a watcher that ends it when this command dies. Needs `sh` and `/proc`.
    pub(crate) fn start_watched(name: &str, command: &Command, output: PathBuf) -> Result<Self> {
        let mut watched = Command::new("sh");
        watched.args(["-c", WATCH]).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => watched.env(key, value),
                None => watched.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            watched.current_dir(folder);
        }
        let mut started = Self::start_reading_input(name, watched, output)?;
        started.stop = Stop::Terminate;
        Ok(started)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// An error with its last words, if it has ended.
    pub(crate) fn alive(&mut self) -> Result {
        match self.ended() {
            None => Ok(()),
            Some(status) => Err(format!(
                "{} ended by itself ({status}); its last output:\n{}",
                self.name,
                self.output.tail()
            )),
        }
    }

    /// Waits until `probe` is content. An end of the process, or `limit` running out, is an error with its last words.
    pub(crate) fn wait_until(
        &mut self,
        what: &str,
        limit: Duration,
        mut probe: impl FnMut() -> bool,
    ) -> Result {
        let deadline = Instant::now() + limit;
        loop {
            self.alive()?;
            if probe() {
                return Ok(());
            }
            if Instant::now() > deadline {
                let tail = self.output.tail();
                return Err(format!("{}: {what} not within {limit:?}; its last output:\n{tail}", self.name));
            }
            sleep(POLL);
        }
    }

    /// Asks it to end in its own way and waits; kills it when it does not.
    pub(crate) fn stop(&mut self) -> Result<ExitStatus> {
        self.stop_by(self.stop)
    }

    /// Asks it to end in another way.
    pub(crate) fn stop_by(&mut self, stop: Stop) -> Result<ExitStatus> {
        if let Some(status) = self.ended() {
            return Ok(status);
        }
        self.tell(stop);
        self.wait_for(GRACE)
    }

    /// Kills it.
    pub(crate) fn kill(mut self) -> Result {
        self.child.kill().map_err(|error| format!("{} cannot be killed: {error}", self.name))?;
        self.child.wait().map(drop).map_err(|error| format!("{}: {error}", self.name))
    }

    /// Asks it to end, and does not wait.
    pub(crate) fn tell(&mut self, stop: Stop) {
        match stop {
            Stop::CloseInput => drop(self.child.stdin.take()),
            Stop::Terminate => {
                signal(self.child.id(), "TERM");
            }
        }
    }

    /// Sends it a signal by its name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) -> Result {
        let sent = signal(self.child.id(), name);
        if sent { Ok(()) } else { Err(format!("{} takes no SIG{name}", self.name)) }
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends; kills it when it does not in time.
    pub(crate) fn wait_for(&mut self, limit: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        Err(format!(
            "{} did not end within {limit:?} and was killed; its last output:\n{}",
            self.name,
            self.output.tail()
        ))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// Puts it into a process group of its own: a Ctrl-C reaches this command alone, which ends its children in their order.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn apart(_: &mut Command) {}

/// The standard library sends no signal but SIGKILL; the shell's own `kill` does.
pub(crate) fn signal(id: u32, name: &str) -> bool {
    let kill = Command::new("sh").args(["-c", "kill -\"$1\" \"$0\"", &id.to_string(), name]).status();
    kill.is_ok_and(|status| status.success())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn file(name: &str) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        std::env::temp_dir().join(format!("xtask-process-{}-{number}-{name}", std::process::id()))
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn an_early_end_is_told_with_the_last_words() {
        let output = file("early");
        let mut process =
            Process::start_watched("thing", &shell("echo oh no; exit 3"), output.clone()).unwrap();
        let error = process.wait_until("ready", Duration::from_secs(10), || false).unwrap_err();
        assert!(error.contains("thing ended") && error.contains("oh no") && error.contains('3'), "{error}");
        std::fs::remove_file(output).unwrap();
    }

    #[test]
    fn a_watched_process_is_terminated_and_its_environment_arrives() {
        let output = file("stop");
        let mut command = shell("echo $WORD; exec sleep 600");
        command.env("WORD", "hello");
        let mut process = Process::start_watched("sleeper", &command, output.clone()).unwrap();
        let path = output.clone();
        let said = move || std::fs::read_to_string(&path).is_ok_and(|text| text == "hello\n");
        process.wait_until("a word", Duration::from_secs(10), said).unwrap();
        assert!(!process.stop().unwrap().success());
        std::fs::remove_file(output).unwrap();
    }

    #[test]
    fn a_watched_process_ends_when_its_starter_is_gone() {
        let output = file("orphan");
        let mut process =
            Process::start_watched("sleeper", &shell("exec sleep 600"), output.clone()).unwrap();
        // What the death of this command would do.
        drop(process.child.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(10);
        while process.ended().is_none() {
            assert!(Instant::now() < deadline, "still running");
            sleep(POLL);
        }
        std::fs::remove_file(output).unwrap();
    }

    #[test]
    fn closing_the_input_ends_a_process_that_reads_it() {
        let output = file("input");
        let mut process = Process::start_reading_input("cat", Command::new("cat"), output.clone()).unwrap();
        assert!(process.alive().is_ok());
        assert!(process.stop().unwrap().success());
        std::fs::remove_file(output).unwrap();
    }
}
