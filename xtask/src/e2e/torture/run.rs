//! One program that sends, one that receives, and what is read of both from outside.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Scene;
use super::case::{Case, SPANS, SYSLOG};
use crate::e2e::eventually::eventually;
use crate::{Result, http};

/// How many lines are said, and how many a second: some seconds, so that what comes and goes does so meanwhile.
const LINES: u64 = 6_000;
const PACE: u64 = 3_000;
/// Small, so that what waits in memory is little beside what a process has anyway.
const QUEUE: u64 = 1_024 * 1_024;

/// What the sender says at its end.
#[derive(Clone, Copy, Debug)]
pub(in crate::e2e) struct Books {
    pub(in crate::e2e) produced: u64,
    pub(in crate::e2e) delivered: u64,
    pub(in crate::e2e) dropped: u64,
    pub(in crate::e2e) pending: u64,
}

/// What the receiver has counted.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::e2e) struct Outside {
    pub(in crate::e2e) accepted: u64,
    pub(in crate::e2e) twice: u64,
    pub(in crate::e2e) disordered: u64,
    pub(in crate::e2e) requests: u64,
    /// How many it was told are lost; nothing of those who are not asked for it.
    pub(in crate::e2e) told: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ran {
    pub(super) books: Books,
    pub(super) outside: Outside,
    /// The most memory the sender ever had, as the kernel has it: of its own, without pages of files.
    pub(super) peak_kib: u64,
}

impl Ran {
    pub(super) const HEAD: &'static str = "\
| to | kept in | the receiver | said | delivered | counted there | twice | dropped | pending | memory, KiB |
|---|---|---|---|---|---|---|---|---|---|";

    pub(super) fn row(&self, to: &str, way: &str, case: &Case) -> String {
        let Self { books, outside, peak_kib } = self;
        format!(
            "| {to} | {way} | {} | {} | {} | {} | {} | {} | {} | {peak_kib} |\n",
            case.name,
            books.produced,
            books.delivered,
            outside.accepted,
            outside.twice,
            books.dropped,
            books.pending
        )
    }
}

/// A program that ends with the value.
pub(in crate::e2e) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a receiver, and waits until it answers.
pub(in crate::e2e) fn receiver(python: &Path, at: SocketAddr, mode: &str) -> Result<Running> {
    const RECEIVER: &str = include_str!("receiver.py");
    started(python, [RECEIVER, &at.port().to_string(), mode], at)
}

/// The same of syslog, which tells what it has counted on a port of its own.
fn stream(scene: &Scene<'_>, at: SocketAddr, counted: SocketAddr, mode: &str) -> Result<Running> {
    const RECEIVER: &str = include_str!("stream.py");
    started(scene.python, [RECEIVER, &at.port().to_string(), &counted.port().to_string(), mode], counted)
}

fn started<const N: usize>(python: &Path, arguments: [&str; N], at: SocketAddr) -> Result<Running> {
    let mut command = Command::new(python);
    command.arg("-c").args(arguments).stdin(Stdio::null());
    let running = Running(command.spawn().map_err(|error| format!("the receiver: {error}"))?);
    eventually(|| counts(at).map(drop))?;
    Ok(running)
}

pub(in crate::e2e) fn counts(at: SocketAddr) -> Result<Outside> {
    let answer = http::get(at, "/counts", &[]).map_err(|error| format!("the receiver: {error}"))?;
    let text = answer.text();
    let numbers: Vec<u64> = text.split(' ').filter_map(|number| number.trim().parse().ok()).collect();
    let [accepted, twice, disordered, requests, told @ ..] = &numbers[..] else {
        return Err(format!("the receiver said `{text}`"));
    };
    let [accepted, twice, disordered, requests] =
        [accepted, twice, disordered, requests].map(|number| *number);
    Ok(Outside { accepted, twice, disordered, requests, told: told.first().copied().unwrap_or(0) })
}

/// What the sender is told in every case.
pub(super) fn arguments(to: &str, at: SocketAddr, lines: u64, pace: u64) -> Vec<String> {
    let scheme = if to == SYSLOG { "tcp" } else { "http" };
    vec![
        format!("to={to}"),
        format!("url={scheme}://{at}"),
        format!("lines={lines}"),
        format!("pace={pace}"),
        format!("queue={QUEUE}"),
    ]
}

