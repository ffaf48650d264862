//! Pools that can say what they have, and acquires that are timed, with pools made by hand and a clock that is moved.

use std::convert::Infallible;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_metrics::pools::Connections;
use obs_metrics::{Matcher, PoolError, PoolStats, Recorder, TimedPool};

use super::{recorder, text, value};

/// A recorder whose base has a clock of the test's.
pub(super) fn timed() -> (Recorder, Arc<Base>) {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_000_000_000));
    let base = Base::with(Resource::new("test"), clock, IdSource::random());
    (Recorder::builder(Arc::clone(&base)).build().unwrap(), base)
}

pub(super) fn three() -> Connections {
    Connections::new(1, 2)
}

/// One poll of a future, as an executor does it.
pub(super) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Task::from_waker(Waker::noop()))
}

/// What a future that is ready gives.
pub(super) fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it is not ready"),
    }
}

/// An acquire that takes `waits` and ends by `given`.
pub(super) async fn acquire<T>(clock: Clock, waits: Duration, given: T) -> T {
    clock.advance(waits);
    given
}

/// The samples of pools, without help, types and buckets.
pub(super) fn samples(recorder: &Recorder) -> String {
    let text = text(recorder);
    let of_pools = |line: &&str| line.starts_with("db_pool_") && !line.contains("_bucket");
    text.lines().filter(of_pools).map(|line| format!("{line}\n")).collect()
}

/// Active, idle, most and waiting of the pool called `orders`.
#[cfg(any(feature = "pool-bb8", feature = "pool-deadpool"))]
pub(super) fn gauges(recorder: &Recorder) -> [f64; 4] {
    ["connections_active", "connections_idle", "connections_max", "waiters"]
        .map(|name| value(recorder, &format!("db_pool_{name}{{pool=\"orders\"}}")).unwrap())
}

#[test]
fn families_of_a_pool_are_there_at_zero_from_its_registration_on() {
    let recorder = recorder();
    assert!(!text(&recorder).contains("db_pool"));
    let _orders = recorder.pool("orders", || Connections::new(0, 0).max(8).waiters(0)).unwrap();
    let expected = r#"# HELP db_pool_cancelled_total Acquires that were given up before they ended.
# TYPE db_pool_cancelled_total counter
db_pool_cancelled_total{pool="orders"} 0
# HELP db_pool_connections_active Connections in use.
# TYPE db_pool_connections_active gauge
db_pool_connections_active{pool="orders"} 0.0
# HELP db_pool_connections_idle Connections that are open and not in use.
# TYPE db_pool_connections_idle gauge
db_pool_connections_idle{pool="orders"} 0.0
# HELP db_pool_connections_max Connections the pool may have open.
# TYPE db_pool_connections_max gauge
db_pool_connections_max{pool="orders"} 8.0
# HELP db_pool_errors_total Acquires that ended with another error, or panicked.
# TYPE db_pool_errors_total counter
db_pool_errors_total{pool="orders"} 0
# HELP db_pool_timeouts_total Acquires that ended because the pool's time was over.
# TYPE db_pool_timeouts_total counter
db_pool_timeouts_total{pool="orders"} 0
# HELP db_pool_wait_duration_seconds Seconds from an acquire to a connection or to its end without one.
# TYPE db_pool_wait_duration_seconds histogram
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.0001"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.0005"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.001"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.005"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.01"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.05"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.1"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="0.5"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="1"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="2.5"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="5"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="10"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="30"} 0
db_pool_wait_duration_seconds_bucket{pool="orders",le="+Inf"} 0
db_pool_wait_duration_seconds_sum{pool="orders"} 0.0
db_pool_wait_duration_seconds_count{pool="orders"} 0
# HELP db_pool_waiters Acquires that wait for a connection right now.
# TYPE db_pool_waiters gauge
db_pool_waiters{pool="orders"} 0.0
"#;
    let found = text(&recorder);
    let (_, found) = found.split_once("# HELP db_pool").unwrap();
    let (found, _) = found.split_once("# HELP obs_").unwrap();
    assert_eq!(format!("# HELP db_pool{found}"), expected);
}

