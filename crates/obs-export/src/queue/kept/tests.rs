//! Queues over a journal: what a sink gets, what the books say, and what the next process finds.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::*;
use crate::journal;
use crate::queue::{Batch, Control, Counts, Delivery, FlushTimeout, Gap, Settings, Worker};

const LONG: Duration = Duration::from_secs(30);
/// Of four segments.
const MOST_BYTES: u64 = 4 * journal::Settings::MIN_SEGMENT_BYTES;

/// A directory of its own for each test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("obs-kept-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn settings(&self) -> journal::Settings {
        journal::Settings::new(&self.0)
            .segment_bytes(journal::Settings::MIN_SEGMENT_BYTES)
            .max_bytes(MOST_BYTES)
    }

    fn open(&self) -> Durable {
        Durable::new(Journal::open(self.settings()).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Tells of each batch, and has it fare as it is told to.
struct Told {
    seen: Sender<(Vec<u8>, Vec<Gap>)>,
    fate: Receiver<Delivery>,
    resumed: Arc<Mutex<Vec<Vec<u8>>>>,
    note: Option<&'static [u8]>,
}

impl Sink for Told {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        if let Some(note) = self.note {
            control.note(note);
        }
        self.seen.send((batch.bytes.clone(), batch.gaps.clone())).unwrap();
        self.fate.recv().unwrap_or(Delivery::Delivered)
    }

    fn resume(&mut self, note: &[u8]) {
        self.resumed.lock().unwrap().push(note.to_vec());
    }
}

struct Bench {
    worker: Worker,
    seen: Receiver<(Vec<u8>, Vec<Gap>)>,
    fate: Sender<Delivery>,
    resumed: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Bench {
    fn new(folder: &Folder, settings: Settings) -> Self {
        Self::noting(folder, settings, None)
    }

    fn noting(folder: &Folder, settings: Settings, note: Option<&'static [u8]>) -> Self {
        let (told, seen) = channel();
        let (fate, fates) = channel();
        let resumed = Arc::default();
        let sink = Told { seen: told, fate: fates, resumed: Arc::clone(&resumed), note };
        let settings = settings.linger(Duration::ZERO);
        let worker = Worker::spawn_durable(settings, folder.open(), "test", sink).unwrap();
        Self { worker, seen, fate, resumed }
    }

    fn push(&self, records: impl IntoIterator<Item = Vec<u8>>) {
        records.into_iter().for_each(|record| self.worker.queue().push(&record));
    }

    fn next(&self) -> (Vec<u8>, Vec<Gap>) {
        self.seen.recv_timeout(LONG).unwrap()
    }

    fn counts(&self) -> Counts {
        let counts = self.worker.queue().counts();
        assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending, "{counts:?}");
        counts
    }

    /// Ends while a batch is on its way, of which the sink says so.
    fn cut(mut self) -> Counts {
        let queue = self.worker.queue().clone();
        std::thread::scope(|scope| {
            scope.spawn(|| self.worker.shutdown(LONG));
            while !queue.is_closed() {
                std::thread::yield_now();
            }
            self.fate.send(Delivery::Dropped(Reason::Shutdown, 1)).unwrap();
        });
        self.end()
    }

    /// Ends without waiting for what is not delivered, and says what the books say then.
    fn end(mut self) -> Counts {
        drop(self.fate);
        self.worker.shutdown(Duration::ZERO);
        let counts = self.worker.queue().counts();
        assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending, "{counts:?}");
        counts
    }
}

fn numbered(range: std::ops::Range<u32>) -> impl Iterator<Item = Vec<u8>> {
    range.map(|number| format!("{number};").into_bytes())
}

fn joined(range: std::ops::Range<u32>) -> Vec<u8> {
    numbered(range).flatten().collect()
}

