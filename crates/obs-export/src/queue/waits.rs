//! Producers that wait for room, sinks that are asked while nothing comes, and gaps that are told: with threads.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::*;

const LONG: Duration = Duration::from_secs(30);

/// Tells of each batch, and has it delivered once it may.
struct Gated(Sender<(Vec<u8>, Vec<Gap>)>, Receiver<()>);

impl Sink for Gated {
    fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
        self.0.send((batch.bytes.clone(), batch.gaps.clone())).unwrap();
        // A gate that is gone is open.
        let _ = self.1.recv();
        Delivery::Delivered
    }
}

struct Bench {
    worker: Worker,
    seen: Receiver<(Vec<u8>, Vec<Gap>)>,
    open: Sender<()>,
}

impl Bench {
    /// A queue for 100 bytes whose sink has one of `a`, of so many bytes, in its hands.
    fn holding(settings: Settings, bytes: usize) -> Self {
        let (told, seen) = channel();
        let (open, gate) = channel();
        let settings = settings.capacity_bytes(100).linger(Duration::ZERO);
        let worker = Worker::spawn(settings, "test", Gated(told, gate)).unwrap();
        worker.queue().push(&vec![b'a'; bytes]);
        seen.recv_timeout(LONG).unwrap();
        Self { worker, seen, open }
    }

    fn queue(&self) -> &Queue {
        self.worker.queue()
    }
}

#[test]
fn a_producer_waits_for_room_and_its_time_is_counted() {
    let bench = Bench::holding(Settings::new("t").policy(Policy::Block(LONG)), 100);
    let queue = bench.queue();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let begun = Instant::now();
            queue.push(b"b");
            begun.elapsed()
        });
        while bench.queue().0.lock().waiting == 0 {
            std::thread::yield_now();
        }
        let books = bench.queue().counts();
        assert_eq!((books.produced, books.pending), (1, 1), "what waits outside is in no book yet");
        bench.open.send(()).unwrap();
        let waited = waiting.join().unwrap();
        let blocked = bench.queue().counts().blocked;
        assert!(!blocked.is_zero() && blocked <= waited && waited < LONG, "{blocked:?} {waited:?}");
    });
    assert_eq!(bench.seen.recv_timeout(LONG).unwrap().0, b"b");
    assert_eq!(bench.queue().counts().dropped(), 0);
    drop(bench.open);
}

#[test]
fn a_wait_ends_at_its_limit_and_the_record_is_dropped() {
    let limit = Duration::from_millis(30);
    let bench = Bench::holding(Settings::new("t").policy(Policy::Block(limit)), 100);
    let begun = Instant::now();
    bench.queue().push(b"b");
    assert!(begun.elapsed() >= limit);
    let counts = bench.queue().counts();
    assert_eq!(counts.dropped_for(Reason::QueueFull), 1);
    assert!(counts.blocked >= limit && counts.blocked <= begun.elapsed());
    drop(bench.open);
}

#[test]
fn nobody_waits_where_it_would_be_in_vain_or_on_a_thread_of_telemetry() {
    let bench = Bench::holding(Settings::new("t").policy(Policy::Block(LONG)), 100);
    bench.queue().push(&[b'b'; 101]);
    {
        let _silence = context::silence();
        bench.queue().push(b"c");
    }
    let counts = bench.queue().counts();
    assert_eq!((counts.dropped_for(Reason::QueueFull), counts.blocked), (2, Duration::ZERO));
    drop(bench.open);
}

#[test]
fn an_end_lets_go_of_those_who_wait() {
    let mut bench = Bench::holding(Settings::new("t").policy(Policy::Block(LONG)), 100);
    let queue = bench.queue().clone();
    let waiting = std::thread::spawn({
        let queue = queue.clone();
        move || queue.push(b"b")
    });
    while queue.0.lock().waiting == 0 {
        std::thread::yield_now();
    }
    let begun = Instant::now();
    bench.worker.shutdown(Duration::ZERO);
    waiting.join().unwrap();
    queue.push(b"c");
    assert!(begun.elapsed() < LONG);
    assert_eq!(queue.counts().dropped_for(Reason::Closed), 2);
    drop(bench.open);
}

