//! Idle series go, and whoever has a handle never counts in vain.

use std::time::Duration;

use metrics::{counter, gauge, histogram, with_local_recorder};
use obs_core::{Base, Clock, Declaration, IdSource, Resource, Timestamp};
use obs_metrics::{Builder, Recorder};

use super::{text, value};

const TIMEOUT: Duration = Duration::from_secs(60);

fn expiring(more: impl FnOnce(Builder) -> Builder) -> (Recorder, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_000_000_000));
    let base = Base::with(Resource::new("test"), clock.clone(), IdSource::random());
    (more(Recorder::builder(base).idle_timeout(TIMEOUT)).build().unwrap(), clock)
}

/// Scrapes at every tenth of the time-out, while this thread measures something else.
fn pass(recorder: &Recorder, clock: &Clock, time: Duration) {
    for _ in 0..time.as_secs() / 6 {
        clock.advance(Duration::from_secs(6));
        with_local_recorder(recorder, || gauge!("other", "n" => "1").set(1.0));
        let _ = text(recorder);
    }
}

#[test]
fn what_is_idle_goes_and_comes_back_from_zero_and_the_rest_stays() {
    let (recorder, clock) = expiring(|builder| builder);
    let count = |tenant: &'static str| {
        with_local_recorder(&recorder, || counter!("x", "tenant" => tenant).increment(5));
    };
    count("gone");
    with_local_recorder(&recorder, || {
        histogram!("y", "tenant" => "gone").record(1.0);
        gauge!("z", "tenant" => "gone").set(1.0);
        counter!("plain").increment(1);
    });
    for _ in 0..6 {
        pass(&recorder, &clock, Duration::from_secs(30));
        count("stays");
    }
    let written = text(&recorder);
    assert!(!written.contains("gone"), "{written}");
    assert_eq!(value(&recorder, "x_total{tenant=\"stays\"}"), Some(30.0));
    assert_eq!(value(&recorder, "plain_total"), Some(1.0));
    assert_eq!(value(&recorder, "other{n=\"1\"}"), Some(1.0));
    assert_eq!(value(&recorder, "obs_metric_expired_total"), Some(3.0));
    assert_eq!(value(&recorder, "obs_metric_series"), Some(3.0));
    count("gone");
    count("gone");
    assert_eq!(value(&recorder, "x_total{tenant=\"gone\"}"), Some(10.0));
    count("stays");
    assert_eq!(value(&recorder, "x_total{tenant=\"stays\"}"), Some(35.0));
}

#[test]
fn a_live_handle_never_goes_silent() {
    let (recorder, clock) = expiring(|builder| builder);
    let (facade, own) = with_local_recorder(&recorder, || {
        let own = recorder.histogram("y", &[("tenant", "a")]).unwrap();
        (counter!("x", "tenant" => "a"), own)
    });
    facade.increment(1);
    own.record(1.0);
    pass(&recorder, &clock, 5 * TIMEOUT);
    assert_eq!(value(&recorder, "x_total{tenant=\"a\"}"), Some(1.0));
    facade.increment(1);
    own.record(1.0);
    with_local_recorder(&recorder, || counter!("x", "tenant" => "a").increment(1));
    assert_eq!(value(&recorder, "x_total{tenant=\"a\"}"), Some(3.0));
    assert_eq!(value(&recorder, "y_count{tenant=\"a\"}"), Some(2.0));
    drop((facade, own));
    pass(&recorder, &clock, 3 * TIMEOUT);
    assert!(!text(&recorder).contains("tenant"));
}

#[test]
fn a_gauge_set_to_what_it_was_is_not_idle() {
    let (recorder, clock) = expiring(|builder| builder);
    pass(&recorder, &clock, 5 * TIMEOUT);
    assert_eq!(value(&recorder, "other{n=\"1\"}"), Some(1.0));
}

#[test]
fn declared_series_and_overflow_series_stay_and_places_are_free_again() {
    let placed = Declaration::counter("placed").label_of("kind", ["book"]);
    let (recorder, clock) = expiring(|builder| builder.declare(placed).series_cap(3));
    let count =
        |n: usize| with_local_recorder(&recorder, || counter!("x", "n" => n.to_string()).increment(1));
    (0..5).for_each(count);
    assert_eq!(value(&recorder, "x_total{n=\"_overflow\"}"), Some(3.0));
    pass(&recorder, &clock, 3 * TIMEOUT);
    assert_eq!(value(&recorder, "x_total{n=\"1\"}"), None);
    assert_eq!(value(&recorder, "x_total{n=\"_overflow\"}"), Some(3.0));
    assert_eq!(value(&recorder, "placed_total{kind=\"book\"}"), Some(0.0));
    (7..10).for_each(count);
    assert_eq!(value(&recorder, "x_total{n=\"7\"}"), Some(1.0));
    assert_eq!(value(&recorder, "x_total{n=\"8\"}"), Some(1.0));
    assert_eq!(value(&recorder, "x_total{n=\"_overflow\"}"), Some(4.0));
}

#[test]
fn nothing_is_lost_while_series_come_and_go_on_many_threads() {
    let (recorder, clock) = expiring(|builder| builder);
    const ROUNDS: u64 = 3_000;
    // Each label has one owner, whose counts are read before its series may go: all of them, added up.
    let seen = std::sync::Mutex::new(0u64);
    std::thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            for _ in 0..400 {
                clock.advance(Duration::from_secs(10));
                let _ = text(&recorder);
            }
        });
        for thread in 0..2 {
            let (recorder, seen) = (&recorder, &seen);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let id = format!("{thread}-{}", round % 50);
                    let handle = recorder.counter("x", &[("id", &id)]).unwrap();
                    let total = || value(recorder, &format!("x_total{{id=\"{id}\"}}"));
                    if round % 100 == 0 {
                        // While the handle lives the series is seen, and goes up by what is counted.
                        let before = total().unwrap();
                        handle.increment(3);
                        assert_eq!(total().unwrap(), before + 3.0);
                        *seen.lock().unwrap() += 1;
                    } else {
                        handle.increment(1);
                    }
                }
            });
        }
        scraper.join().unwrap();
    });
    assert_eq!(*seen.lock().unwrap(), 2 * ROUNDS / 100);
}
