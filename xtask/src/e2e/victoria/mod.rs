//! Lines to a real VictoriaLogs, in each way it takes them; it is killed and ended meanwhile. What it has is asked of it,
//! and held against what was said.

mod found;
mod sender;
pub(super) mod server;
mod ways;

use std::path::{Path, PathBuf};
use std::thread::{self, sleep};
use std::time::Duration;

use super::built;
use super::report::Report;
use crate::ids::Ids;
use crate::{Result, cargo};
use found::Times;
use sender::{Sender, Told};
use server::Victoria;

/// How many lines are said at a time.
const LINES: usize = 2_000;

struct Scene<'a> {
    victoria_logs: PathBuf,
    program: PathBuf,
    folder: &'a Path,
}

pub(super) fn check_all(folder: &Path, report: &mut Report) -> Result {
    let victoria_logs = built::victoria_logs()?;
    let program = cargo::build_example_with("obs", &["logs-ship", "journal"], "told_lines")?;
    let scene = Scene { victoria_logs, program, folder };
    each_way(&scene, report)?;
    report.check(
        "victoria: one that is killed, and begins anew on its data, has each line once in the end",
        killed(&scene),
    );
    report.check("victoria: one that ends and begins anew under load misses nothing", ended(&scene));
    Ok(())
}

impl Scene<'_> {
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    fn start(&self, name: &str, durable: bool) -> Result<(PathBuf, Victoria, Sender)> {
        let folder = self.folder(name)?;
        let victoria = Victoria::start(&self.victoria_logs, &folder)?;
        let configuration = ways::configuration(victoria.at, &folder, durable);
        let sender = Sender::start(&self.program, &folder, &configuration)?;
        Ok((folder, victoria, sender))
    }
}

fn told(ids: &mut Ids, lines: usize) -> Vec<Told> {
    (0..lines).map(|number| Told::new(ids, number)).collect()
}

fn each_way(scene: &Scene<'_>, report: &mut Report) -> Result {
    let (folder, victoria, mut sender) = scene.start("ways", false)?;
    let told = told(&mut Ids::new(), LINES);
    told.iter().try_for_each(|told| sender.say(told))?;
    sender.said()?;
    let books = sender.end()?;
    let times = Times::read(&folder)?;
    for way in ways::ALL {
        let judge = || {
            books.all(way.name, LINES)?;
            let found = found::lines(&victoria, &way, LINES)?;
            found::all(&found, &way, &told, &times, 0)?;
            Ok(format!("{} lines in {}", found.len(), way.stream))
        };
        let name = format!("victoria: each line arrives once, whole and at its time, by {}", way.said);
        report.check(&name, judge());
        let search = || {
            let some = told.iter().step_by(LINES / 20);
            some.clone().try_for_each(|told| found::searched(&victoria, &way, told))?;
            Ok(format!("{} of each", some.count()))
        };
        let name = format!("victoria: a line is found by its trace and by its request, by {}", way.said);
        report.check(&name, search());
    }
    Ok(())
}

fn killed(scene: &Scene<'_>) -> Result<String> {
    let (folder, mut victoria, mut sender) = scene.start("killed", true)?;
    let told = told(&mut Ids::new(), 3 * LINES);
    let mut thirds = told.chunks(LINES);
    let mut third =
        |sender: &mut Sender| thirds.next().into_iter().flatten().try_for_each(|told| sender.say(told));
    third(&mut sender)?;
    sender.said()?;
    // What it has said it has and holds in memory is its own to lose.
    victoria.on_disk(ways::ALL.len() * LINES)?;
    victoria.kill()?;
    third(&mut sender)?;
    victoria.again()?;
    third(&mut sender)?;
    sender.said()?;
    let books = sender.end()?;
    let times = Times::read(&folder)?;
    for way in ways::ALL {
        books.all(way.name, told.len())?;
        let found = found::lines(&victoria, &way, told.len())?;
        found::all(&found, &way, &told, &times, 0)?;
    }
    Ok(format!("{} lines in each of {} ways", told.len(), ways::ALL.len()))
}

fn ended(scene: &Scene<'_>) -> Result<String> {
    const RESTARTS: usize = 3;
    /// What may be under way as it ends, and is sent again: some of the lines of one request each time.
    const TWICE: usize = RESTARTS * 2_000;
    let (folder, mut victoria, mut sender) = scene.start("ended", true)?;
    let told = told(&mut Ids::new(), 3 * LINES);
    thread::scope(|scope| -> Result {
        let saying = scope.spawn(|| {
            for some in told.chunks(20) {
                some.iter().try_for_each(|told| sender.say(told))?;
                sleep(Duration::from_millis(10));
            }
            sender.said()
        });
        for _ in 0..RESTARTS {
            sleep(Duration::from_millis(700));
            victoria.stop()?;
            victoria.again()?;
        }
        saying.join().map_err(|_| String::from("what says the lines is gone"))?
    })?;
    let books = sender.end()?;
    let times = Times::read(&folder)?;
    let mut twice = 0;
    for way in ways::ALL {
        books.all(way.name, told.len())?;
        let found = found::lines(&victoria, &way, told.len())?;
        twice += found::all(&found, &way, &told, &times, TWICE)?;
    }
    Ok(format!("{} lines in each of {} ways, {twice} twice", told.len(), ways::ALL.len()))
}
