//! Accounting: every slot comes back, no stale id reaches a later span, and the number is bounded.

use std::sync::Barrier;

use super::*;

fn slab(most: u32) -> Arc<Slab> {
    Slab::new(Instance::numbered(1), most)
}

fn open(slab: &Arc<Slab>) -> Option<Key> {
    Some(slab.reserve()?.fill(false, |_| ()))
}

fn close(slab: &Arc<Slab>, key: Key) {
    assert_eq!(slab.release(key), Released::Last);
    slab.vacate(key, |_| ());
}

#[test]
fn every_index_has_a_place_of_its_own() {
    assert_eq!(Slab::place(0), (0, 0));
    assert_eq!(Slab::place(63), (0, 63));
    assert_eq!(Slab::place(64), (1, 0));
    assert_eq!(Slab::place(191), (1, 127));
    assert_eq!(Slab::place(192), (2, 0));
    let last = Slab::CAPACITY - 1;
    assert_eq!(Slab::place(last), (CHUNKS - 1, ((FIRST_CHUNK as usize) << (CHUNKS - 1)) - 1));
}

#[test]
fn a_span_lives_as_long_as_its_references() {
    let slab = slab(10);
    let key = open(&slab).unwrap();
    assert!(slab.acquire(key));
    assert_eq!(slab.open(), 1);
    assert_eq!(slab.release(key), Released::Held);
    close(&slab, key);
    assert_eq!(slab.open(), 0);
    assert_eq!(slab.release(key), Released::Unknown);
    assert!(!slab.acquire(key));
    assert!(slab.with(key, |_| ()).is_none());
}

#[test]
fn a_stale_key_never_reaches_the_next_span_in_its_slot() {
    let slab = slab(1);
    let first = open(&slab).unwrap();
    close(&slab, first);
    let second = open(&slab).unwrap();
    assert_eq!(first.index(), second.index());
    assert_ne!(first, second);
    assert!(slab.with(first, |_| ()).is_none() && slab.with(second, |_| ()).is_some());
    assert!(!slab.acquire(first));
    assert_eq!(slab.release(first), Released::Unknown);
    close(&slab, second);
}

#[test]
fn spans_beyond_the_most_are_counted_and_there_is_room_again_later() {
    let slab = slab(100);
    let keys: Vec<_> = std::iter::from_fn(|| open(&slab)).collect();
    assert_eq!((keys.len(), slab.refused(), slab.open()), (100, 1, 100));
    close(&slab, keys[50]);
    assert!(open(&slab).is_some() && open(&slab).is_none());
    assert_eq!(slab.refused(), 2);
}

#[test]
fn a_reserved_slot_that_is_not_filled_comes_back() {
    let slab = slab(1);
    drop(slab.reserve());
    assert!(open(&slab).is_some());
}

#[test]
fn the_slots_of_a_thread_that_ends_and_of_one_that_turns_to_another_slab_come_back() {
    let (slab, other) = (slab(40), slab(40));
    // Joined by hand: a scope does not wait for what a thread does at its very end.
    std::thread::scope(|scope| scope.spawn(|| close(&slab, open(&slab).unwrap())).join().unwrap());
    close(&slab, open(&slab).unwrap());
    close(&other, open(&other).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(std::iter::from_fn(|| open(&slab)).count(), 40));
    });
    assert_eq!(slab.open(), 40);
}

#[test]
fn large_lists_of_fields_give_their_memory_back() {
    use obs_core::fields::Value;

    let slab = slab(1);
    let key = open(&slab).unwrap();
    slab.with(key, |data| {
        data.on_lines = true;
        data.fields.set("large", Value::Str(&"x".repeat(10_000)));
    });
    close(&slab, key);
    let key = open(&slab).unwrap();
    assert!(slab.with(key, |data| data.fields.capacity_bytes()).unwrap() <= 1_024);
}

#[test]
fn threads_that_open_and_close_each_others_spans_leave_none() {
    const THREADS: usize = 4;
    let slab = slab(Slab::CAPACITY);
    let barrier = Barrier::new(THREADS);
    let handed_on: [Mutex<Vec<Key>>; THREADS] = Default::default();
    std::thread::scope(|scope| {
        for me in 0..THREADS {
            let (slab, barrier, handed_on) = (&slab, &barrier, &handed_on);
            scope.spawn(move || {
                barrier.wait();
                for _ in 0..2_000 {
                    let key = open(slab).unwrap();
                    assert!(slab.acquire(key));
                    handed_on[(me + 1) % THREADS].lock().unwrap().push(key);
                    if slab.release(key) == Released::Last {
                        slab.vacate(key, |_| ());
                    }
                    let mine = handed_on[me].lock().unwrap().pop();
                    if let Some(key) = mine
                        && slab.release(key) == Released::Last
                    {
                        slab.vacate(key, |_| ());
                    }
                }
            });
        }
    });
    for key in handed_on.into_iter().flat_map(|keys| keys.into_inner().unwrap()) {
        close(&slab, key);
    }
    assert_eq!(slab.open(), 0);
    let used = slab.chunks.iter().filter_map(OnceLock::get).map(|chunk| chunk.len()).sum::<usize>();
    assert!(used <= 16_384, "slots are used again: {used}");
}
