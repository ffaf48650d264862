//! A service whose receiver is away at the start and comes then: what it says of that by itself, by its checks, and by the
//! numbers of what it has sent, which are held against rsyslogd's own.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::Scene;
use super::daemon::Daemon;
use crate::e2e::eventually::eventually;
use crate::e2e::files::lines::wc;
use crate::exposition::{Scrape, label, total};
use crate::{Result, http, ports};

/// The program that says lines, and its admin listener.
struct Service {
    child: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    admin: SocketAddr,
    said: PathBuf,
}

impl Service {
    /// With these outputs, each of which has a check.
    fn start(scene: &Scene<'_>, folder: &Path, outputs: &[(&str, String)]) -> Result<Self> {
        let [admin] = ports::free()?;
        let outputs: String = outputs
            .iter()
            .map(|(name, of)| format!("{name}: {{ health: true, retry_for: 300ms, queue: 256MiB, {of} }}, "))
            .collect();
        let text = format!(
            "admin: {{ addr: '{admin}' }}\nhealth: {{ timeout: 50ms, interval: 50ms }}\nlogs: {{ outputs: {{ {outputs} }} }}\n"
        );
        let (file, said) = (folder.join("obs.yaml"), folder.join("service.output.txt"));
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        let errors = File::create(&said).map_err(|error| format!("{}: {error}", said.display()))?;
        let mut command = Command::new(&scene.service);
        command.env("OBS_CONFIG", &file).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", scene.service.display()))?;
        let input = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, input, answers, admin, said })
    }

    /// Has so many lines said, and waits until the fate of all is known.
    fn say(&mut self, lines: u64) -> Result {
        let gone = |error| format!("the service is gone: {error}");
        let input = self.input.as_mut().ok_or("its input is closed")?;
        writeln!(input, "{lines}").map_err(gone)?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer).map_err(gone)? {
            0 => Err(format!("the service ended: {}", self.told())),
            _ => Ok(()),
        }
    }

    /// What it has said on standard error.
    fn told(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    fn status(&self, path: &str) -> Result<u16> {
        http::get(self.admin, path, &[]).map(|answer| answer.status).map_err(|error| error.to_string())
    }

    /// What `/metrics` has of an output.
    fn number(&self, name: &str, of: (&str, &str)) -> Result<f64> {
        let answer = http::get(self.admin, "/metrics", &[]).map_err(|error| error.to_string())?;
        let scrape = Scrape::parse(&answer.text())?;
        let is_of = |sample: &&crate::exposition::Sample| label(&sample.labels, of.0) == of.1;
        Ok(total(scrape.named(name).filter(is_of)))
    }

    /// An error unless the check says so and the service is ready.
    fn is(&self, pipeline: &str, healthy: bool) -> Result {
        let status = self.number("health_check_status", ("check", pipeline))?;
        let ready = self.status("/readyz")?;
        if (status == 1.0) == healthy && ready == 200 {
            return Ok(());
        }
        Err(format!("{pipeline}: the check says {status}, /readyz {ready}"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}

/// What is configured for these ways; in both rsyslogd counts bytes.
fn outputs(daemon: &Daemon) -> [(&'static str, String); 2] {
    let of = |way: Vec<String>| {
        let url = way.iter().find_map(|part| part.strip_prefix("syslog=")).unwrap_or_default();
        format!("type: syslog, url: '{url}'")
    };
    [("tcp", of(daemon.tcp())), ("near", of(daemon.stream()))]
}

pub(super) fn away(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("away")?;
    let mut daemon = Daemon::start(scene, &folder)?;
    daemon.stop()?;
    let outputs = outputs(&daemon);
    let mut service = Service::start(scene, &folder, &outputs)?;
    for (name, cause) in [("tcp", "connection refused"), ("near", "connection refused")] {
        eventually(|| {
            let told = service.told();
            let is_it = |line: &&str| {
                line.starts_with(&format!("obs: log output {name} ("))
                    && line.ends_with(&format!(") does not answer as it should: {cause}"))
            };
            expect(&format!("warnings of {name} in {told}"), told.lines().filter(is_it).count(), 1)
        })?;
    }
    service.say(10)?;
    for pipeline in ["logs_tcp", "logs_near"] {
        eventually(|| service.is(pipeline, false)).map_err(|error| format!("while it is away: {error}"))?;
        let of = |name| service.number(name, ("pipeline", pipeline));
        // What is warned of, and that checks have failed, are lines too.
        expect("lost", of("obs_pipeline_dropped_total")?, of("obs_pipeline_produced_total")?)?;
        expect("sent", of("obs_pipeline_sent_bytes_total")?, 0.0)?;
        if of("obs_pipeline_retries_total")? < 1.0 {
            return Err(format!("{pipeline}: not tried again"));
        }
    }
    daemon.again()?;
    service.say(1_000)?;
    for pipeline in ["logs_tcp", "logs_near"] {
        eventually(|| service.is(pipeline, true)).map_err(|error| format!("once it is back: {error}"))?;
        let of = |name| service.number(name, ("pipeline", pipeline));
        let (good, bad) = (
            of("obs_pipeline_last_success_timestamp_seconds")?,
            of("obs_pipeline_last_failure_timestamp_seconds")?,
        );
        if good <= bad {
            return Err(format!("{pipeline}: good at {good}, bad at {bad}"));
        }
    }
    // On each way what is missing is told in one line, which no book counts.
    eventually(|| {
        let delivered = |pipeline| service.number("obs_pipeline_delivered_total", ("pipeline", pipeline));
        let (tcp, near) = (delivered("logs_tcp")?, delivered("logs_near")?);
        if tcp < 1_000.0 || near < 1_000.0 {
            return Err(format!("{tcp} and {near} lines are delivered"));
        }
        expect("messages", wc(&daemon.messages())? as f64, tcp + near + 2.0)
    })?;
    Ok(String::from("warned, degraded and ready; healthy again with 1000 lines over each of 2 ways"))
}

pub(super) fn counted(scene: &Scene<'_>) -> Result<String> {
    const LINES: u64 = 20_000;
    let folder = scene.folder("counted")?;
    let mut daemon = Daemon::start(scene, &folder)?;
    let mut service = Service::start(scene, &folder, &outputs(&daemon))?;
    let mut told = Vec::new();
    for lines in [1, LINES - 1] {
        service.say(lines)?;
    }
    for (pipeline, listener) in [("logs_tcp", daemon.tcp_listener()), ("logs_near", daemon.stream_listener())]
    {
        let of = |name| service.number(name, ("pipeline", pipeline));
        let sent = of("obs_pipeline_sent_bytes_total")?;
        eventually(|| {
            let counted = daemon.counted(&listener)?;
            expect(&format!("{pipeline}: bytes"), counted.bytes as f64, sent)?;
            expect(&format!("{pipeline}: messages"), counted.messages, LINES)
        })?;
        expect("retries", of("obs_pipeline_retries_total")?, 0.0)?;
        let batches = of("obs_pipeline_sent_batches_total")?;
        expect("batches", batches, of("obs_pipeline_exports_total")?)?;
        told.push(format!("{sent} bytes in {batches} batches"));
    }
    if service.told().contains("does not answer") {
        return Err(format!("told of a receiver that is there: {}", service.told()));
    }
    daemon.stop()?;
    Ok(told.join(", "))
}