#[test]
fn what_a_pool_cannot_say_is_left_out() {
    let recorder = recorder();
    let _pool = recorder.pool("orders", three).unwrap();
    let found = samples(&recorder);
    assert!(found.contains("db_pool_connections_active{pool=\"orders\"} 1.0\n"), "{found}");
    assert!(found.contains("db_pool_connections_idle{pool=\"orders\"} 2.0\n"), "{found}");
    assert!(!found.contains("_max") && !found.contains("_waiters"), "{found}");
}

#[test]
fn a_rule_of_the_users_says_the_bounds_of_waits() {
    let mine = Matcher::Suffix("wait_duration_seconds".to_owned());
    let recorder = Recorder::builder(super::base()).buckets(mine, [0.25]).build().unwrap();
    let _pool = recorder.pool("orders", three).unwrap();
    let text = text(&recorder);
    let bounds = text.lines().filter(|line| line.starts_with("db_pool_wait_duration_seconds_bucket"));
    assert_eq!(bounds.count(), 2, "{text}");
}

#[test]
fn a_name_stands_for_one_pool_and_is_free_once_nobody_uses_it() {
    let recorder = recorder();
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let pool = recorder.pool("orders", move || {
        let _ = &held;
        three()
    });
    let pool = pool.unwrap();
    let clone = pool.clone();
    let taken = recorder.pool("orders", three).unwrap_err();
    assert_eq!(taken, PoolError::Taken { name: "orders".to_owned() });
    assert_eq!(taken.to_string(), "there is a pool called `orders` already");
    assert_eq!(recorder.pool("", three).unwrap_err(), PoolError::EmptyName);
    let _other = recorder.pool("stock", three).unwrap();

    now(pool.timed(ready(Ok::<_, Infallible>(())), |_| false)).unwrap();
    drop(pool);
    assert!(samples(&recorder).contains("active{pool=\"orders\"}"), "a clone uses it");
    drop(clone);
    assert_eq!(Arc::strong_count(&alive), 1, "nothing else holds the pool");
    let left = samples(&recorder);
    assert!(!left.contains("active{pool=\"orders\"}") && left.contains("active{pool=\"stock\"}"), "{left}");

    let again = recorder.pool("orders", || Connections::new(5, 0)).unwrap();
    now(again.timed(ready(Ok::<_, Infallible>(())), |_| false)).unwrap();
    let found = samples(&recorder);
    assert!(found.contains("active{pool=\"orders\"} 5.0\n"), "{found}");
    assert!(found.contains("wait_duration_seconds_count{pool=\"orders\"} 2\n"), "{found}");
}

#[test]
fn a_pool_that_panics_is_left_out_and_no_other() {
    let recorder = recorder();
    let _bad = recorder.pool("bad", || -> Connections { panic!("a lock is poisoned") }).unwrap();
    let _good = recorder.pool("good", three).unwrap();
    let found = samples(&recorder);
    assert!(!found.contains("active{pool=\"bad\"}") && found.contains("active{pool=\"good\"}"), "{found}");
}

#[test]
fn a_shared_pool_is_a_pool() {
    struct Fixed(u64);
    impl PoolStats for Fixed {
        fn connections(&self) -> Connections {
            Connections::new(self.0, 0)
        }
    }
    let recorder = recorder();
    let pool: TimedPool<Arc<dyn PoolStats>> = recorder.pool("orders", Arc::new(Fixed(3)) as _).unwrap();
    assert_eq!((pool.name(), pool.pool().connections()), ("orders", Connections::new(3, 0)));
    assert_eq!(value(&recorder, "db_pool_connections_active{pool=\"orders\"}"), Some(3.0));
}

