//! A process that is killed while it writes, rolls, reads and recovers has lost nothing that it was told is there.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::folder::Folder;
use super::{Journal, Settings, independent, open};
use crate::journal::Refused;

const THREADS: u64 = 2;
const KILLS: u64 = 100;

/// The record of a thread with this number.
fn record(thread: u64, number: u64) -> Vec<u8> {
    let mut record = [thread.to_le_bytes(), number.to_le_bytes()].concat();
    record.resize(16 + (number * 37 % 500) as usize, (number * 11) as u8);
    record
}

/// Thread and number of a record, all of whose bytes are right.
#[track_caller]
fn parse(bytes: &[u8]) -> (u64, u64) {
    let (thread, number) = (independent::le(&bytes[..8]), independent::le(&bytes[8..16]));
    assert!(bytes == record(thread, number), "record {number} of thread {thread} is another");
    (thread, number)
}

/// The highest number of each thread whose append has returned.
fn counted(folder: &Path) -> [u64; THREADS as usize] {
    let bytes = std::fs::read(folder.join("counters")).unwrap();
    [0, 8].map(|at| independent::le(&bytes[at..at + 8]))
}

/// Numbered records from two threads up to a number each, counted when they are in; perhaps also delivered to a file.
fn write_and_count(folder: &Path, most: u64, delivers: bool) {
    let settings = Settings::new(folder.join("journal")).segment_bytes(64 * 1024).max_bytes(8 * 1024 * 1024);
    let Journal { writer, mut reader, .. } = open(&settings);
    let counters = OpenOptions::new().write(true).open(folder.join("counters")).unwrap();
    let (writer, begun) = (Mutex::new(writer), counted(folder));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (writer, counters) = (&writer, &counters);
            scope.spawn(move || {
                for number in begun[thread as usize] + 1..=most {
                    let record = record(thread, number);
                    while let Err(error) = writer.lock().unwrap().append(&record, thread as u8) {
                        assert!(matches!(error, Refused::Full), "{error}");
                        std::thread::yield_now();
                    }
                    counters.write_all_at(&number.to_le_bytes(), thread * 8).unwrap();
                }
            });
        }
        let mut out = delivers.then(|| OpenOptions::new().append(true).open(folder.join("out")).unwrap());
        while let Some(out) = &mut out {
            let mut batch = Vec::new();
            // Before it is read: what is put in between is not seen.
            let is_over = counted(folder) == [most; THREADS as usize];
            let read = reader.read(20_000, |record| {
                batch.extend_from_slice(&(record.bytes.len() as u64).to_le_bytes());
                batch.extend_from_slice(record.bytes);
            });
            let read = read.unwrap();
            assert_eq!(read.lost, 0);
            out.write_all(&batch).unwrap();
            match read.last {
                Some(last) => reader.delivered(last).unwrap(),
                None if is_over => break,
                None => drop(reader.prepare_spare().unwrap()),
            }
        }
    });
}