#[test]
fn what_was_not_delivered_is_delivered_by_the_next_process_in_order() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t"));
    bench.push(numbered(0..1));
    assert_eq!(bench.next().0, b"0;");
    bench.push(numbered(1..500));
    // The end comes while the first is on its way.
    let counts = bench.cut();
    assert_eq!((counts.produced, counts.recovered, counts.delivered, counts.pending), (500, 0, 0, 500));

    let bench = Bench::new(&folder, Settings::new("t"));
    bench.push(numbered(500..501));
    bench.fate.send(Delivery::Delivered).unwrap();
    let mut seen = Vec::new();
    while seen.len() < joined(0..501).len() {
        seen.extend(bench.next().0);
        let _ = bench.fate.send(Delivery::Delivered);
    }
    assert_eq!(seen, joined(0..501));
    bench.worker.queue().flush(LONG).unwrap();
    let counts = bench.counts();
    assert_eq!((counts.produced, counts.recovered, counts.delivered, counts.pending), (501, 500, 501, 0));
    assert_eq!(counts.pending_bytes, 0);
    bench.end();
    assert_eq!(Journal::open(folder.settings()).unwrap().recovered.records, 0);
}

#[test]
fn what_is_refused_is_lost_and_what_is_not_settled_comes_again_alone() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t"));
    bench.push(numbered(0..1));
    bench.next();
    bench.push(numbered(1..4));
    bench.fate.send(Delivery::Dropped(Reason::Rejected, 1)).unwrap();
    assert_eq!(bench.next().0, b"1;2;3;");
    assert_eq!((bench.counts().dropped_for(Reason::Rejected), bench.counts().pending), (1, 3));
    assert_eq!(bench.cut().pending, 3);
    let bench = Bench::new(&folder, Settings::new("t"));
    assert_eq!(bench.next().0, b"1;2;3;");
    bench.end();
}

#[test]
fn a_flush_waits_for_all_that_was_there_and_no_longer() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t"));
    bench.push(numbered(0..1));
    bench.next();
    bench.push(numbered(1..3));
    let flush = bench.worker.queue().flush(Duration::from_millis(30));
    assert_eq!(flush, Err(FlushTimeout { pending: 3 }));
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| bench.worker.queue().flush(LONG));
        while bench.worker.queue().0.lock().hurry == 0 {
            std::thread::yield_now();
        }
        bench.push(numbered(3..4));
        bench.fate.send(Delivery::Delivered).unwrap();
        let last = bench.next().0;
        assert!(last.starts_with(b"1;2;"));
        bench.fate.send(Delivery::Delivered).unwrap();
        flush.join().unwrap().unwrap();
    });
    bench.end();
}

/// Fills a journal behind a sink that has one record in its hands. Returns how many records of a KiB fitted.
fn fill(bench: &Bench) -> u64 {
    bench.push([vec![b'a'; 1_000]]);
    bench.next();
    let mut pushed = 1;
    while bench.counts().dropped() == 0 {
        bench.push([vec![b'b'; 1_000]]);
        pushed += 1;
    }
    pushed - 1
}

#[test]
fn a_full_journal_takes_nothing_more_and_says_so_in_front_of_what_follows() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t").tells_gaps());
    let fitted = fill(&bench);
    // Some 1,032 bytes each.
    assert!((200..=4 * 63).contains(&fitted), "{fitted}");
    let counts = bench.counts();
    assert_eq!((counts.dropped_for(Reason::QueueFull), counts.pending), (1, fitted));
    bench.fate.send(Delivery::Delivered).unwrap();
    assert_eq!(bench.next().1, [Gap { at: 0, reason: Reason::QueueFull, records: 1 }]);
    drop(bench.fate);
    bench.worker.queue().flush(LONG).unwrap();
    let counts = bench.worker.queue().counts();
    assert_eq!((counts.delivered, counts.dropped(), counts.pending), (fitted, 1, 0));
}

