//! Files that are closed and begun anew, as they are found on the disk and read by other programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use obs_core::{Clock, Timestamp};
use obs_export::queue::Reason;
use obs_logs::{FileOutput, Logs, LogsGuard, Output, Rotation};
use tracing::info;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::outputs::{Directory, LONG};
use crate::{NOW, base};

const HOUR: Duration = Duration::from_secs(3_600);

/// An engine that writes to one file, and the clock of its names.
struct Bench {
    logs: Logs,
    guard: LogsGuard,
    clock: Clock,
    next: u64,
}

impl Bench {
    fn new(directory: &Directory, file: impl FnOnce(FileOutput) -> FileOutput) -> Self {
        Self::at(Clock::manual(Timestamp::from_unix_nanos(NOW)), directory, file)
    }

    fn at(clock: Clock, directory: &Directory, file: impl FnOnce(FileOutput) -> FileOutput) -> Self {
        let output = file(FileOutput::new(directory.file()).clock(clock.clone()));
        let (logs, guard) = Logs::builder(base()).output(output).build().unwrap();
        Self { logs, guard, clock, next: 0 }
    }

    /// Writes so many lines in one batch, numbered from where those before ended.
    fn write(&mut self, lines: u64) {
        let numbers = self.next..self.next + lines;
        self.next = numbers.end;
        with_default(registry().with(self.logs.layer()), || {
            numbers.for_each(|n| info!(target: "t", n, "m"));
        });
        self.logs.flush(LONG).unwrap();
    }

    fn lost(&self, reason: Reason) -> u64 {
        self.logs.queues().next().unwrap().counts().dropped_for(reason)
    }

    fn end(mut self) {
        self.guard.shutdown(LONG);
    }
}

/// The closed files in the order of their names, and the current one behind them.
fn names(directory: &Directory) -> Vec<String> {
    let entries = fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    if let Some(current) = names.iter().position(|name| name == "orders.log") {
        let current = names.remove(current);
        names.push(current);
    }
    names
}

/// The text of a file; of a compressed one as `gzip` reads it.
fn text(path: &Path) -> String {
    if path.extension().is_some_and(|ending| ending == "gz") {
        let output = std::process::Command::new("gzip").arg("-dc").arg(path).output().unwrap();
        assert!(output.status.success(), "{}: {output:?}", path.display());
        return String::from_utf8(output.stdout).unwrap();
    }
    fs::read_to_string(path).unwrap()
}

/// The numbers on the lines of each file.
fn numbers(directory: &Directory) -> Vec<Vec<u64>> {
    let number = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["n"].as_u64().unwrap_or_else(|| panic!("{line}"))
    };
    let read = |name: String| text(&directory.0.join(name)).lines().map(number).collect();
    names(directory).into_iter().map(read).collect()
}

/// All lines are there, each once and in order.
#[track_caller]
fn check_all(directory: &Directory, lines: u64) {
    assert_eq!(numbers(directory).concat(), (0..lines).collect::<Vec<_>>());
}

fn wait_until(what: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !what() {
        assert!(Instant::now() < end, "waited in vain");
        std::thread::yield_now();
    }
}

#[test]
fn no_file_is_larger_than_it_may_be_and_no_line_is_missing() {
    let directory = Directory::new("files-size");
    let mut bench = Bench::new(&directory, |file| file.max_bytes(1_000));
    for lines in [1, 2, 50, 1, 3, 200, 4] {
        bench.write(lines);
    }
    bench.end();
    check_all(&directory, 261);
    let names = names(&directory);
    let sizes: Vec<_> =
        names.iter().map(|name| fs::metadata(directory.0.join(name)).unwrap().len()).collect();
    assert!(sizes.iter().all(|&size| size <= 1_000), "{sizes:?}");
    // A line has about 100 bytes: each file is as full as it can be.
    assert!(sizes[..sizes.len() - 1].iter().all(|&size| size > 850), "{sizes:?}");
}