/// Thread and number of all that was delivered. A last one that was cut off is removed.
fn delivered(folder: &Path) -> Vec<(u64, u64)> {
    let path = folder.join("out");
    let bytes = std::fs::read(&path).unwrap();
    let (mut rest, mut records) = (&bytes[..], Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk::<8>()
        && let Some((record, behind)) = behind.split_at_checked(u64::from_le_bytes(*length) as usize)
    {
        records.push(parse(record));
        rest = behind;
    }
    let whole = (bytes.len() - rest.len()) as u64;
    OpenOptions::new().write(true).open(&path).unwrap().set_len(whole).unwrap();
    records
}

/// What a journal's directory holds, by the second reader.
fn held(folder: &Path) -> Vec<(u64, u64)> {
    let names =
        std::fs::read_dir(folder.join("journal")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let files: BTreeMap<_, _> = names
        .filter(|path| !path.ends_with("lock"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect();
    let held = independent::read(&files);
    assert!(
        held.is_sorted_by(|one, two| one.sequence + 1 == two.sequence),
        "a gap, or one that is there twice"
    );
    held.iter().map(|held| parse(&held.bytes)).collect()
}

fn begin(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("counters"), [0; 16]).unwrap();
    File::create(folder.join("out")).unwrap();
}

/// Each record that is counted is there, each once but for a batch that was on its way, and in order.
fn check(folder: &Path, what: &str) {
    let (counted, out, held) = (counted(folder), delivered(folder), held(folder));
    let mut found = [0; THREADS as usize];
    for thread in 0..THREADS {
        let of = |all: &[(u64, u64)]| -> Vec<u64> {
            all.iter().filter(|record| record.0 == thread).map(|record| record.1).collect()
        };
        let (out, held) = (of(&out), of(&held));
        // What was written out, but not yet said to be delivered, was written out again by the next process.
        let mut last = 0;
        for number in out {
            assert!(number <= last + 1, "{what}: {number} of {thread} was delivered after {last}");
            last = number;
        }
        let first = held.first().copied().unwrap_or(last + 1);
        assert!(
            first <= last + 1,
            "{what}: {first} of {thread} is the first, but {last} the last to be delivered"
        );
        assert!(held.is_sorted_by(|one, two| one + 1 == *two), "{what}: {thread} has a gap");
        let end = held.last().copied().unwrap_or(last);
        assert!(
            end >= counted[thread as usize],
            "{what}: {end} of {thread} is the last of {}",
            counted[thread as usize]
        );
        assert!(end <= counted[thread as usize] + 1, "{what}: more than one was on its way");
        found[thread as usize] = end;
    }
    std::fs::write(folder.join("counters"), found.map(u64::to_le_bytes).concat()).unwrap();
}

/// SplitMix64: some number for each number.
fn random(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

/// A process that does not outlive the test.
struct Victim(Child);

impl Victim {
    /// This test binary, with the one test below told to go on until it is killed.
    fn spawn(folder: &Path) -> Self {
        let name = "journal::tests::torture::two_threads_behind_a_lock_lose_nothing";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name, "--nocapture"]).current_dir(folder);
        Self(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn two_threads_behind_a_lock_lose_nothing() {
    // The test below runs this one in a directory of its making, and kills it.
    if let Ok(orders) = std::fs::read_to_string("journal-torture") {
        std::thread::spawn(|| {
            // Ends when the other process does.
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(1);
        });
        return write_and_count(Path::new("."), u64::MAX, orders == "deliver");
    }
    for delivers in [false, true] {
        let folder = Folder::new();
        begin(folder.path());
        write_and_count(folder.path(), 3_000, delivers);
        assert_eq!(counted(folder.path()), [3_000; 2]);
        check(folder.path(), "unharmed");
        let rest = if delivers { 0 } else { 6_000 };
        assert_eq!((held(folder.path()).len(), delivered(folder.path()).len()), (rest, 6_000 - rest));
    }
}

#[test]
fn a_process_killed_a_hundred_times_has_all_that_it_was_told_is_there() {
    let folder = Folder::new();
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let mut most = 0;
    for kill in 0..KILLS {
        if kill % 10 == 0 {
            begin(folder.path());
        }
        let orders = if kill % 4 < 2 { "hold" } else { "deliver" };
        std::fs::write(folder.path().join("journal-torture"), orders).unwrap();
        let before = counted(folder.path());
        let mut victim = Victim::spawn(folder.path());
        if kill % 3 > 0 {
            // Else it may still be opening the journal.
            let until = Instant::now() + Duration::from_secs(20);
            while counted(folder.path()) == before && Instant::now() < until {
                std::thread::yield_now();
            }
            let settings = Settings::new(folder.path().join("journal"));
            let refused = Journal::open(settings).unwrap_err().to_string();
            assert!(refused.ends_with(&format!("is in use by process {}", victim.0.id())), "{refused}");
        }
        std::thread::sleep(Duration::from_micros(random(seed ^ kill) % 40_000));
        victim.0.kill().unwrap();
        let status = victim.0.wait().unwrap();
        assert_eq!(status.code(), None, "it ended by itself");
        check(folder.path(), &format!("kill {kill} of seed {seed}"));
        most = most.max(counted(folder.path())[0]);
    }
    assert!(most > 2_000, "{most} records at most");
}
