//! A journal whose disk is full, or takes nothing, or holds what a later version wrote: whoever logs goes on, and the books say it.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::Scene;
use super::run::{Outside, Running, arguments, counts, receiver};
use crate::Result;
use crate::e2e::disk::Disk;
use crate::e2e::eventually::eventually;

/// How large a segment of the journal is, in KiB: a quarter of its `spill`.
const SEGMENT_KIB: u64 = 4 << 10;

/// No call may take longer. On a machine at rest the longest takes some milliseconds, in which a segment is made.
const LONGEST: Duration = Duration::from_secs(1);

/// The sender, which does as it is told.
struct Sender {
    running: Running,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What it answers.
#[derive(Clone, Copy, Debug)]
struct Books {
    produced: u64,
    delivered: u64,
    dropped: u64,
    pending: u64,
    io: u64,
    longest: Duration,
}

impl Sender {
    fn start(scene: &Scene<'_>, at: SocketAddr, journal: &Path) -> Result<Self> {
        let mut command = Command::new(&scene.lines);
        command.args(arguments("loki", at, 1, 0)).args(["settle_ms=1", "spill=16777216"]);
        command.arg(format!("durable={}", journal.display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("{}: {error}", scene.lines.display()))?;
        let mut running = Running(child);
        let input = running.0.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(running.0.stdout.take().ok_or("no standard output")?);
        let mut sender = Self { running, input, answers };
        sender.numbers()?;
        Ok(sender)
    }

    fn numbers(&mut self) -> Result<Vec<u64>> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        line.split_whitespace()
            .map(|number| number.parse().map_err(|_| format!("it said `{line}`")))
            .collect()
    }

    fn tell(&mut self, command: &str) -> Result<Books> {
        writeln!(self.input, "{command}").map_err(|error| format!("the sender is gone: {error}"))?;
        let [produced, delivered, dropped, pending, io, _, micros] = self.numbers()?[..] else {
            return Err(String::from("the sender ended by itself"));
        };
        let books =
            Books { produced, delivered, dropped, pending, io, longest: Duration::from_micros(micros) };
        if produced != delivered + dropped + pending || dropped != io || books.longest > LONGEST {
            return Err(format!("after `{command}`: {books:?}"));
        }
        Ok(books)
    }

    fn end(self) -> Result {
        let Self { mut running, input, answers } = self;
        drop((input, answers));
        let status = running.0.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("the sender ended with {status}")) }
    }
}

pub(super) fn full(scene: &Scene<'_>) -> Result<String> {
    let [at, _] = scene.ports()?;
    let disk = Disk::mount(scene.below("disk-full")?, 7)?;
    let mut sender = Sender::start(scene, at, &disk.folder.join("journal"))?;
    let mut books = sender.tell("write 1000")?;
    for _ in 0..20 {
        if books.dropped > 0 {
            break;
        }
        books = sender.tell("write 2000")?;
    }
    let free = disk.free()?;
    if books.dropped == 0 || free >= SEGMENT_KIB {
        return Err(format!("{free} KiB are free, and {books:?}"));
    }
    let kept = books.pending;
    let refused = sender.tell("write 5000")?;
    if refused.pending != kept || refused.dropped != books.dropped + 5_000 {
        return Err(format!("{books:?}, and after 5,000 more {refused:?}"));
    }
    disk.make_room()?;
    // It looks each second whether there is room.
    let mut dropped = refused.dropped;
    let again = eventually(|| {
        let now = sender.tell("write 10")?;
        let before = std::mem::replace(&mut dropped, now.dropped);
        if before == now.dropped { Ok(now) } else { Err(format!("{now:?}")) }
    })?;
    let more = sender.tell("write 5000")?;
    if more.dropped != again.dropped || more.pending != again.pending + 5_000 {
        return Err(format!("there is room again, and {again:?} is followed by {more:?}"));
    }
    let _receiver = receiver(scene.python, at, "well")?;
    let end = sender.tell("settle 30000")?;
    sender.end()?;
    let outside = counts(at)?;
    let Outside { accepted, twice, disordered, told, .. } = outside;
    let seen = (accepted, twice, disordered, told, end.delivered, end.dropped);
    if seen != (more.pending, 0, 0, more.dropped, more.pending, more.dropped) {
        return Err(format!("{outside:?}, {end:?}"));
    }
    Ok(format!(
        "{} said, {} kept, delivered and counted outside in order, {} dropped as io, and told there; the longest call took {} ms",
        end.produced,
        accepted,
        end.io,
        refused.longest.max(books.longest).max(more.longest).as_millis()
    ))
}

