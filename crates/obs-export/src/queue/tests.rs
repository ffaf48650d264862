//! The queue's books, bounds and deadlines, with sinks that are slow, dead or mad.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;

const LONG: Duration = Duration::from_secs(30);

/// Keeps all bytes, and waits for permission before each batch where a gate is given.
struct Keeper {
    bytes: Arc<Mutex<Vec<u8>>>,
    gate: Option<Receiver<()>>,
}

impl Sink for Keeper {
    fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
        if let Some(gate) = &self.gate {
            gate.recv().unwrap();
        }
        self.bytes.lock().unwrap().extend_from_slice(&batch.bytes);
        Delivery::Delivered
    }
}

fn keeper(settings: Settings, gated: bool) -> (Worker, Arc<Mutex<Vec<u8>>>, Sender<()>) {
    let bytes = Arc::default();
    let (open, gate) = channel();
    let sink = Keeper { bytes: Arc::clone(&bytes), gate: gated.then_some(gate) };
    (Worker::spawn(settings, "test", sink).unwrap(), bytes, open)
}

#[track_caller]
fn check_books(counts: Counts) {
    assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending, "{counts:?}");
}

fn wait_until(what: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !what() {
        assert!(Instant::now() < end, "waited in vain");
        std::thread::yield_now();
    }
}

#[test]
fn records_arrive_whole_and_in_order_after_a_flush() {
    let (worker, bytes, _open) = keeper(Settings::new("t").linger(LONG), false);
    for n in 0..1_000 {
        worker.queue().push(format!("{n}\n").as_bytes());
    }
    worker.queue().flush(LONG).unwrap();
    let expected: String = (0..1_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(*bytes.lock().unwrap(), expected.as_bytes());
    let counts = worker.queue().counts();
    assert_eq!((counts.delivered, counts.pending, counts.pending_bytes), (1_000, 0, 0));
    assert!(counts.exports.delivered >= 1 && counts.exports.dropped == 0, "{counts:?}");
}

#[test]
fn a_full_batch_and_the_linger_both_wake_the_worker() {
    let (worker, _, _open) = keeper(Settings::new("t").linger(LONG).batch_bytes(100), false);
    worker.queue().push(&[b'x'; 40]);
    worker.queue().push(&[b'x'; 70]);
    wait_until(|| worker.queue().counts().delivered == 2);
    let (worker, _, _open) = keeper(Settings::new("t").linger(Duration::from_millis(1)), false);
    worker.queue().push(b"x");
    wait_until(|| worker.queue().counts().delivered == 1);
}

#[test]
fn the_bound_counts_what_waits_and_what_is_being_sent() {
    let (worker, bytes, open) = keeper(Settings::new("t").capacity_bytes(100).linger(Duration::ZERO), true);
    worker.queue().push(&[b'a'; 60]);
    wait_until(|| worker.queue().0.lock().in_flight_bytes == 60);
    worker.queue().push(&[b'b'; 41]);
    worker.queue().push(&[b'c'; 40]);
    worker.queue().push(&[b'd'; 1]);
    let counts = worker.queue().counts();
    assert_eq!((counts.pending, counts.pending_bytes, counts.dropped_for(Reason::QueueFull)), (2, 100, 2));
    check_books(counts);
    open.send(()).unwrap();
    open.send(()).unwrap();
    worker.queue().flush(LONG).unwrap();
    let counts = worker.queue().counts();
    assert_eq!((counts.produced, counts.delivered), (4, 2));
    check_books(counts);
    assert_eq!(bytes.lock().unwrap().len(), 100);
}

/// Keeps each batch apart, once it may.
struct Apart(Sender<(Vec<u8>, u64)>, Receiver<()>);

impl Sink for Apart {
    fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
        self.1.recv().unwrap();
        self.0.send((batch.bytes.clone(), batch.records)).unwrap();
        if batch.bytes == b"bad" { Delivery::Dropped(Reason::Rejected, 1) } else { Delivery::Delivered }
    }
}