#[test]
fn what_is_lost_while_no_segment_can_be_made_is_lost_as_io() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t").tells_gaps());
    bench.push([vec![b'a'; 1_000]]);
    bench.next();
    // The next file cannot be made where a directory has its name.
    for number in 0..9 {
        std::fs::create_dir(folder.0.join(format!("{number:020}.spare"))).ok();
    }
    let fitted = (0..300).take_while(|_| {
        bench.push([vec![b'b'; 1_000]]);
        bench.counts().dropped() == 0
    });
    assert!(fitted.count() < 200, "there is room for four segments");
    // Some within the second in which none is tried again.
    bench.push((0..10).map(|_| vec![b'c'; 1_000]));
    let counts = bench.counts();
    assert_eq!((counts.dropped_for(Reason::Io), counts.dropped()), (11, 11));
    bench.end();
}

#[test]
fn the_oldest_segment_makes_room_where_the_policy_says_so() {
    let folder = Folder::new();
    for (policy, priority, makes_room) in
        [(Policy::DropOldest, 0, true), (Policy::DropBelow(4), 4, true), (Policy::DropBelow(4), 3, false)]
    {
        let bench = Bench::new(&folder, Settings::new("t").policy(policy).tells_gaps());
        bench.push([b"first".to_vec()]);
        assert_eq!(bench.next().0, b"first");
        let record = vec![b'x'; 1_000];
        for _ in 0..1_000 {
            bench.worker.queue().push_with(&record, priority);
        }
        let counts = bench.counts();
        let (evicted, refused) = (counts.dropped_for(Reason::Evicted), counts.dropped_for(Reason::QueueFull));
        assert_eq!((evicted > 0, refused > 0), (makes_room, !makes_room), "{policy:?} {counts:?}");
        assert_eq!(counts.pending + counts.dropped(), 1_001);
        bench.fate.send(Delivery::Delivered).unwrap();
        let (_, gaps) = bench.next();
        let told: u64 = gaps.iter().map(|gap| gap.records).sum();
        assert_eq!(told, evicted + refused);
        drop(bench.fate);
        bench.worker.queue().flush(LONG).unwrap();
        assert_eq!(bench.worker.queue().counts().pending, 0);
    }
}

#[test]
fn a_producer_waits_for_a_segment_to_be_delivered() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t").policy(Policy::Block(LONG)));
    bench.push([vec![b'a'; 1_000]]);
    bench.next();
    let queue = bench.worker.queue().clone();
    let producer = std::thread::spawn(move || {
        for _ in 0..1_000 {
            queue.push(&[b'b'; 1_000]);
        }
    });
    while bench.worker.queue().0.lock().waiting == 0 {
        std::thread::yield_now();
    }
    drop(bench.fate);
    producer.join().unwrap();
    bench.worker.queue().flush(LONG).unwrap();
    let counts = bench.worker.queue().counts();
    assert_eq!((counts.delivered, counts.dropped()), (1_001, 0));
    assert!(!counts.blocked.is_zero());
}

#[test]
fn a_note_comes_back_while_its_records_are_the_next_and_not_otherwise() {
    let folder = Folder::new();
    let bench = Bench::noting(&folder, Settings::new("t"), Some(b"one"));
    bench.push(numbered(0..1));
    bench.next();
    bench.cut();

    let bench = Bench::noting(&folder, Settings::new("t"), Some(b"two"));
    assert_eq!(bench.next().0, b"0;");
    assert_eq!(*bench.resumed.lock().unwrap(), [b"one"]);
    bench.fate.send(Delivery::Delivered).unwrap();
    bench.worker.queue().flush(LONG).unwrap();
    bench.end();

    let bench = Bench::new(&folder, Settings::new("t"));
    bench.push(numbered(1..2));
    assert_eq!(bench.next().0, b"1;");
    assert!(bench.resumed.lock().unwrap().is_empty(), "what it was of is delivered");
    bench.end();
}

