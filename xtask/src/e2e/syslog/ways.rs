//! All that is sent arrives, over each way.

use std::path::Path;

use super::Scene;
use super::arrived;
use super::daemon::{Daemon, Way};
use super::sender::{Books, Sender};
use crate::Result;
use crate::e2e::eventually::eventually;

const LINES: u64 = 20_000;

pub(super) fn tcp(scene: &Scene<'_>) -> Result<String> {
    check(scene, &scene.folder("tcp")?, Daemon::tcp, LINES, &[])
}

pub(super) fn tls(scene: &Scene<'_>) -> Result<String> {
    check(scene, &scene.folder("tls")?, Daemon::tls, LINES, &[])
}

/// Paced, as nothing holds back who sends faster than is read.
pub(super) fn udp(scene: &Scene<'_>) -> Result<String> {
    check(scene, &scene.folder("udp")?, Daemon::udp, 5_000, &["pace_micros=100"])
}

pub(super) fn datagrams(scene: &Scene<'_>) -> Result<String> {
    check(scene, &scene.folder("datagrams")?, Daemon::datagrams, LINES, &[])
}

pub(super) fn stream(scene: &Scene<'_>) -> Result<String> {
    check(scene, &scene.folder("stream")?, Daemon::stream, LINES, &[])
}

/// Below 200,000 bytes, which is where rsyslogd no longer takes a length for one unless its `maxFrameSize` says so.
pub(super) fn long(scene: &Scene<'_>) -> Result<String> {
    check(scene, &scene.folder("long")?, Daemon::tcp, 50, &["text=190000"])
}

fn check(scene: &Scene<'_>, folder: &Path, way: Way, lines: u64, arguments: &[&str]) -> Result<String> {
    let mut daemon = Daemon::start(scene, folder)?;
    let mut sender = Sender::start(scene, way(&daemon), arguments)?;
    let id = sender.id();
    sender.send(lines)?;
    let books = sender.end()?;
    if books != (Books { next: lines, delivered: lines, dropped: 0 }) {
        return Err(format!("{books:?}"));
    }
    // It writes behind what it has read.
    eventually(|| arrived::read(&daemon.messages(), Some(id))?.all_up_to(lines))?;
    daemon.stop()?;
    arrived::read(&daemon.messages(), Some(id))?.all_up_to(lines)?;
    Ok(format!("{lines} lines"))
}
