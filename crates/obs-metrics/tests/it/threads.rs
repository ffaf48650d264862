//! Counts are exact however many threads count, come and go.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{open_metrics, recorder, text, value};

#[test]
fn threads_that_come_and_go_lose_no_count() {
    let recorder = recorder();
    let counter = recorder.counter("x", &[]).unwrap();
    let histogram = recorder.histogram("y", &[]).unwrap();
    let many: metrics::Histogram = histogram.clone().into();
    let (rounds, threads, each) = (4, 160, 2_000);
    // Hot from the start, so that each increment asks for the thread's slot.
    counter.increment(5_000);
    let all_live = Barrier::new(threads as usize);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A scrape now and then changes nothing, and never sees a count go down.
        let reader = scope.spawn(|| {
            let mut last = 0.0;
            while !stop.load(Ordering::Relaxed) {
                let now = value(&recorder, "x_total").unwrap();
                assert!(now >= last, "{now} {last}");
                last = now;
                open_metrics(&recorder);
            }
        });
        for _ in 0..rounds {
            // More than own a slot at once, so that the shared one is in use too.
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        // Each has asked for its slot by now, and none has given it back.
                        counter.increment(1);
                        all_live.wait();
                        for _ in 0..each {
                            counter.increment(1);
                            histogram.observe(0.25, None);
                            many.record_many(3.0, 2);
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    let calls = f64::from(rounds * threads * each);
    assert_eq!(value(&recorder, "x_total"), Some(5_000.0 + f64::from(rounds * threads) + calls));
    assert_eq!(value(&recorder, "y_count"), Some(calls * 3.0));
    assert_eq!(value(&recorder, "y_bucket{le=\"0.25\"}"), Some(calls));
    assert_eq!(value(&recorder, "y_sum"), Some(calls * 6.25));
}

#[test]
fn a_gauge_moved_by_many_threads_ends_where_it_should() {
    let recorder = recorder();
    let gauge = recorder.gauge("x", &[]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    gauge.increment(3.0);
                    gauge.decrement(2.0);
                }
            });
        }
    });
    assert_eq!(value(&recorder, "x"), Some(16_000.0));
}

const DECREASES: &str = "obs_metric_rejected_total{reason=\"decrease\"}";

#[test]
fn absolute_raises_a_counter_and_never_lowers_it_cold_or_hot() {
    let recorder = recorder();
    let counter: metrics::Counter = recorder.counter("x", &[]).unwrap().into();
    let check = |expected: f64| assert_eq!(value(&recorder, "x_total"), Some(expected));
    counter.absolute(100);
    assert_eq!(value(&recorder, DECREASES), None);
    counter.absolute(50);
    check(100.0);
    assert_eq!(value(&recorder, DECREASES), Some(1.0));
    counter.absolute(100);
    assert_eq!(value(&recorder, DECREASES), Some(1.0), "to what it had is no decrease");
    counter.increment(5_000);
    counter.increment(1);
    counter.absolute(5_100);
    check(5_101.0);
    assert_eq!(value(&recorder, DECREASES), Some(2.0), "hot as cold");
    counter.absolute(6_000);
    counter.increment(1);
    check(6_001.0);
    std::thread::scope(|scope| {
        for start in 0..4 {
            let counter = &counter;
            scope.spawn(move || (start..40_000).step_by(4).for_each(|n| counter.absolute(n)));
        }
    });
    check(39_999.0);
}

#[test]
fn more_hot_series_than_there_are_cells_stay_exact() {
    let recorder = recorder();
    for n in 0..500 {
        let label = n.to_string();
        let histogram = recorder.histogram("x", &[("n", &label)]).unwrap();
        let counter = recorder.counter("y", &[("n", &label)]).unwrap();
        for _ in 0..1_500 {
            histogram.observe(0.5, None);
            counter.increment(1);
        }
    }
    let text = text(&recorder);
    let count = |prefix: &str| {
        let lines = text.lines().filter(|line| line.starts_with(prefix) && line.ends_with(" 1500"));
        lines.count()
    };
    assert_eq!((count("x_count{"), count("y_total{")), (500, 500));
}

#[test]
fn recorders_of_one_thread_do_not_share_what_the_thread_remembers() {
    let (first, second) = (recorder(), recorder());
    for _ in 0..3 {
        metrics::with_local_recorder(&first, || metrics::counter!("x", "a" => "1").increment(1));
        metrics::with_local_recorder(&second, || metrics::counter!("x", "a" => "1").increment(10));
        metrics::with_local_recorder(&second, || metrics::gauge!("y", "a" => "1").increment(1));
        metrics::with_local_recorder(&second, || metrics::gauge!("y", "a" => "2").increment(1));
    }
    assert_eq!(value(&first, "x_total{a=\"1\"}"), Some(3.0));
    assert_eq!(value(&second, "x_total{a=\"1\"}"), Some(30.0));
    assert_eq!(value(&second, "y{a=\"2\"}"), Some(3.0));
    assert_eq!(value(&first, "y{a=\"2\"}"), None);
}