/// The same disk before anybody has written to it.
pub(super) fn full_at_the_start(scene: &Scene<'_>) -> Result<String> {
    let [at, _] = scene.ports()?;
    let disk = Disk::mount(scene.below("disk-full-start")?, 16)?;
    let mut sender = Sender::start(scene, at, &disk.folder.join("journal"))?;
    let refused = sender.tell("write 1000")?;
    if disk.free()? > 0 || refused.produced < 1_000 || refused.io != refused.produced {
        return Err(format!("{} KiB are free, and {refused:?}", disk.free()?));
    }
    disk.make_room()?;
    let mut dropped = refused.dropped;
    let kept = eventually(|| {
        let now = sender.tell("write 10")?;
        let before = std::mem::replace(&mut dropped, now.dropped);
        if before == now.dropped { Ok(now) } else { Err(format!("{now:?}")) }
    })?;
    let _receiver = receiver(scene.python, at, "well")?;
    let end = sender.tell("settle 30000")?;
    sender.end()?;
    let outside = counts(at)?;
    let seen = (outside.accepted, outside.twice, outside.told, end.delivered);
    if seen != (kept.pending, 0, kept.dropped, kept.pending) {
        return Err(format!("{outside:?}, {end:?}"));
    }
    Ok(format!(
        "{} said, {} dropped as io, {} kept once there was room, and counted outside",
        end.produced, end.io, seen.0
    ))
}

/// Root is stopped by a file system alone.
pub(super) fn read_only(scene: &Scene<'_>) -> Result<String> {
    let disk = Disk::mount(scene.below("disk-read-only")?, 1)?;
    let journal = disk.folder.join("journal");
    std::fs::create_dir(&journal).map_err(|error| format!("{}: {error}", journal.display()))?;
    disk.read_only()?;
    refused(scene, &journal, &format!("cannot open {}", journal.join("lock").display()))
}

pub(super) fn newer(scene: &Scene<'_>) -> Result<String> {
    let [at, _] = scene.ports()?;
    let journal = scene.below("journal-newer")?;
    Sender::start(scene, at, &journal)?.end()?;
    // As a later version would write it: its number, and the checksum, which is that of gzip.
    let script = "import sys, zlib, struct\n\
                  path = sys.argv[1]\n\
                  data = bytearray(open(path, 'rb').read())\n\
                  data[8] = 2\n\
                  data[60:64] = struct.pack('<I', zlib.crc32(data[:60]))\n\
                  open(path, 'wb').write(data)\n";
    let listed = std::fs::read_dir(&journal).map_err(|error| format!("{}: {error}", journal.display()))?;
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "segment");
    let segment = listed.filter_map(|entry| Some(entry.ok()?.path())).find(is_segment);
    let segment = segment.ok_or_else(|| format!("no segment in {}", journal.display()))?;
    let mut command = Command::new(scene.python);
    crate::cargo::run(command.args(["-c", script]).arg(&segment))?;
    let told = format!("{} has version 2 of the journal's format", segment.display());
    refused(scene, &journal, &told)
}

/// That a start with this journal ends at once, and says so.
fn refused(scene: &Scene<'_>, journal: &Path, told: &str) -> Result<String> {
    let [at, _] = scene.ports()?;
    let mut command = Command::new(&scene.lines);
    command.args(arguments("loki", at, 1, 0)).arg(format!("durable={}", journal.display()));
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() || !said.contains(told) {
        return Err(format!("it ended with {}, and said `{said}`, not `{told}`", output.status));
    }
    Ok(said)
}