#[test]
fn a_line_that_is_larger_than_a_file_has_one_of_its_own() {
    let directory = Directory::new("files-large");
    let mut bench = Bench::new(&directory, |file| file.max_bytes(300));
    bench.write(1);
    let long = "x".repeat(1_000);
    with_default(registry().with(bench.logs.layer()), || info!(n = 1, long, "m"));
    bench.next = 2;
    bench.write(1);
    bench.end();
    check_all(&directory, 3);
    assert_eq!(numbers(&directory), [[0], [1], [2]]);
}

#[test]
fn names_follow_one_another_wherever_the_clock_goes() {
    let directory = Directory::new("files-clock");
    let mut bench = Bench::new(&directory, |file| file.max_bytes(1));
    // The clock stands, goes on, is set back by more than a day, and stands again.
    bench.write(3);
    bench.clock.advance(Duration::from_micros(1));
    bench.write(2);
    let back = Duration::from_secs(100_000).as_nanos() as u64;
    bench.clock.advance(Duration::from_nanos(0u64.wrapping_sub(back)));
    bench.write(3);
    let clock = bench.clock.clone();
    bench.end();
    // The next process sees the names of the one before.
    let mut bench = Bench::at(clock, &directory, |file| file.max_bytes(1));
    bench.next = 8;
    bench.write(2);
    bench.end();
    assert_eq!(numbers(&directory), (0..10).map(|n| [n]).collect::<Vec<_>>());
    let names = names(&directory);
    assert_eq!(names[0], "orders.2026-10-03T12-34-56.123456Z.log");
    assert_eq!(names[8], "orders.2026-10-03T12-34-56.123464Z.log");
}

#[test]
fn a_file_ends_with_its_hour_or_day_and_not_before() {
    for (rotation, period) in [(Rotation::Hourly, HOUR), (Rotation::Daily, 24 * HOUR)] {
        let directory = Directory::new("files-time");
        let mut bench = Bench::new(&directory, |file| file.rotate(rotation));
        let into = Duration::from_nanos(NOW % period.as_nanos() as u64);
        bench.write(1);
        bench.clock.advance(period - into - Duration::from_nanos(1));
        bench.write(1);
        bench.clock.advance(Duration::from_nanos(1));
        bench.write(1);
        // Set back and going on: nothing is closed twice.
        bench.clock.advance(Duration::from_nanos(0u64.wrapping_sub(HOUR.as_nanos() as u64)));
        bench.write(1);
        bench.clock.advance(period);
        bench.write(1);
        bench.end();
        assert_eq!(numbers(&directory), [vec![0, 1], vec![2, 3], vec![4]]);
    }
}

#[test]
fn a_file_that_an_earlier_process_wrote_in_another_hour_is_closed_first() {
    let directory = Directory::new("files-earlier");
    let mut bench = Bench::at(Clock::system(), &directory, |file| file);
    bench.write(2);
    bench.end();
    let later = Clock::system().now().after(2 * HOUR);
    for (clock, files) in [(Clock::manual(later), 2), (Clock::manual(later), 3)] {
        let mut bench = Bench::at(clock, &directory, |file| file.rotate(Rotation::Hourly));
        bench.next = files;
        bench.write(1);
        bench.end();
    }
    // By the time of its last line as the file system has it, which is now.
    assert_eq!(numbers(&directory), [vec![0, 1], vec![2], vec![3]]);
}

#[test]
fn both_limits_hold_together() {
    let directory = Directory::new("files-both");
    let mut bench = Bench::new(&directory, |file| file.max_bytes(250).rotate(Rotation::Hourly));
    bench.write(3);
    bench.clock.advance(HOUR);
    bench.write(3);
    bench.end();
    assert_eq!(numbers(&directory), [vec![0, 1], vec![2], vec![3, 4], vec![5]]);
}

