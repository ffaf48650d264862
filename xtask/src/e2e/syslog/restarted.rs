//! A receiver that goes away: what was on its way is lost without a word, and all else is delivered, or in the books.

use std::thread::sleep;
use std::time::Duration;

use super::Scene;
use super::arrived;
use super::daemon::{Daemon, Way};
use super::sender::{Books, Sender};
use crate::Result;
use crate::e2e::eventually::eventually;

pub(super) fn at_rest(scene: &Scene<'_>) -> Result<String> {
    let ways: [(&str, Way); 4] = [
        ("tcp", Daemon::tcp),
        ("tls", Daemon::tls),
        ("datagrams", Daemon::datagrams),
        ("stream", Daemon::stream),
    ];
    let mut lines = 0;
    for (name, way) in ways {
        let folder = scene.folder(&format!("at_rest_{name}"))?;
        let mut daemon = Daemon::start(scene, &folder)?;
        let mut sender = Sender::start(scene, way(&daemon), &[])?;
        for round in 1..=3 {
            let books = sender.send(1_000)?;
            lines += 1_000;
            eventually(|| arrived::read(&daemon.messages(), None)?.all_up_to(books.next))?;
            if books != (Books { next: round * 1_000, delivered: round * 1_000, dropped: 0 }) {
                return Err(format!("{name}: {books:?}"));
            }
            daemon.stop()?;
            daemon.again()?;
        }
        sender.end()?;
    }
    Ok(format!("{lines} lines over {} ways", ways.len()))
}

pub(super) fn under_load(scene: &Scene<'_>) -> Result<String> {
    const LINES: u64 = 5_000;
    const RESTARTS: u32 = 3;
    let mut daemon = Daemon::start(scene, &scene.folder("under_load")?)?;
    let mut sender = Sender::start(scene, daemon.tcp(), &["pace_micros=500"])?;
    sender.begin(LINES)?;
    for _ in 0..RESTARTS {
        sleep(Duration::from_millis(300));
        daemon.stop()?;
        daemon.again()?;
    }
    let books = sender.answer()?;
    sender.end()?;
    // All went out to a socket.
    if books != (Books { next: LINES, delivered: LINES, dropped: 0 }) {
        return Err(format!("{books:?}"));
    }
    eventually(|| match arrived::read(&daemon.messages(), None)?.numbers.last() {
        Some(last) if last + 1 == LINES => Ok(()),
        last => Err(format!("the last one is {last:?}")),
    })?;
    let arrived = arrived::read(&daemon.messages(), None)?;
    arrived.in_order()?;
    let missing = LINES - arrived.numbers.len() as u64;
    // What gathers in 20 ms, and what a slow machine adds.
    let most = u64::from(RESTARTS) * 200;
    if missing > most {
        return Err(format!("{missing} lines are missing, more than {most}"));
    }
    Ok(format!("{missing} of {LINES} lines in {RESTARTS} restarts"))
}

pub(super) fn killed(scene: &Scene<'_>) -> Result<String> {
    let mut daemon = Daemon::start(scene, &scene.folder("killed")?)?;
    let mut sender = Sender::start(scene, daemon.tcp(), &["retry_millis=700"])?;
    sender.send(1_000)?;
    eventually(|| arrived::read(&daemon.messages(), None)?.all_up_to(1_000))?;
    daemon.kill()?;
    let books = sender.send(500)?;
    if books != (Books { next: 1_500, delivered: 1_000, dropped: 500 }) {
        return Err(format!("while it was away: {books:?}"));
    }
    daemon.again()?;
    sender.send(1_000)?;
    let books = sender.end()?;
    if books != (Books { next: 2_500, delivered: 2_000, dropped: 500 }) {
        return Err(format!("at the end: {books:?}"));
    }
    let arrived = eventually(|| {
        let arrived = arrived::read(&daemon.messages(), None)?;
        let found = arrived.numbers.len() as u64;
        if found == books.delivered {
            Ok(arrived)
        } else {
            Err(format!("{found} lines of {}", books.delivered))
        }
    })?;
    let expected: Vec<u64> = (0..1_000).chain(1_500..2_500).collect();
    if arrived.numbers != expected || arrived.lost != books.dropped {
        return Err(format!("{} are told as lost, or others came", arrived.lost));
    }
    Ok(format!("{} delivered, {} lost and told", books.delivered, books.dropped))
}
