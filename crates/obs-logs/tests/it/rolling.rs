//! Files that follow one another, as they are found on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use obs_core::Clock;
use obs_export::queue::Reason;
use obs_logs::{BuildError, Format, Logs, Output, RollingFile, Rotation};
use tracing::info;

use crate::outputs::{Directory, LONG, bench_with};
use crate::{Bench, base};

/// `2026-11-22` and `20`, the hour.
fn date() -> (String, String) {
    let seconds = Clock::system().now().unix_nanos() / 1_000_000_000;
    // After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    (format!("{year:04}-{month:02}-{day:02}"), format!("{:02}", seconds / 3_600 % 24))
}

/// Runs `work` again where an hour has ended meanwhile.
fn within_an_hour(work: impl Fn(&str, &str)) {
    loop {
        let (day, hour) = date();
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&day, &hour)));
        match done {
            Ok(()) => return,
            Err(panic) if date() == (day, hour) => std::panic::resume_unwind(panic),
            Err(_) => {}
        }
    }
}

fn files(directory: &Path) -> BTreeMap<String, String> {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), read(entry.path()))).collect()
}

fn names(directory: &Path) -> Vec<String> {
    files(directory).into_keys().collect()
}

/// Writes so many lines and drops the guard, which delivers them.
fn write(output: impl Into<Output>, lines: usize) {
    bench_with(output).run(|| (0..lines).for_each(|n| info!(target: "t", n, "m")));
}

fn rolling(directory: &Directory) -> RollingFile {
    Output::rolling(directory.file())
}

#[test]
fn a_file_is_named_for_its_hour_or_day_and_appended_to_after_a_restart() {
    within_an_hour(|day, hour| {
        for (rotation, name) in [
            (Rotation::Never, "orders.log".to_owned()),
            (Rotation::Daily, format!("orders.{day}.log")),
            (Rotation::Hourly, format!("orders.{day}-{hour}.log")),
        ] {
            let directory = Directory::new("rolling-names");
            write(rolling(&directory).rotate(rotation), 2);
            write(rolling(&directory).rotate(rotation), 3);
            let files = files(&directory.0);
            assert_eq!(files.len(), 1);
            assert_eq!(files[&name].lines().count(), 5);
        }
    });
}

#[test]
fn the_format_is_chosen_as_for_any_output_and_a_flush_is_enough() {
    let directory = Directory::new("rolling-format");
    let bench = bench_with(rolling(&directory).rotate(Rotation::Never).format(Format::Logfmt));
    bench.run(|| info!(target: "t", n = 1, "m"));
    bench.logs.flush(LONG).unwrap();
    let text = fs::read_to_string(directory.file()).unwrap();
    assert_eq!(
        text,
        "timestamp=2026-10-03T12:34:56.123456Z level=INFO target=t message=m n=1 service=orders\n"
    );
    let queue = bench.logs.queues().next().unwrap();
    assert_eq!((queue.pipeline(), queue.counts().delivered), ("logs_file", 1));
}

#[test]
fn the_oldest_by_their_names_are_removed_and_nothing_else() {
    within_an_hour(|day, _| {
        let directory = Directory::new("rolling-keep");
        let others =
            ["orders.log", "orders-audit.2020-01-01.log", "orders.2020-01-01.log.gz", "orders.x.log"];
        let dated = ["2020-01-03", "2020-01-01", "2020-01-02-23", "2020-01-02-04"];
        // Made in no order of their dates: when a file was made says nothing once it was copied.
        for name in dated.map(|date| format!("orders.{date}.log")).iter().chain(&others.map(String::from)) {
            fs::write(directory.0.join(name), "old\n").unwrap();
        }
        fs::create_dir(directory.0.join("orders.2020-01-04.log")).unwrap();
        let kept = |keep| {
            write(rolling(&directory).keep(keep), 1);
            let entries = fs::read_dir(&directory.0).unwrap().map(Result::unwrap);
            let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
            let names = files.map(|entry| entry.file_name().into_string().unwrap());
            let mut names: Vec<_> = names.filter(|name| !others.contains(&name.as_str())).collect();
            names.sort();
            names
        };
        let today = format!("orders.{day}.log");
        let name = |date: &str| format!("orders.{date}.log");
        assert_eq!(kept(0).len(), 5);
        assert_eq!(kept(5).len(), 5);
        assert_eq!(kept(3), [name("2020-01-02-23"), name("2020-01-03"), today.clone()]);
        assert_eq!(kept(1), [today]);
        assert!(directory.0.join("orders.2020-01-04.log").is_dir());
        assert!(others.iter().all(|name| directory.0.join(name).exists()));
    });
}

#[test]
fn a_directory_that_is_removed_is_made_again_and_every_line_counted() {
    let directory = Directory::new("rolling-removed");
    let bench = bench_with(rolling(&directory));
    let mut lines = 0;
    for _ in 0..3 {
        lines += bench.run(|| info!("m")).len() as u64;
        bench.logs.flush(LONG).unwrap();
        assert_eq!(names(&directory.0).len(), 1);
        fs::remove_dir_all(&directory.0).unwrap();
    }
    let counts = bench.logs.queues().next().unwrap().counts();
    assert_eq!((counts.delivered, counts.dropped()), (lines, 0));
}

