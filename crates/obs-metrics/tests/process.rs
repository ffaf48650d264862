//! What is told of the process is what the system says of it by other ways: in a process of its own, since other tests
//! open files and start threads too.

#![cfg(target_os = "linux")]

use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant, SystemTime};

use obs_core::{Base, Resource};
use obs_metrics::{Format, Recorder, process};

const MIB: f64 = 1024.0 * 1024.0;

/// One scrape.
fn scrape(recorder: &Recorder, family: &str) -> f64 {
    let text = String::from_utf8(recorder.render(Format::Text)).unwrap();
    let samples: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix(family)?.strip_prefix(' ')).collect();
    assert_eq!(samples.len(), 1, "{family} in {text}");
    samples[0].parse().unwrap()
}

#[track_caller]
fn near(told: f64, other: f64, most: f64) {
    assert!((told - other).abs() <= most, "{told} is told, {other} is read another way");
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap()
}

/// What `sh` says to a command; it has our limits.
fn shell(command: &str) -> f64 {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Nanoseconds of processor time of the threads there are, as the scheduler counts them.
fn scheduled_seconds() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path().join("schedstat"));
    let nanoseconds = tasks.map(|file| {
        let text = fs::read_to_string(file).unwrap();
        text.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    nanoseconds.sum::<u64>() as f64 / 1e9
}

/// Kibibytes of the lines of all mappings that begin with `key`.
fn mapped(key: &str) -> f64 {
    let smaps = read("/proc/self/smaps");
    let lines = smaps.lines().filter_map(|line| line.strip_prefix(key));
    lines.map(|line| line.trim().trim_end_matches(" kB").parse::<f64>().unwrap()).sum::<f64>() * 1024.0
}

/// The test is one, so that nothing else happens in its process.
#[test]
fn the_process_is_told_as_it_is() {
    let base = Base::new(Resource::new("test"));
    process::register(&base);
    // Numbers told twice would be added up.
    process::register(&base);
    let recorder = Recorder::builder(base).build().unwrap();
    let told = |family: &str| scrape(&recorder, family);

    open_files(&told);
    threads(&told);
    memory(&told);
    processor_time(&told);
    start(&told);
    a_program_may_have_any_name(&told);
}

fn open_files(told: &dyn Fn(&str) -> f64) {
    let before = told("process_open_fds");
    // One less than is listed: the listing's own.
    near(before, fs::read_dir("/proc/self/fd").unwrap().count() as f64 - 1.0, 0.0);
    let files: Vec<_> = (0..50).map(|_| fs::File::open("/dev/null").unwrap()).collect();
    near(told("process_open_fds"), before + 50.0, 0.0);
    drop(files);
    near(told("process_open_fds"), before, 0.0);
    near(told("process_max_fds"), shell("ulimit -n"), 0.0);
}

fn threads(told: &dyn Fn(&str) -> f64) {
    let before = told("process_threads");
    near(before, fs::read_dir("/proc/self/task").unwrap().count() as f64, 0.0);
    let barrier = Arc::new(Barrier::new(8));
    let waiting = (0..7).map(|_| {
        let barrier = Arc::clone(&barrier);
        std::thread::spawn(move || barrier.wait())
    });
    let waiting: Vec<_> = waiting.collect();
    near(told("process_threads"), before + 7.0, 0.0);
    barrier.wait();
    for thread in waiting {
        thread.join().unwrap();
    }
}

fn memory(told: &dyn Fn(&str) -> f64) {
    let (resident, size) = (told("process_resident_memory_bytes"), told("process_virtual_memory_bytes"));
    near(resident, mapped("Rss:"), 4.0 * MIB);
    near(size, mapped("Size:"), 4.0 * MIB);
    let block = black_box(vec![1u8; 64 << 20]);
    near(told("process_resident_memory_bytes"), resident + 64.0 * MIB, 4.0 * MIB);
    near(told("process_virtual_memory_bytes"), size + 64.0 * MIB, 4.0 * MIB);
    drop(block);
    near(told("process_resident_memory_bytes"), resident, 4.0 * MIB);
    near(told("process_virtual_memory_bytes"), size, 4.0 * MIB);
}

fn processor_time(told: &dyn Fn(&str) -> f64) {
    let begin = told("process_cpu_seconds_total");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut sum = 0u64;
    while told("process_cpu_seconds_total") < begin + 0.5 {
        assert!(Instant::now() < deadline, "no processor time is told of a process that works");
        (0..1_000_000u64).for_each(|n| sum = black_box(sum.wrapping_add(n)));
    }
    // Threads that have ended are missing in what the scheduler says; they did next to nothing.
    near(told("process_cpu_seconds_total"), scheduled_seconds(), 0.1);
}

fn start(told: &dyn Fn(&str) -> f64) {
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    let before = now();
    let age = shell(&format!("ps -o etimes= -p {}", std::process::id()));
    let after = now();
    let start = told("process_start_time_seconds");
    // The age is of whole seconds, and so is the system's start, which both count from.
    let possible = before - age - 3.0..after - age + 1.0;
    assert!(possible.contains(&start), "{start} is told, and it began in {possible:?}");
}

fn a_program_may_have_any_name(told: &dyn Fn(&str) -> f64) {
    let before = told("process_start_time_seconds");
    fs::write("/proc/self/comm", "a) R 1 (b").unwrap();
    assert!(read("/proc/self/stat").contains(" (a) R 1 (b) "));
    near(told("process_start_time_seconds"), before, 0.0);
    near(told("process_cpu_seconds_total"), scheduled_seconds(), 0.1);
}