#[test]
fn what_is_not_kept_is_removed_and_nothing_else() {
    const OTHERS: [&str; 6] = [
        "orders.2020-01-01.log",
        "orders.log.1",
        "orders-audit.2020-01-01T00-00-00.000000Z.log",
        "orders.2020-13-01T00-00-00.000000Z.log",
        "orders.2020-01-01T00-00-00.000000Z.log.bz2",
        "orders.2020-01-01T00-00-00.000000Z",
    ];
    let directory = Directory::new("files-keep");
    OTHERS.iter().for_each(|name| fs::write(directory.0.join(name), "old\n").unwrap());
    let outside = Directory::new("files-keep-outside");
    fs::write(outside.file(), "old\n").unwrap();
    let link = directory.0.join("orders.2020-01-02T00-00-00.000000Z.log");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.file(), &link).unwrap();
    fs::create_dir(directory.0.join("orders.2020-01-03T00-00-00.000000Z.log")).unwrap();
    let old = directory.0.join("orders.2020-01-04T00-00-00.000000Z.log");
    fs::write(&old, "old\n").unwrap();
    let own = || {
        let entries = fs::read_dir(&directory.0).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let names = files.map(|entry| entry.file_name().into_string().unwrap());
        names.filter(|name| !OTHERS.contains(&name.as_str())).count()
    };
    let mut bench = Bench::new(&directory, |file| file.max_bytes(1).keep_files(4));
    wait_until(|| own() == 2);
    bench.write(10);
    wait_until(|| own() == 4);
    bench.end();
    assert!(!old.exists());
    let last = |count| {
        numbers_of_own(&directory, &OTHERS)[..].iter().rev().take(count).rev().copied().collect::<Vec<_>>()
    };
    assert_eq!(last(9), [6, 7, 8, 9]);
    // By age: nothing is old yet, and then everything is.
    let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
    let by_age =
        |clock: &Clock| Bench::at(clock.clone(), &directory, |file| file.max_bytes(1).keep_age(HOUR));
    by_age(&clock).end();
    assert_eq!(own(), 4);
    clock.advance(2 * HOUR);
    let bench = by_age(&clock);
    wait_until(|| own() == 1);
    bench.end();
    // By bytes: a line has about 100.
    let mut bench = Bench::at(clock, &directory, |file| file.max_bytes(1).keep_bytes(250));
    bench.next = 10;
    bench.write(9);
    wait_until(|| own() == 3);
    bench.end();
    assert_eq!(last(9), [16, 17, 18]);
    assert!(OTHERS.iter().all(|name| fs::read_to_string(directory.0.join(name)).unwrap() == "old\n"));
    assert!(fs::symlink_metadata(&link).is_ok() && outside.file().exists());
}

fn numbers_of_own(directory: &Directory, others: &[&str]) -> Vec<u64> {
    let own = |name: &String| !others.contains(&name.as_str()) && directory.0.join(name).is_file();
    let texts = names(directory).into_iter().filter(own).map(|name| text(&directory.0.join(name)));
    let lines: Vec<_> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["n"].as_u64())
        .collect()
}

/// Has a file look as if it was written so long ago.
fn age(path: &Path, age: Duration) {
    let file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - age).unwrap();
}

#[test]
fn a_place_that_another_process_may_be_about_to_take_is_left_to_it_and_one_that_is_old_is_not() {
    let directory = Directory::new("files-places");
    let [fresh, old] = ["orders.2026-10-03T12-34-56.000000Z.log", "orders.2026-10-03T12-34-57.000000Z.log"];
    for name in [fresh, old] {
        fs::write(directory.0.join(name), "").unwrap();
    }
    age(&directory.0.join(old), Duration::from_secs(70));
    let mut bench = Bench::new(&directory, |file| file.max_bytes(1));
    assert_eq!(names(&directory), [fresh, "orders.log"]);
    // It is taken.
    fs::write(directory.0.join("other"), "").unwrap();
    fs::rename(directory.0.join("other"), directory.0.join(fresh)).unwrap();
    bench.write(2);
    bench.end();
    assert_eq!(names(&directory).len(), 3);
}

#[cfg(feature = "gzip")]
mod compressed {
    use obs_logs::Compression;

    use super::*;

    fn are_compressed(directory: &Directory) -> bool {
        let names = names(directory);
        let closed = names.iter().filter(|name| *name != "orders.log");
        closed.into_iter().all(|name| name.ends_with(".log.gz"))
    }

