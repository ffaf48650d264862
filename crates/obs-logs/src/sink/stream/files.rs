//! Batches to files on a disk that fills up, that fails to keep them, and under which they are moved away.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use obs_core::{Clock, Timestamp};

use crate::Rotation;
use crate::sink::file::names::Names;
use crate::sink::file::tests::Directory;
use crate::sink::file::{Handle, Held, Open};
use crate::sink::{Limits, Rotated, Sync};

use super::*;

type Script = Arc<Mutex<VecDeque<Result<usize, ErrorKind>>>>;

const FULL: Result<usize, ErrorKind> = Err(ErrorKind::StorageFull);
const LOST: Result<usize, ErrorKind> = Err(ErrorKind::InvalidData);

/// A file whose writes, and whose ways to the disk, are answered from a script each, and go well once it has ended.
#[derive(Clone, Debug)]
struct Disk {
    path: PathBuf,
    writes: Script,
    syncs: Script,
    /// How often it may still be opened.
    opens: Arc<Mutex<u32>>,
    /// What was written since, by file, and is not on the disk.
    unsynced: Arc<Mutex<usize>>,
}

struct OnDisk(fs::File, Disk, Mutex<usize>);

impl Write for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let answer = self.1.writes.lock().unwrap().pop_front();
        let written = self.0.write(&bytes[..answer.unwrap_or(Ok(bytes.len()))?.min(bytes.len())])?;
        *self.1.unsynced.lock().unwrap() += written;
        *self.2.lock().unwrap() += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Handle for OnDisk {
    fn sync(&self) -> io::Result<()> {
        // What a file has lost it does not tell again.
        *self.1.unsynced.lock().unwrap() -= std::mem::take(&mut *self.2.lock().unwrap());
        self.1.syncs.lock().unwrap().pop_front().unwrap_or(Ok(0))?;
        Ok(())
    }
}

impl Open for Disk {
    fn path(&self, _: Timestamp) -> PathBuf {
        self.path.clone()
    }

    fn open(&self) -> io::Result<Box<dyn Handle>> {
        let mut opens = self.opens.lock().unwrap();
        *opens = opens.checked_sub(1).ok_or(ErrorKind::TooManyLinks)?;
        let file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        Ok(Box::new(OnDisk(file, self.clone(), Mutex::new(0))))
    }
}

/// Does this in each pause.
struct Meanwhile<F>(F);

impl<F: Fn()> Patience for Meanwhile<F> {
    fn wait(&self, _: Duration) -> bool {
        self.0();
        true
    }
}

struct Bench {
    directory: Directory,
    disk: Disk,
    clock: Clock,
    stream: Stream<Rotated>,
}

impl Bench {
    /// A file that is closed within these limits, on a disk that is waited for at one pause of a batch.
    fn new(max_bytes: u64, rotation: Rotation, sync: Sync) -> Self {
        let directory = Directory::new();
        let path = directory.0.join("orders.log");
        let disk = Disk {
            path: path.clone(),
            writes: Arc::default(),
            syncs: Arc::default(),
            opens: Arc::new(Mutex::new(10)),
            unsynced: Arc::default(),
        };
        let clock = Clock::manual(Timestamp::from_unix_nanos(0));
        let held = Held::new(Box::new(disk.clone()), clock.clone()).unwrap();
        let mut rotated = Rotated::new(held, clock.clone(), sync);
        let limits = Limits { max_bytes, rotation };
        if limits.rotates() {
            rotated.rotate(limits, Names::new(&path).unwrap()).unwrap();
        }
        let stream = Stream::new(rotated, "test", clock.clone(), tests::notices()).quiet();
        Self { directory, disk, clock, stream: stream.patience(RETRY_FULL) }
    }

    fn writes(self, script: impl IntoIterator<Item = Result<usize, ErrorKind>>) -> Self {
        self.disk.writes.lock().unwrap().extend(script);
        self
    }

    fn syncs(self, script: impl IntoIterator<Item = Result<usize, ErrorKind>>) -> Self {
        self.disk.syncs.lock().unwrap().extend(script);
        self
    }

    fn deliver_while(&mut self, text: &str, meanwhile: impl Fn()) -> Delivery {
        let records = text.lines().count() as u64;
        let batch = Batch { bytes: text.as_bytes().to_vec(), records, gaps: Vec::new() };
        self.stream.deliver_with(&batch, &Meanwhile(meanwhile))
    }

    fn deliver(&mut self, text: &str) -> Delivery {
        self.deliver_while(text, || ())
    }