#[test]
fn while_it_cannot_be_made_again_lines_are_counted_as_lost_and_then_it_goes_on() {
    for is_rolling in [true, false] {
        let directory = Directory::new("rolling-blocked");
        let inner = directory.0.join("logs");
        fs::create_dir(&inner).unwrap();
        let path = inner.join("orders.log");
        let output = if is_rolling { Output::rolling(path).into() } else { Output::file(path) };
        let bench = bench_with(output);
        let counts = || {
            bench.run(|| info!("m"));
            bench.logs.flush(LONG).unwrap();
            let counts = bench.logs.queues().next().unwrap().counts();
            (counts.delivered, counts.dropped_for(Reason::Io))
        };
        assert_eq!(counts(), (1, 0));
        fs::remove_dir_all(&inner).unwrap();
        fs::write(&inner, "in the way").unwrap();
        assert_eq!(counts(), (1, 1));
        assert_eq!(counts(), (1, 2));
        fs::remove_file(&inner).unwrap();
        fs::create_dir(&inner).unwrap();
        assert_eq!(counts(), (2, 2));
        let texts = files(&inner);
        let lines: Vec<_> = texts.values().flat_map(|text| text.lines()).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains(r#""message":"lost 2 lines","#) && lines[1].contains(r#""message":"m""#));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_loses_lines_until_it_is_not() {
    let directory = Directory::new("rolling-full");
    std::os::unix::fs::symlink("/dev/full", directory.file()).unwrap();
    let bench = bench_with(rolling(&directory).rotate(Rotation::Never));
    bench.run(|| (0..10).for_each(|n| info!(n, "m")));
    bench.logs.flush(LONG).unwrap();
    fs::remove_file(directory.file()).unwrap();
    bench.run(|| (0..10).for_each(|n| info!(n, "m")));
    bench.logs.flush(LONG).unwrap();
    let counts = bench.logs.queues().next().unwrap().counts();
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Io), counts.pending), (10, 10, 0));
    let text = fs::read_to_string(directory.file()).unwrap();
    let (told, lines) = text.split_once('\n').unwrap();
    assert!(
        told.contains(r#""message":"lost 10 lines","lost":10,"reason":"io","output":"logs_file""#),
        "{told}"
    );
    assert_eq!(lines.lines().count(), 10);
}

#[test]
fn a_line_that_a_crash_left_unfinished_is_not_glued_to_the_next() {
    let directory = Directory::new("rolling-torn");
    fs::write(directory.file(), "whole\nhal").unwrap();
    write(rolling(&directory).rotate(Rotation::Never), 1);
    write(Output::file(directory.file()), 1);
    let text = fs::read_to_string(directory.file()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), &lines[..2]), (4, &["whole", "hal"][..]));
    lines[2..].iter().for_each(|line| drop(crate::parse(line)));
}

#[test]
fn a_place_where_no_file_can_be_made_is_named_with_its_cause() {
    let directory = Directory::new("rolling-refused");
    fs::write(directory.file(), "a file").unwrap();
    let below = directory.file().join("orders.log");
    let refused = [
        (below, "failed to create log directory"),
        // Not even root may.
        #[cfg(target_os = "linux")]
        (PathBuf::from("/sys/orders.log"), "failed to create log file"),
        (PathBuf::from("/"), "must end in a file name"),
    ];
    for (path, cause) in refused {
        let error = Logs::builder(base()).output(Output::rolling(&path)).build().unwrap_err();
        assert!(matches!(error, BuildError::Open { .. }));
        let text = error.to_string();
        assert!(text.contains(&path.display().to_string()) && text.contains(cause), "{text}");
    }
}

#[test]
fn one_path_cannot_be_written_by_two() {
    let directory = Directory::new("rolling-twice");
    let refused = |a: Output, b: Output| Logs::builder(base()).output(a).output(b).build().is_err();
    let (daily, hourly) = (|| rolling(&directory), || rolling(&directory).rotate(Rotation::Hourly));
    // While there is no file of that very name.
    let around = directory.0.join("../").join(directory.0.file_name().unwrap()).join("orders.log");
    assert!(refused(daily().into(), Output::rolling(around).rotate(Rotation::Hourly).into()));
    let never = || rolling(&directory).rotate(Rotation::Never);
    assert!(refused(daily().into(), daily().into()) && refused(daily().into(), hourly().into()));
    assert!(refused(never().into(), Output::file(directory.file())));
    assert!(!refused(daily().into(), Output::rolling(directory.0.join("audit.log")).into()));
}

#[test]
fn a_shutdown_delivers_what_waits_and_what_comes_later_is_counted() {
    let directory = Directory::new("rolling-shutdown");
    let (logs, mut guard) = Logs::builder(base()).output(rolling(&directory)).build().unwrap();
    let bench = Bench { logs, ..Bench::new() };
    bench.run(|| (0..1_000).for_each(|n| info!(n, "m")));
    guard.shutdown(Duration::from_secs(30));
    bench.run(|| info!("late"));
    let counts = bench.logs.queues().next().unwrap().counts();
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Closed)), (1_000, 1));
    assert_eq!(files(&directory.0).values().next().unwrap().lines().count(), 1_000);
}