    #[test]
    fn closed_files_become_gzip_that_others_read() {
        let directory = Directory::new("files-gzip");
        let gzip = |file: FileOutput| file.max_bytes(5_000).compress(Compression::Gzip);
        let mut bench = Bench::new(&directory, gzip);
        (0..20).for_each(|_| bench.write(30));
        wait_until(|| are_compressed(&directory));
        bench.end();
        check_all(&directory, 600);
        let names = names(&directory);
        assert!(names.len() > 10);
        let bytes = fs::metadata(directory.0.join(&names[0])).unwrap().len();
        assert!(bytes < 2_000, "{bytes} of 5000 bytes");
    }

    #[test]
    fn what_a_process_left_undone_is_done_by_the_next_one() {
        let directory = Directory::new("files-left");
        let mut bench = Bench::new(&directory, |file| file.max_bytes(1));
        bench.write(5);
        bench.end();
        let all = names(&directory);
        let path = |name: &str| directory.0.join(name);
        // The first one was compressed and not removed; of the second there is half, of the third a place was kept.
        let mut first = fs::read(path(&all[0])).unwrap();
        let status = std::process::Command::new("gzip").arg("-k").arg(path(&all[0])).status().unwrap();
        assert!(status.success());
        first.truncate(20);
        fs::write(path(&format!("{}.gz.tmp", all[1])), &first).unwrap();
        let place = path("orders.2026-10-03T12-34-56.000000Z.log");
        fs::write(&place, "").unwrap();
        age(&place, 2 * HOUR);
        let bench = Bench::new(&directory, |file| file.max_bytes(1).compress(Compression::Gzip));
        wait_until(|| are_compressed(&directory));
        bench.end();
        check_all(&directory, 5);
        assert_eq!(names(&directory).len(), 5);
    }

    #[test]
    fn a_file_that_another_process_compresses_is_left_to_it() {
        let directory = Directory::new("files-locked");
        let mut bench = Bench::new(&directory, |file| file.max_bytes(1));
        bench.write(3);
        bench.end();
        let all = names(&directory);
        let temporary = directory.0.join(format!("{}.gz.tmp", all[0]));
        fs::write(&temporary, "half").unwrap();
        let other = fs::File::open(directory.0.join(&all[0])).unwrap();
        other.lock().unwrap();
        let gzip = || Bench::new(&directory, |file| file.max_bytes(1).compress(Compression::Gzip));
        let bench = gzip();
        wait_until(|| names(&directory).iter().filter(|name| name.ends_with(".log.gz")).count() == 1);
        bench.end();
        assert!(temporary.exists() && directory.0.join(&all[0]).exists());
        drop(other);
        let bench = gzip();
        wait_until(|| are_compressed(&directory));
        bench.end();
        check_all(&directory, 3);
    }
}

#[test]
fn a_file_that_was_moved_away_is_begun_anew_as_soon_as_that_is_asked_for() {
    let directory = Directory::new("files-reopen");
    let mut bench = Bench::new(&directory, |file| file);
    bench.write(2);
    let moved = directory.0.join("moved");
    fs::rename(directory.file(), &moved).unwrap();
    assert!(!directory.file().exists());
    bench.logs.reopen();
    // Without a line.
    wait_until(|| directory.file().exists());
    bench.write(1);
    bench.end();
    assert_eq!((text(&moved).lines().count(), text(&directory.file()).lines().count()), (2, 1));
}

#[test]
fn a_file_that_was_cut_to_nothing_goes_on_from_its_beginning() {
    let directory = Directory::new("files-truncated");
    let mut bench = Bench::new(&directory, |file| file.max_bytes(500));
    bench.write(4);
    fs::OpenOptions::new().write(true).open(directory.file()).unwrap().set_len(0).unwrap();
    bench.write(4);
    bench.end();
    assert_eq!(numbers(&directory), [[4, 5, 6, 7]]);
}

