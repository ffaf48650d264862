//! One series, counted in by one thread and by two at once.

use super::{Row, Task, check};
use crate::peer::{COUNTER as COUNTER_NAME, Caps, HISTOGRAM as HISTOGRAM_NAME, Peer, Work};
use bench::core_pin;
use bench::statistics::Batches;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire},
};
use std::time::Instant;

const ROUNDS: u64 = 201;

const COLUMNS: &[(&str, usize)] =
    &[("ns, 1 thread", 1), ("ns, 2 threads", 1), ("median, 1 thread", 1), ("median, 2 threads", 1)];

const ROWS: &[Row] = &[
    Row { peer: "obs", size: 2 },
    Row { peer: "obs, exemplars", size: 2 },
    Row { peer: "obs, cold cells", size: 1 },
    Row { peer: "metrics-exporter-prometheus", size: 2 },
    Row { peer: "prometheus-client", size: 2 },
    Row { peer: "prometheus", size: 2 },
];

pub(super) const COUNTER: Task = Task {
    name: "threads-counter",
    title: "One counter series, kept handle (wall time for each operation of a thread, quietest of 201 batches)",
    columns: COLUMNS,
    rows: ROWS,
    is_unbound: true,
    run: |named, threads| {
        let peer = (named.make)(Caps::Raised);
        let done = AtomicU64::new(0);
        let numbers = measure(&*peer, &peer.counting(), threads, 40_000, &done);
        check(&*peer, COUNTER_NAME, None, done.into_inner())?;
        Ok(numbers)
    },
};

pub(super) const HISTOGRAM: Task = Task {
    name: "threads-histogram",
    title: "One histogram series of 8 buckets, kept handle (the same)",
    columns: COLUMNS,
    rows: ROWS,
    is_unbound: true,
    run: |named, threads| {
        let peer = (named.make)(Caps::Raised);
        let done = AtomicU64::new(0);
        let numbers = measure(&*peer, &peer.observing(), threads, 20_000, &done);
        check(&*peer, &format!("{HISTOGRAM_NAME}_count"), None, done.into_inner())?;
        Ok(numbers)
    },
};

/// Best and median of one thread, then of so many.
fn measure(peer: &dyn Peer, work: &Work, threads: u64, turns: u64, done: &AtomicU64) -> Vec<f64> {
    let nothing = Batches { best: f64::NAN, median: f64::NAN };
    let alone = together(peer, work, 1, turns, done).unwrap_or(nothing);
    let met = if threads > 1 { together(peer, work, threads, turns, done) } else { None };
    let met = met.unwrap_or(nothing);
    vec![alone.best, met.best, alone.median, met.median]
}

/// Nanoseconds for each operation of a thread while so many do the same, each on a core of its own.
fn together(peer: &dyn Peer, work: &Work, threads: u64, turns: u64, done: &AtomicU64) -> Option<Batches> {
    let arrived = AtomicU64::new(0);
    // All begin at once: whoever has to be woken up first would work alone for a while.
    let meet = |time: u64| {
        arrived.fetch_add(1, AcqRel);
        while arrived.load(Acquire) < time * threads {
            std::hint::spin_loop();
        }
    };
    let one = |thread: u64| {
        core_pin::pin_this_thread(if thread == 0 { core_pin::MEASURED } else { core_pin::DRIVER });
        let batch = |round: u64| {
            meet(2 * round + 1);
            let began = Instant::now();
            work(turns);
            let ended = Instant::now();
            meet(2 * round + 2);
            done.fetch_add(turns, AcqRel);
            if thread == 0 {
                peer.upkeep();
            }
            (began, ended)
        };
        (0..ROUNDS).map(batch).collect::<Vec<_>>()
    };
    let times: Vec<Vec<(Instant, Instant)>> = std::thread::scope(|scope| {
        let one = &one;
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        all.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let batches = (0..ROUNDS as usize).filter_map(|round| {
        let began = times.iter().map(|rounds| rounds[round].0);
        let ended = times.iter().map(|rounds| rounds[round].1).max()?;
        let (first, last) = (began.clone().min()?, began.max()?);
        let whole = ended - first;
        // Only where all worked side by side.
        (last - first < whole / 20).then(|| whole.as_nanos() as f64 / turns as f64)
    });
    Batches::of(&batches.collect::<Vec<_>>())
}