#[test]
fn a_note_longer_than_may_be_is_not_kept_and_none_is_kept_in_memory() {
    let folder = Folder::new();
    let bench = Bench::noting(&folder, Settings::new("t"), Some(&[b'x'; 49]));
    bench.push(numbered(0..1));
    bench.next();
    bench.cut();
    let bench = Bench::new(&folder, Settings::new("t"));
    bench.next();
    assert_eq!(*bench.resumed.lock().unwrap(), [Vec::<u8>::new()]);
    bench.end();
}

#[test]
fn a_record_that_is_damaged_on_the_disk_is_counted_and_the_others_arrive() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t").tells_gaps());
    bench.push([b"first".to_vec()]);
    bench.next();
    bench.push([b"second".to_vec(), b"third".to_vec()]);
    bench.cut();
    let segment = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.into_iter().find(|path| {
        path.extension().is_some_and(|kind| kind == "segment")
            && std::fs::read(path).unwrap().windows(6).any(|bytes| bytes == b"second")
    });
    let path = segment.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(6).position(|bytes| bytes == b"second").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let bench = Bench::new(&folder, Settings::new("t").tells_gaps());
    assert_eq!(bench.next().0, b"firstthird");
    bench.fate.send(Delivery::Delivered).unwrap();
    bench.worker.queue().flush(LONG).unwrap();
    let counts = bench.counts();
    assert_eq!((counts.produced, counts.recovered, counts.delivered), (3, 3, 2));
    assert_eq!(counts.dropped_for(Reason::Damaged), 1);
    bench.end();
}

#[test]
fn a_sink_that_panics_loses_its_batch_and_not_the_next_one() {
    struct Panics(u32);
    impl Sink for Panics {
        fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
            self.0 += 1;
            assert!(
                self.0 > 1 || batch.records == 0,
                "the sink's own; this text on standard error is part of the test"
            );
            Delivery::Delivered
        }
    }
    let folder = Folder::new();
    let worker =
        Worker::spawn_durable(Settings::new("t").one_by_one(), folder.open(), "test", Panics(0)).unwrap();
    worker.queue().push(b"a");
    worker.queue().push(b"b");
    worker.queue().flush(LONG).unwrap();
    let counts = worker.queue().counts();
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Internal), counts.pending), (1, 1, 0));
}

#[test]
fn trouble_is_told_and_records_that_find_no_place_are_lost_as_io() {
    let folder = Folder::new();
    let (told, troubles) = channel();
    let durable = folder.open().on_trouble(move |error| drop(told.send(error.to_string())));
    let (seen, _fates) = (channel().0, channel::<Delivery>());
    let sink = Told { seen, fate: channel().1, resumed: Arc::default(), note: None };
    let mut worker =
        Worker::spawn_durable(Settings::new("t").linger(LONG).batch_bytes(usize::MAX), durable, "test", sink)
            .unwrap();
    // There is nowhere to make a segment in, once the one that is prepared meanwhile is gone as well.
    while folder.0.exists() {
        let _ = std::fs::remove_dir_all(&folder.0);
    }
    while worker.queue().counts().dropped() == 0 {
        worker.queue().push(&[b'x'; 1_000]);
    }
    assert_eq!(worker.queue().counts().dropped_for(Reason::Io), worker.queue().counts().dropped());
    let trouble = troubles.recv_timeout(LONG).unwrap();
    assert!(trouble.contains(&folder.0.display().to_string()), "{trouble}");
    worker.shutdown(Duration::ZERO);
}

#[test]
fn after_the_end_the_directory_is_free_and_nothing_more_is_taken() {
    let folder = Folder::new();
    let mut bench = Bench::new(&folder, Settings::new("t"));
    drop(bench.fate);
    bench.worker.shutdown(LONG);
    bench.worker.queue().push(b"late");
    let counts = bench.worker.queue().counts();
    assert_eq!((counts.dropped_for(Reason::Closed), counts.pending), (1, 0));
    assert!(Journal::open(folder.settings()).is_ok());
}