#[test]
fn every_acquire_is_timed_and_each_end_without_a_connection_counted() {
    let (recorder, base) = timed();
    let clock = &base.clock;
    let pool = recorder.pool("orders", three).unwrap();
    let second = Duration::from_secs(1);
    let is_timeout = |error: &&str| *error == "no time";

    assert_eq!(now(pool.timed(acquire(clock.clone(), second, Ok(7)), is_timeout)), Ok(7));
    assert_eq!(
        now(pool.timed(acquire(clock.clone(), second, Err::<(), _>("no time")), is_timeout)),
        Err("no time")
    );
    assert_eq!(
        now(pool.timed(acquire(clock.clone(), second, Err::<(), _>("no host")), is_timeout)),
        Err("no host")
    );
    // Begun and given up.
    {
        let mut waits = pin!(pool.timed(pending::<Result<(), &str>>(), is_timeout));
        assert!(poll(waits.as_mut()).is_pending());
        clock.advance(second);
    }
    // Never begun.
    drop(pool.timed(pending::<Result<(), &str>>(), is_timeout));
    // The pool panics, and so does the one who is asked about its error.
    let panics = async || -> Result<(), &str> { panic!("no pool") };
    let panicking = catch_unwind(AssertUnwindSafe(|| now(pool.timed(panics(), is_timeout))));
    assert_eq!(panicking.unwrap_err().downcast_ref(), Some(&"no pool"));
    let panicking =
        catch_unwind(AssertUnwindSafe(|| now(pool.timed(ready(Err::<(), _>("odd")), |_| panic!("no idea")))));
    assert_eq!(panicking.unwrap_err().downcast_ref(), Some(&"no idea"));

    let expected = r#"db_pool_cancelled_total{pool="orders"} 1
db_pool_connections_active{pool="orders"} 1.0
db_pool_connections_idle{pool="orders"} 2.0
db_pool_errors_total{pool="orders"} 3
db_pool_timeouts_total{pool="orders"} 1
db_pool_wait_duration_seconds_sum{pool="orders"} 4.0
db_pool_wait_duration_seconds_count{pool="orders"} 6
"#;
    assert_eq!(samples(&recorder), expected);
}

#[test]
fn a_wait_given_up_while_another_panics_is_given_up() {
    let recorder = recorder();
    let pool = recorder.pool("orders", three).unwrap();
    let unwinding = catch_unwind(AssertUnwindSafe(|| {
        let mut waits = pin!(pool.timed(pending::<Result<(), ()>>(), |()| false));
        assert!(poll(waits.as_mut()).is_pending());
        panic!("of the one who waits");
    }));
    assert!(unwinding.is_err());
    assert_eq!(value(&recorder, "db_pool_cancelled_total{pool=\"orders\"}"), Some(1.0));
    assert_eq!(value(&recorder, "db_pool_errors_total{pool=\"orders\"}"), Some(0.0));
}

#[test]
fn waits_of_many_threads_are_all_counted() {
    let recorder = recorder();
    let pool = recorder.pool("orders", three).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let pool = pool.clone();
            scope.spawn(move || {
                for _ in 0..1_000 {
                    let given = if thread == 0 { Err(()) } else { Ok(()) };
                    let _ = now(pool.timed(ready(given), |()| true));
                }
            });
        }
    });
    assert_eq!(value(&recorder, "db_pool_wait_duration_seconds_count{pool=\"orders\"}"), Some(4_000.0));
    assert_eq!(value(&recorder, "db_pool_timeouts_total{pool=\"orders\"}"), Some(1_000.0));
}

#[test]
fn those_that_gave_up_are_taken_off_where_the_pool_cannot_know() {
    // As of a pool that counts who comes and who is served.
    let begun = Arc::new(AtomicU64::new(0));
    let recorder = recorder();
    let stands = Arc::clone(&begun);
    let counting = move || Connections::new(0, 0).waiters_and_given_up(stands.load(Ordering::Relaxed));
    let pool = recorder.pool("orders", counting).unwrap();
    let waiters = || value(&recorder, "db_pool_waiters{pool=\"orders\"}");
    let get = || {
        let mut first = true;
        let begun = Arc::clone(&begun);
        poll_fn(move |_| {
            begun.fetch_add(u64::from(std::mem::take(&mut first)), Ordering::Relaxed);
            Poll::<Result<(), ()>>::Pending
        })
    };
    let mut stays = Box::pin(pool.timed(get(), |()| false));
    let mut goes = Box::pin(pool.timed(get(), |()| false));
    assert!(poll(stays.as_mut()).is_pending() && poll(goes.as_mut()).is_pending());
    assert_eq!(waiters(), Some(2.0));
    drop(goes);
    assert_eq!(waiters(), Some(1.0));
    assert!(poll(stays.as_mut()).is_pending());
    drop(stays);
    assert_eq!(waiters(), Some(0.0));
}