    /// What the files hold, the one in use last.
    fn files(&self) -> Vec<String> {
        let mut paths: Vec<_> =
            fs::read_dir(&self.directory.0).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort_by_key(|path| (path.ends_with("orders.log"), path.clone()));
        paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

fn long() -> String {
    format!("{}\n", "x".repeat(9_999))
}

#[test]
fn a_line_larger_than_a_file_that_a_full_disk_has_split_goes_on_in_the_file_it_began_in() {
    let mut bench =
        Bench::new(4_096, Rotation::Never, Sync::Never).writes([Ok(2), Ok(6_000), FULL, Ok(3_000)]);
    let delivery = bench.deliver(&format!("a\n{}b\n", long()));
    assert_eq!(bench.files().iter().map(String::len).collect::<Vec<_>>(), [2, 10_000, 2]);
    assert_eq!((delivery, bench.files()), (Delivery::Delivered, vec!["a\n".into(), long(), "b\n".into()]));
}

#[test]
fn a_line_that_a_full_disk_has_split_goes_on_in_its_file_although_its_hour_is_over() {
    let mut bench = Bench::new(0, Rotation::Hourly, Sync::Never).writes([Ok(6), FULL]);
    let clock = bench.clock.clone();
    let delivery = bench.deliver_while("one\ntwo\nthree\n", || clock.advance(Duration::from_secs(3_600)));
    assert_eq!((delivery, bench.files()), (Delivery::Delivered, vec!["one\ntwo\n".into(), "three\n".into()]));
}

/// Has the file moved away, as `logrotate` does.
fn move_away(path: &Path) {
    fs::rename(path, path.with_extension("0")).unwrap();
}

#[test]
fn a_split_line_whose_file_was_moved_away_is_written_whole_and_nothing_is_glued_to_what_is_lost_of_it() {
    for rotation in [Rotation::Never, Rotation::Hourly] {
        // Of the new file a piece as long as the rest of the line was gets out.
        let script = [Ok(4_000), FULL, Ok(6_002), FULL];
        let mut bench = Bench::new(0, rotation, Sync::Never).writes(script);
        let path = bench.disk.path.clone();
        let delivery = bench.deliver_while(&format!("{}b\n", long()), || move_away(&path));
        assert_eq!(delivery, Delivery::Dropped(Reason::Io, 2));
        assert_eq!(bench.deliver("next\n"), Delivery::Delivered);
        let files = bench.files();
        let lines: Vec<_> = files[1].lines().collect();
        assert_eq!((files[0].len(), lines[0].len()), (4_000, 6_002));
        assert!(lines[1].contains("lost 2 lines"), "{}", lines[1]);
        assert_eq!(lines[2], "next");
    }
}

#[test]
fn a_split_line_whose_file_was_moved_away_has_a_file_of_its_own_where_it_fits_into_none() {
    let mut bench = Bench::new(4_096, Rotation::Never, Sync::Never).writes([Ok(4_000), FULL]);
    let path = bench.disk.path.clone();
    let delivery = bench.deliver_while(&format!("{}b\n", long()), || move_away(&path));
    assert_eq!(delivery, Delivery::Delivered);
    let half = long()[..4_000].to_owned();
    assert_eq!(bench.files(), [half, long(), "b\n".to_owned()]);
}

#[test]
fn a_batch_that_waits_for_the_disk_is_lost_where_a_file_that_was_closed_within_it_cannot_be_brought_there() {
    let mut bench = Bench::new(8, Rotation::Never, Sync::EachBatch).syncs([LOST]);
    assert_eq!(bench.deliver("one\ntwo\nthree\n"), Delivery::Dropped(Reason::Io, 3));
    assert_eq!(bench.deliver("four\n"), Delivery::Delivered);
    // A full disk is waited for, but what it has not taken once it does not take the next time.
    let mut bench = Bench::new(8, Rotation::Never, Sync::EachBatch).syncs([FULL]);
    assert_eq!(bench.deliver("one\ntwo\nthree\n"), Delivery::Dropped(Reason::Io, 3));
    assert_eq!(bench.deliver("four\n"), Delivery::Delivered);
}

#[test]
fn of_a_batch_that_got_out_in_part_that_part_waits_for_the_disk_too() {
    for (syncs, lost) in [(None, 2), (Some(LOST), 3)] {
        let mut bench = Bench::new(0, Rotation::Never, Sync::EachBatch).writes([Ok(4), LOST]).syncs(syncs);
        assert_eq!(bench.deliver("one\ntwo\nthree\n"), Delivery::Dropped(Reason::Io, lost));
        assert_eq!(*bench.disk.unsynced.lock().unwrap(), 0, "nothing is left to be brought there later");
    }
}

#[test]
fn what_a_batch_has_in_a_file_that_was_moved_away_within_it_is_brought_to_the_disk() {
    for (syncs, expected) in [(None, Delivery::Delivered), (Some(LOST), Delivery::Dropped(Reason::Io, 2))] {
        let mut bench = Bench::new(0, Rotation::Never, Sync::EachBatch).writes([Ok(4), FULL]).syncs(syncs);
        let path = bench.disk.path.clone();
        assert_eq!(bench.deliver_while("one\ntwo\n", || move_away(&path)), expected);
        assert_eq!(*bench.disk.unsynced.lock().unwrap(), 0);
    }
}