#[test]
fn records_of_another_kind_are_refused_until_they_are_delivered() {
    let folder = Folder::new();
    let open = |content: &str| Journal::open(folder.settings().content(content));
    let mut journal = open("loki").unwrap();
    journal.writer.append(b"x", 0).unwrap();
    drop(journal);
    let error = open("elasticsearch").unwrap_err().to_string();
    assert!(error.contains("loki") && error.contains("elasticsearch"), "{error}");
    let mut journal = open("loki").unwrap();
    let read = journal.reader.read(1, |_| ()).unwrap();
    journal.reader.delivered(read.last.unwrap()).unwrap();
    drop(journal);
    drop(open("elasticsearch").unwrap());
    assert!(open("loki").is_ok(), "it is empty");
}

#[test]
fn what_is_lost_is_in_the_books_although_what_follows_cannot_be_read() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t").tells_gaps());
    bench.push([vec![b'a'; 1_000]]);
    bench.next();
    bench.push((0..100).map(|_| vec![b'b'; 1_000]));
    let path = |number: u64| folder.0.join(format!("{number:020}.segment"));
    let mut segments: Vec<_> = (0..9).map(path).filter(|path| path.exists()).collect();
    let (second, first) = (segments.pop().unwrap(), segments.pop().unwrap());
    let bytes = std::fs::read(&first).unwrap();
    let damaged = bytes.windows(1_000).filter(|record| *record == [b'b'; 1_000]).count() as u64;
    assert!(damaged > 10);
    // In place, as the file is held in memory.
    let file = std::fs::OpenOptions::new().write(true).open(&first).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0; bytes.len() - 1_200], 1_200).unwrap();
    std::fs::rename(&second, folder.0.join("aside")).unwrap();
    std::fs::create_dir(&second).unwrap();
    bench.fate.send(Delivery::Delivered).unwrap();
    let lost = Gap { at: 0, reason: Reason::Damaged, records: damaged };
    assert_eq!(bench.next(), (Vec::new(), vec![lost]));
    let counts = bench.counts();
    assert_eq!((counts.dropped_for(Reason::Damaged), counts.pending), (damaged, 100 - damaged));
    bench.end();
}

#[test]
fn a_sink_that_speaks_of_an_end_that_nobody_asked_for_loses_its_batch_and_not_the_queue() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t"));
    bench.push(numbered(0..1));
    assert_eq!(bench.next().0, b"0;");
    bench.fate.send(Delivery::Dropped(Reason::Shutdown, 1)).unwrap();
    bench.push(numbered(1..2));
    assert_eq!(bench.next().0, b"1;");
    let counts = bench.counts();
    assert_eq!((counts.dropped_for(Reason::Shutdown), counts.pending), (1, 1));
    bench.end();
}

#[test]
fn a_hook_that_panics_is_told_again_and_chores_are_done() {
    let folder = Folder::new();
    let (told, troubles) = channel();
    let Journal { upkeep, .. } = Journal::open(folder.settings()).unwrap();
    let hook = move |_: &Error| {
        told.send(()).unwrap();
        panic!("the hook's own; this text on standard error is part of the test");
    };
    let chores = Chores::spawn("test", upkeep, Box::new(hook)).unwrap();
    for _ in 0..2 {
        chores.sender().send(Chore::Tell(Error::SegmentBytes(1)));
        troubles.recv_timeout(LONG).unwrap();
    }
    chores.end();
}

#[test]
fn nothing_in_a_journal_has_no_age() {
    let folder = Folder::new();
    let bench = Bench::new(&folder, Settings::new("t"));
    assert!(bench.worker.queue().0.lock().ages.oldest(Instant::now()).is_none());
    bench.end();
    let mut journal = Journal::open(folder.settings()).unwrap();
    journal.writer.append(b"0;", 0).unwrap();
    drop(journal);
    let bench = Bench::new(&folder, Settings::new("t"));
    bench.next();
    assert!(bench.counts().oldest.is_some());
    bench.end();
}