#[test]
fn a_wait_makes_the_worker_hurry() {
    let (told, seen) = channel();
    let (open, gate) = channel();
    let settings = Settings::new("t").policy(Policy::Block(LONG)).capacity_bytes(10).linger(LONG);
    let worker = Worker::spawn(settings, "test", Gated(told, gate)).unwrap();
    drop(open);
    let begun = Instant::now();
    (0..20).for_each(|_| worker.queue().push(&[b'x'; 4]));
    assert!(begun.elapsed() < LONG, "it waited for a fuller batch");
    drop(seen.recv_timeout(LONG).unwrap());
    assert_eq!(worker.queue().counts().dropped(), 0);
}

#[test]
fn what_is_dropped_while_a_flush_waits_does_not_end_it() {
    let bench = Bench::holding(Settings::new("t"), 100);
    let queue = bench.queue();
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| queue.flush(Duration::from_millis(100)));
        while bench.queue().0.lock().hurry == 0 {
            std::thread::yield_now();
        }
        (0..5).for_each(|_| bench.queue().push(b"b"));
        bench.queue().0.progress.notify_all();
        assert_eq!(flush.join().unwrap(), Err(FlushTimeout { pending: 1 }));
    });
    drop(bench.open);
}

#[test]
fn a_gap_is_told_in_its_place_and_also_where_nothing_follows() {
    let bench = Bench::holding(Settings::new("t").tells_gaps(), 60);
    let queue = bench.queue();
    queue.push(b"b");
    queue.push(&[b'x'; 40]);
    queue.push(&[b'y'; 40]);
    queue.push(b"c");
    bench.open.send(()).unwrap();
    let gap = |at, records| Gap { at, reason: Reason::QueueFull, records };
    assert_eq!(bench.seen.recv_timeout(LONG).unwrap(), (b"bc".to_vec(), vec![gap(1, 2)]));
    queue.push(&[b'z'; 100]);
    bench.open.send(()).unwrap();
    assert_eq!(bench.seen.recv_timeout(LONG).unwrap(), (Vec::new(), vec![gap(0, 1)]));
    bench.open.send(()).unwrap();
    queue.flush(LONG).unwrap();
    while queue.0.lock().phase != Phase::Idle {
        std::thread::yield_now();
    }
    queue.push(&[b'z'; 101]);
    assert_eq!(bench.seen.recv_timeout(LONG).unwrap(), (Vec::new(), vec![gap(0, 1)]));
    drop(bench.open);
}

/// Tells each time it is asked what it has to do.
struct Rests(Sender<()>, Option<Duration>);

impl Sink for Rests {
    fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
        Delivery::Delivered
    }

    fn rest(&mut self) -> Option<Duration> {
        let _ = self.0.send(());
        self.1
    }
}

#[test]
fn a_sink_at_rest_is_asked_again_after_its_time_and_when_it_is_nudged() {
    let (told, asked) = channel();
    let _often =
        Worker::spawn(Settings::new("t"), "test", Rests(told, Some(Duration::from_millis(1)))).unwrap();
    (0..3).for_each(|_| asked.recv_timeout(LONG).unwrap());
    let (told, asked) = channel();
    let worker = Worker::spawn(Settings::new("t"), "test", Rests(told, None)).unwrap();
    asked.recv_timeout(LONG).unwrap();
    assert!(asked.recv_timeout(Duration::from_millis(30)).is_err());
    worker.queue().nudge();
    asked.recv_timeout(LONG).unwrap();
    worker.queue().push(b"x");
    asked.recv_timeout(LONG).unwrap();
}