#[test]
fn a_directory_is_made_again_where_it_was_made() {
    let directory = Directory::new("files-directory");
    let inner = directory.0.join("a/b");
    let file = || FileOutput::new(inner.join("orders.log"));
    assert!(Logs::builder(base()).output(file()).build().is_err());
    let (logs, guard) = Logs::builder(base()).output(file().make_directory().max_bytes(150)).build().unwrap();
    let mut bench = Bench { logs, guard, clock: Clock::system(), next: 0 };
    bench.write(1);
    fs::remove_dir_all(directory.0.join("a")).unwrap();
    bench.write(2);
    assert_eq!((bench.lost(Reason::Io), fs::read_dir(&inner).unwrap().count()), (0, 2));
    bench.end();
    let (logs, guard) = Logs::builder(base()).output(file()).build().unwrap();
    let mut bench = Bench { logs, guard, clock: Clock::system(), next: 0 };
    fs::remove_dir_all(directory.0.join("a")).unwrap();
    bench.write(1);
    assert_eq!(bench.lost(Reason::Io), 1);
    fs::create_dir_all(&inner).unwrap();
    bench.write(1);
    assert_eq!(bench.lost(Reason::Io), 1);
}

#[test]
fn where_a_file_cannot_be_closed_lines_go_on_in_it() {
    let directory = Directory::new("files-name");
    // With a moment in it, the name is longer than any file system takes.
    let path = directory.0.join(format!("{}.log", "x".repeat(245)));
    let (logs, guard) = Logs::builder(base()).output(FileOutput::new(&path).max_bytes(1)).build().unwrap();
    let mut bench = Bench { logs, guard, clock: Clock::system(), next: 0 };
    (0..3).for_each(|_| bench.write(2));
    assert_eq!((bench.lost(Reason::Io), text(&path).lines().count()), (0, 6));
}

#[test]
fn two_engines_on_one_file_lose_nothing_and_overwrite_nothing() {
    let directory = Directory::new("files-two");
    let open = || {
        let file = FileOutput::new(directory.file()).max_bytes(4_000);
        Logs::builder(base()).output(file).build().unwrap()
    };
    let engines = [open(), open()];
    std::thread::scope(|scope| {
        for (engine, (logs, _)) in engines.iter().enumerate() {
            scope.spawn(move || {
                with_default(registry().with(logs.layer()), || {
                    for n in 0..3_000u64 {
                        info!(n = n * 2 + engine as u64, "m");
                        if n % 10 == 0 {
                            logs.flush(LONG).unwrap();
                        }
                    }
                });
            });
        }
    });
    drop(engines);
    let mut all = numbers(&directory).concat();
    all.sort_unstable();
    assert_eq!(all, (0..6_000).collect::<Vec<_>>());
}

#[test]
fn a_link_stays_where_it_is() {
    let (directory, behind) = (Directory::new("files-link"), Directory::new("files-behind-link"));
    fs::write(behind.file(), "").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(behind.file(), directory.file()).unwrap();
    let mut bench = Bench::new(&directory, |file| file.max_bytes(1));
    bench.write(3);
    bench.end();
    check_all(&behind, 3);
    assert_eq!(names(&directory), ["orders.log"]);
    assert_eq!(fs::read_link(directory.file()).unwrap(), behind.file());
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_no_file_is_never_moved_away() {
    let before = fs::metadata("/dev/null").unwrap();
    let output = FileOutput::new("/dev/null").max_bytes(1).rotate(Rotation::Hourly).keep_files(1);
    let (logs, guard) = Logs::builder(base()).output(output).build().unwrap();
    let mut bench = Bench { logs, guard, clock: Clock::system(), next: 0 };
    (0..3).for_each(|_| bench.write(3));
    assert_eq!(bench.lost(Reason::Io), 0);
    assert_eq!(fs::metadata("/dev/null").unwrap().file_type(), before.file_type());
}

#[test]
fn a_path_without_a_name_is_refused() {
    for path in ["/", "/tmp/.."] {
        let output: Output = FileOutput::new(PathBuf::from(path)).max_bytes(1).into();
        assert!(Logs::builder(base()).output(output).build().is_err(), "{path}");
    }
}
