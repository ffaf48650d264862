//! What becomes of lines when their file's time is over, or its file, directory or disk goes away and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;

/// A directory of one test, removed at its end.
pub(in crate::sink) struct Directory(pub(in crate::sink) PathBuf);

impl Directory {
    pub(in crate::sink) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("obs-logs-file-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file named for the second, whose writes fail while told to.
#[derive(Clone, Debug)]
struct Seconds {
    directory: PathBuf,
    clock: Clock,
    failing: Arc<AtomicU64>,
    pruned: Arc<AtomicU64>,
}

struct Failing(File, Arc<AtomicU64>);

impl Handle for Failing {}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.1.load(Ordering::Relaxed) {
            0 => self.0.write(bytes),
            _ => Err(ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Open for Seconds {
    fn path(&self, now: Timestamp) -> PathBuf {
        self.directory.join(format!("{}.log", now.unix_nanos() / 1_000_000_000))
    }

    fn open(&self) -> io::Result<Box<dyn Handle>> {
        let file = OpenOptions::new().append(true).create(true).open(self.path(self.clock.now()))?;
        Ok(Box::new(Failing(file, Arc::clone(&self.failing))))
    }

    fn prune(&self, _: &Path) -> io::Result<()> {
        match self.pruned.fetch_add(1, Ordering::Relaxed) {
            2 => Err(ErrorKind::PermissionDenied.into()),
            _ => Ok(()),
        }
    }
}

struct Bench {
    directory: Directory,
    open: Seconds,
    held: Held,
}

impl Bench {
    fn new() -> Self {
        let directory = Directory::new();
        let clock = Clock::manual(Timestamp::from_unix_nanos(0));
        let open = Seconds {
            directory: directory.0.clone(),
            clock: clock.clone(),
            failing: Arc::default(),
            pruned: Arc::default(),
        };
        let held = Held::new(Box::new(open.clone()), clock).unwrap();
        Self { directory, open, held }
    }

    /// One batch: what was found before it, unless that was an error, and whether it was written.
    fn batch(&mut self, line: &str) -> (Option<Turn>, bool) {
        match self.held.turn(&[]) {
            Ok(turn) => (Some(turn), self.held.write_all(line.as_bytes()).is_ok()),
            Err(_) => (None, false),
        }
    }

    #[track_caller]
    fn write(&mut self, line: &str) -> Turn {
        let (turn, written) = self.batch(line);
        assert!(written);
        turn.unwrap()
    }

    fn second_passes(&self) {
        self.open.clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn a_file_is_begun_when_its_time_has_come_and_not_before() {
    let mut bench = Bench::new();
    bench.write("a\n");
    bench.open.clock.advance(Duration::from_nanos(999_999_999));
    bench.write("b\n");
    bench.open.clock.advance(Duration::from_nanos(1));
    bench.write("c\n");
    assert_eq!(
        (bench.directory.read("0.log"), bench.directory.read("1.log")),
        ("a\nb\n".into(), "c\n".into())
    );
    assert_eq!(bench.open.pruned.load(Ordering::Relaxed), 2);
    bench.second_passes();
    let trouble = bench.write("d\n").trouble.unwrap();
    assert!(trouble.contains("old files are still there: permission denied"), "{trouble}");
    assert!(bench.write("e\n").trouble.is_none());
    assert_eq!(bench.directory.read("2.log"), "d\ne\n");
}

#[test]
fn a_file_that_was_removed_or_moved_away_is_made_again() {
    let mut bench = Bench::new();
    bench.write("a\n");
    fs::remove_file(bench.directory.0.join("0.log")).unwrap();
    bench.write("b\n");
    assert_eq!(bench.directory.read("0.log"), "b\n");
    fs::rename(bench.directory.0.join("0.log"), bench.directory.0.join("0.log.1")).unwrap();
    bench.write("c\n");
    assert_eq!(
        (bench.directory.read("0.log.1"), bench.directory.read("0.log")),
        ("b\n".into(), "c\n".into())
    );
}

#[test]
fn without_a_directory_batches_are_refused_until_it_is_back() {
    let mut bench = Bench::new();
    bench.write("a\n");
    fs::remove_dir_all(&bench.directory.0).unwrap();
    for _ in 0..3 {
        assert!(!bench.batch("lost\n").1);
        assert!(bench.held.turn(&[]).is_err());
    }
    fs::create_dir_all(&bench.directory.0).unwrap();
    bench.write("b\n");
    assert_eq!(bench.directory.read("0.log"), "b\n");
}

#[test]
fn where_the_next_file_cannot_be_begun_the_old_one_goes_on_and_it_is_tried_again() {
    let mut bench = Bench::new();
    bench.write("a\n");
    let blocked = bench.directory.0.join("1.log");
    fs::create_dir(&blocked).unwrap();
    bench.second_passes();
    for line in ["b\n", "c\n"] {
        let trouble = bench.write(line).trouble.unwrap();
        assert!(trouble.contains("goes on in") && trouble.contains("0.log, as "), "{trouble}");
    }
    fs::remove_dir(&blocked).unwrap();
    assert!(bench.write("d\n").trouble.is_none());
    assert_eq!(
        (bench.directory.read("0.log"), bench.directory.read("1.log")),
        ("a\nb\nc\n".into(), "d\n".into())
    );
}

#[test]
fn after_a_failed_write_the_file_is_opened_again() {
    let mut bench = Bench::new();
    bench.open.failing.store(1, Ordering::Relaxed);
    let (turn, written) = bench.batch("lost\n");
    assert!(turn.is_some() && !written);
    assert_eq!(bench.open.pruned.load(Ordering::Relaxed), 1);
    bench.open.failing.store(0, Ordering::Relaxed);
    bench.write("a\n");
    assert_eq!(bench.open.pruned.load(Ordering::Relaxed), 2);
    bench.write("b\n");
    assert_eq!(bench.open.pruned.load(Ordering::Relaxed), 2);
    assert_eq!(bench.directory.read("0.log"), "a\nb\n");
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_line_is_known_when_it_is_opened() {
    let directory = Directory::new();
    let path = directory.0.join("x.log");
    for (text, torn) in [("", false), ("whole\n", false), ("whole\nhal", true)] {
        fs::write(&path, text).unwrap();
        let mut held =
            Held::new(Box::new(Plain { path: path.clone(), makes_directory: false }), Clock::system())
                .unwrap();
        assert_eq!(held.turn(&[]).unwrap().torn, Some(torn), "{text:?}");
        assert_eq!(held.turn(&[]).unwrap().torn, None);
    }
}

/// A file that somebody else moves away and makes anew as soon as it is open, once.
#[derive(Debug)]
struct Moved(Plain, AtomicU64);

impl Open for Moved {
    fn path(&self, now: Timestamp) -> PathBuf {
        self.0.path(now)
    }

    fn open(&self) -> io::Result<Box<dyn Handle>> {
        let opened = self.0.open()?;
        if self.1.fetch_add(1, Ordering::Relaxed) == 0 {
            fs::rename(&self.0.path, self.0.path.with_extension("1"))?;
            fs::write(&self.0.path, "")?;
        }
        Ok(opened)
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_was_moved_away_just_after_it_was_opened_is_not_taken_for_the_one_of_its_name() {
    let directory = Directory::new();
    let plain = Plain { path: directory.0.join("a.log"), makes_directory: false };
    let mut held = Held::new(Box::new(Moved(plain, AtomicU64::new(0))), Clock::system()).unwrap();
    held.turn(b"a\n").unwrap();
    held.write_all(b"a\n").unwrap();
    assert_eq!((directory.read("a.log"), directory.read("a.1")), (String::from("a\n"), String::new()));
}

#[test]
fn the_same_file_opened_again_is_not_taken_for_another() {
    let mut bench = Bench::new();
    bench.write("hal");
    bench.open.failing.store(1, Ordering::Relaxed);
    bench.batch("lost\n");
    bench.open.failing.store(0, Ordering::Relaxed);
    assert_eq!(bench.write("f\n").torn, None);
    fs::write(bench.directory.0.join("other"), "hal").unwrap();
    fs::rename(bench.directory.0.join("other"), bench.directory.0.join("0.log")).unwrap();
    assert_eq!(bench.write("\n").torn, Some(true));
}

/// Counts how often it is brought to the disk, and fails at that while told to.
#[derive(Clone, Debug, Default)]
struct Synced {
    path: PathBuf,
    times: Arc<AtomicU64>,
    failing: Arc<AtomicU64>,
}

struct Counting(File, Synced);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Handle for Counting {
    fn sync(&self) -> io::Result<()> {
        self.1.times.fetch_add(1, Ordering::Relaxed);
        if self.1.failing.load(Ordering::Relaxed) > 0 { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Open for Synced {
    fn path(&self, _: Timestamp) -> PathBuf {
        self.path.clone()
    }

    fn open(&self) -> io::Result<Box<dyn Handle>> {
        let file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        Ok(Box::new(Counting(file, self.clone())))
    }
}

#[test]
fn lines_are_brought_to_the_disk_when_the_policy_says() {
    use super::rotate::Rotated;
    use super::sync::Sync;

    let second = Duration::from_secs(1);
    for (policy, expected) in [
        (Sync::Never, [0, 0, 0, 0, 0]),
        (Sync::EachBatch, [1, 2, 2, 2, 2]),
        (Sync::Every(second), [0, 0, 0, 1, 1]),
    ] {
        let directory = Directory::new();
        let clock = Clock::manual(Timestamp::from_unix_nanos(0));
        let open = Synced { path: directory.0.join("x.log"), ..Synced::default() };
        let held = Held::new(Box::new(open.clone()), clock.clone()).unwrap();
        let mut rotated = Rotated::new(held, clock.clone(), policy);
        let times = || open.times.load(Ordering::Relaxed);
        let mut batch = || {
            rotated.turn(b"a\n").unwrap();
            rotated.write_all(b"a\n").unwrap();
            rotated.settle().unwrap();
            times()
        };
        let mut seen = vec![batch(), batch()];
        clock.advance(second - Duration::from_nanos(1));
        let left = rotated.rest();
        assert_eq!(left, (policy == Sync::Every(second)).then_some(Duration::from_nanos(1)));
        seen.push(times());
        clock.advance(Duration::from_nanos(1));
        assert_eq!(rotated.rest(), None);
        seen.push(times());
        // At the end what is left, which is nothing here.
        rotated.flush().unwrap();
        seen.push(times());
        assert_eq!(seen, expected, "{policy:?}");
        // What is written last is brought there at the end, and a failure is one of the batch where it was to be waited
        // for.
        rotated.write_all(b"b\n").unwrap();
        open.failing.store(1, Ordering::Relaxed);
        assert_eq!(rotated.settle().is_err(), policy == Sync::EachBatch);
        open.failing.store(0, Ordering::Relaxed);
        let before = times();
        rotated.write_all(b"c\n").unwrap();
        rotated.flush().unwrap();
        assert_eq!(times() - before, u64::from(policy != Sync::Never));
    }
}

#[test]
fn of_two_things_amiss_both_are_told_one_after_the_other() {
    use super::rotate::Rotated;
    use super::sync::Sync;

    /// Old files are never removed, and nothing reaches the disk.
    #[derive(Debug)]
    struct Bad(Synced);

    impl Open for Bad {
        fn path(&self, now: Timestamp) -> PathBuf {
            self.0.path(now)
        }

        fn open(&self) -> io::Result<Box<dyn Handle>> {
            self.0.open()
        }

        fn prune(&self, _: &Path) -> io::Result<()> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }

    let directory = Directory::new();
    let clock = Clock::manual(Timestamp::from_unix_nanos(0));
    let open =
        Synced { path: directory.0.join("x.log"), failing: Arc::new(AtomicU64::new(1)), ..Synced::default() };
    let held = Held::new(Box::new(Bad(open)), clock.clone()).unwrap();
    let mut rotated = Rotated::new(held, clock, Sync::Every(Duration::ZERO));
    rotated.write_all(b"a\n").unwrap();
    rotated.settle().unwrap();
    let told = [(); 3].map(|()| rotated.turn(b"b\n").unwrap().trouble.unwrap_or_default());
    assert!(told[0].contains("old files are still there"), "{told:?}");
    assert!(told[1].contains("lines may not be on the disk"), "{told:?}");
    assert_eq!(told[2], "");
}