#[test]
fn one_by_one_each_record_is_a_batch_with_a_fate_of_its_own() {
    let (told, seen) = channel();
    let (open, gate) = channel();
    let settings = Settings::new("t").one_by_one().capacity_bytes(20);
    let worker = Worker::spawn(settings, "test", Apart(told, gate)).unwrap();
    for record in ["first", "bad", "", "last", "too long for it"] {
        worker.queue().push(record.as_bytes());
    }
    check_books(worker.queue().counts());
    assert_eq!(worker.queue().counts().pending_bytes, 12);
    for _ in 0..4 {
        open.send(()).unwrap();
    }
    worker.queue().flush(LONG).unwrap();
    let seen: Vec<_> = seen.try_iter().collect();
    assert_eq!(seen, ["first", "bad", "", "last"].map(|record| (record.as_bytes().to_vec(), 1)));
    let counts = worker.queue().counts();
    assert_eq!((counts.delivered, counts.pending, counts.pending_bytes), (3, 0, 0));
    assert_eq!((counts.dropped_for(Reason::Rejected), counts.dropped_for(Reason::QueueFull)), (1, 1));
    check_books(counts);
}

#[test]
fn a_flush_ends_at_its_deadline_and_loses_nothing() {
    let (worker, _, open) = keeper(Settings::new("t"), true);
    worker.queue().push(b"x");
    assert_eq!(worker.queue().flush(Duration::from_millis(30)), Err(FlushTimeout { pending: 1 }));
    open.send(()).unwrap();
    worker.queue().flush(LONG).unwrap();
    assert_eq!(worker.queue().counts().delivered, 1);
}

#[test]
fn shutdown_delivers_what_waits_and_later_records_are_counted() {
    let (mut worker, bytes, _open) = keeper(Settings::new("t").linger(LONG), false);
    worker.queue().push(b"one");
    worker.shutdown(LONG);
    worker.queue().push(b"two");
    assert_eq!(*bytes.lock().unwrap(), b"one");
    let counts = worker.queue().counts();
    assert_eq!((counts.delivered, counts.dropped_for(Reason::Closed)), (1, 1));
    check_books(counts);
}

/// Never succeeds; waits between attempts as a network sink does.
struct Dead;

impl Sink for Dead {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        while control.wait(LONG) {}
        Delivery::Dropped(Reason::Shutdown, batch.records)
    }
}

#[test]
fn shutdown_with_a_dead_sink_ends_at_the_deadline_and_counts_the_loss() {
    let mut worker = Worker::spawn(Settings::new("t").linger(Duration::ZERO), "test", Dead).unwrap();
    worker.queue().push(b"one");
    wait_until(|| worker.queue().0.lock().in_flight_records == 1);
    worker.queue().push(b"two");
    let begun = Instant::now();
    worker.shutdown(Duration::from_millis(50));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let counts = worker.queue().counts();
    assert_eq!((counts.dropped_for(Reason::Shutdown), counts.pending), (2, 0));
    assert_eq!((counts.exports.delivered, counts.exports.dropped), (0, 1), "the second was never tried");
    check_books(counts);
}

#[test]
fn the_time_of_a_batch_is_that_of_its_sink() {
    struct Slow(Arc<Mutex<Duration>>);
    impl Sink for Slow {
        fn deliver(&mut self, _: &mut Batch, control: &Control) -> Delivery {
            let begun = Instant::now();
            control.wait(Duration::from_millis(3));
            *self.0.lock().unwrap() += begun.elapsed();
            Delivery::Delivered
        }
    }
    let spent = Arc::default();
    let begun = Instant::now();
    let worker = Worker::spawn(Settings::new("t"), "test", Slow(Arc::clone(&spent))).unwrap();
    for _ in 0..2 {
        worker.queue().push(b"x");
        worker.queue().flush(LONG).unwrap();
    }
    let exports = worker.queue().counts().exports;
    assert_eq!((exports.delivered, exports.dropped), (2, 0));
    assert!(*spent.lock().unwrap() <= exports.time && exports.time <= begun.elapsed(), "{exports:?}");
}