pub(super) fn run(scene: &Scene<'_>, to: &str, durable: bool, case: &Case) -> Result<Ran> {
    let [at, beside] = scene.ports()?;
    let counted = if to == SYSLOG { beside } else { at };
    let receiver = |mode| match to {
        SYSLOG => stream(scene, at, counted, mode),
        _ => receiver(scene.python, at, mode),
    };
    let _receiver = case.mode.map(receiver).transpose()?;
    let mut arguments = arguments(to, at, LINES, PACE);
    arguments.extend([format!("timeout_ms={}", case.patience), format!("text={}", case.text)]);
    // Nobody waits for one who never comes.
    arguments.push(format!("settle_ms={}", if case.settles { 30_000 } else { 500 }));
    if durable {
        let journal = scene.folder.join(format!("journal-{to}-{}", at.port()));
        arguments.extend([format!("durable={}", journal.display()), format!("spill={}", 16 << 20)]);
    }
    let sender = if to == SPANS { &scene.spans } else { &scene.lines };
    let (books, peak_kib) = send(sender, &arguments, |_| Ok(()))?;
    let outside = match case.mode {
        None => Outside::default(),
        // Without an answer, what has come is read some time.
        Some(_) if to == SYSLOG && case.settles => at_rest(counted)?,
        Some(_) => counts(counted)?,
    };
    Ok(Ran { books, outside, peak_kib })
}

/// What the receiver has counted once that changes no more.
fn at_rest(at: SocketAddr) -> Result<Outside> {
    let mut last = counts(at)?;
    eventually(|| {
        std::thread::sleep(Duration::from_millis(100));
        let now = counts(at)?;
        let before = std::mem::replace(&mut last, now);
        if before.accepted == now.accepted { Ok(now) } else { Err(format!("{before:?}, and then {now:?}")) }
    })
}

/// Runs a sender to its end, with something done while it sends.
pub(in crate::e2e) fn send(
    sender: &Path,
    arguments: &[String],
    meanwhile: impl FnOnce(&mut Running) -> Result,
) -> Result<(Books, u64)> {
    let mut command = Command::new(sender);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| format!("{}: {error}", sender.display()))?;
    let mut running = Running(child);
    let out = running.0.stdout.take().ok_or("no standard output")?;
    meanwhile(&mut running)?;
    let mut line = String::new();
    let (pid, ends) = (running.0.id(), AtomicBool::new(false));
    let (read, peak_kib) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| peak(pid, &ends));
        let read = BufReader::new(out).read_line(&mut line);
        ends.store(true, Ordering::Release);
        (read, watching.join().unwrap_or(u64::MAX))
    });
    read.map_err(|error| error.to_string())?;
    let numbers: Vec<u64> = line.split(' ').filter_map(|number| number.trim().parse().ok()).collect();
    let [produced, delivered, dropped, pending] = numbers[..] else {
        return Err(format!("the sender said `{}`", line.trim()));
    };
    drop(running.0.stdin.take());
    let status = running.0.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("the sender ended with {status}"));
    }
    Ok((Books { produced, delivered, dropped, pending }, peak_kib))
}

/// The most memory that a process has of its own until `ends`, in KiB, as it is seen fifty times a second.
fn peak(pid: u32, ends: &AtomicBool) -> u64 {
    let mut peak = 0;
    loop {
        peak = peak.max(own_memory(pid).unwrap_or_default());
        if ends.load(Ordering::Acquire) {
            return peak;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Memory of a process of its own, in KiB.
fn own_memory(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    of("RssAnon:").ok_or_else(|| format!("{path} has no RssAnon"))
}

/// Lines at a pace to a receiver that is not there, comes once all but two seconds of it have passed, and gets all.
pub(super) fn outage(scene: &Scene<'_>, length: Duration, pace: u64) -> Result<String> {
    let [at, _] = scene.ports()?;
    let lines = pace * (length.as_secs() + 2);
    let mut arguments = arguments("loki", at, lines, pace);
    let journal = scene.folder.join("journal-outage");
    // Some 430 bytes a line, and 24 around each.
    let spill = (lines * 600).next_multiple_of(8 << 20) + (64 << 20);
    arguments.extend([format!("durable={}", journal.display()), format!("spill={spill}")]);
    arguments.push(format!("settle_ms={}", 60_000 + lines / 10));
    let mut kept = None;
    let mut files = 0;
    let mut came = Instant::now();
    let (books, memory) = send(&scene.lines, &arguments, |_| {
        std::thread::sleep(length);
        files = bytes_in(&journal)?;
        came = Instant::now();
        kept = Some(receiver(scene.python, at, "well")?);
        Ok(())
    })?;
    let took = came.elapsed();
    let outside = counts(at)?;
    drop(kept);
    let is_all = books.produced == lines && books.delivered == lines && outside.accepted == lines;
    if !is_all || outside.twice > 0 || outside.disordered > 0 {
        return Err(format!("{books:?}, {outside:?}"));
    }
    Ok(format!(
        "{} s without a receiver: {lines} lines said, delivered and counted there, in order, none twice; {} MiB of files, {memory} KiB of memory; all there {:.1} s after it came, in {} requests",
        length.as_secs(),
        files >> 20,
        took.as_secs_f64(),
        outside.requests
    ))
}

/// What is in a directory.
fn bytes_in(directory: &Path) -> Result<u64> {
    let listed = std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    Ok(listed.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum())
}