/// Panics on its first batch.
struct Mad(bool);

impl Sink for Mad {
    fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
        assert!(std::mem::replace(&mut self.0, true), "the first batch is not to my taste");
        Delivery::Dropped(Reason::Io, 1)
    }
}

#[test]
fn a_sink_that_panics_loses_one_batch_and_the_queue_goes_on() {
    let worker = Worker::spawn(Settings::new("t").linger(LONG), "test", Mad(false)).unwrap();
    worker.queue().push(b"one");
    worker.queue().flush(LONG).unwrap();
    worker.queue().push(b"two");
    worker.queue().push(b"three");
    worker.queue().flush(LONG).unwrap();
    let counts = worker.queue().counts();
    assert_eq!(counts.dropped_for(Reason::Internal), 1);
    assert_eq!((counts.dropped_for(Reason::Io), counts.delivered), (1, 1));
    assert_eq!((counts.exports.delivered, counts.exports.dropped), (0, 2), "also where a part arrived");
    check_books(counts);
}

#[test]
fn many_producers_lose_no_record_and_mix_none() {
    let (worker, bytes, _open) = keeper(Settings::new("t").batch_bytes(256), false);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let queue = worker.queue().clone();
            scope.spawn(move || (0..5_000).for_each(|n| queue.push(format!("{thread} {n}\n").as_bytes())));
        }
    });
    worker.queue().flush(LONG).unwrap();
    let bytes = bytes.lock().unwrap();
    let mut next = [0; 4];
    for line in str::from_utf8(&bytes).unwrap().lines() {
        let (thread, n) = line.split_once(' ').unwrap();
        let next = &mut next[thread.parse::<usize>().unwrap()];
        assert_eq!(n.parse::<i32>().unwrap(), *next);
        *next += 1;
    }
    assert_eq!(next, [5_000; 4]);
}

#[test]
fn the_worker_is_silent_telemetry() {
    struct Asks(Sender<bool>);
    impl Sink for Asks {
        fn deliver(&mut self, _: &mut Batch, _: &Control) -> Delivery {
            self.0.send(obs_core::context::is_silenced()).unwrap();
            Delivery::Delivered
        }
    }
    let (answer, asked) = channel();
    let worker = Worker::spawn(Settings::new("t"), "test", Asks(answer)).unwrap();
    worker.queue().push(b"x");
    assert!(asked.recv_timeout(LONG).unwrap());
}

#[test]
fn for_ever_is_a_time_like_any_other() {
    let (mut worker, bytes, _open) = keeper(Settings::new("t").linger(Duration::MAX), false);
    worker.queue().push(b"one");
    worker.queue().flush(Duration::MAX).unwrap();
    worker.queue().push(b"two");
    worker.shutdown(Duration::MAX);
    assert_eq!(*bytes.lock().unwrap(), b"onetwo");
    let counts = worker.queue().counts();
    assert_eq!((counts.delivered, counts.pending, counts.dropped()), (2, 0, 0));
}

/// Waits for ever between attempts.
struct Patient;

impl Sink for Patient {
    fn deliver(&mut self, _: &mut Batch, control: &Control) -> Delivery {
        control.wait(Duration::MAX);
        Delivery::Delivered
    }
}

#[test]
fn an_end_cuts_a_wait_for_ever_short() {
    let mut worker = Worker::spawn(Settings::new("t").linger(Duration::ZERO), "test", Patient).unwrap();
    worker.queue().push(b"one");
    wait_until(|| worker.queue().0.lock().in_flight_records == 1);
    assert!(worker.queue().flush(Duration::from_millis(20)).is_err());
    // Not for ever: where the sink begins to wait after the end it waits this long.
    worker.shutdown(Duration::from_secs(1));
    assert_eq!(worker.queue().counts().delivered, 1);
}
