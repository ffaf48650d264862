//! Idle series go, and whoever has a handle never counts in vain.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use metrics::{counter, gauge, histogram, with_local_recorder};
use obs_core::context::Route;
use obs_core::observe::{End, Method, Observer, Request, conclude};
use obs_core::{Base, Clock, Declaration, IdSource, Outcome, Resource, Timestamp};
use obs_metrics::{Builder, CreatedSamples, Recorder, Red};

use super::{open_metrics, root, text, value};

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
fn a_level_is_not_forgotten_before_it_is_counted_down() {
    let (recorder, clock) = expiring(|builder| builder);
    let count = |by: f64| {
        with_local_recorder(&recorder, || gauge!("open_sockets", "peer" => "a").increment(by));
    };
    count(2.0);
    pass(&recorder, &clock, 5 * TIMEOUT);
    count(-1.0);
    assert_eq!(value(&recorder, "open_sockets{peer=\"a\"}"), Some(1.0));
    count(-1.0);
    pass(&recorder, &clock, 5 * TIMEOUT);
    // At zero it may come back from zero.
    assert_eq!(value(&recorder, "open_sockets{peer=\"a\"}"), None);
}

#[test]
fn series_of_requests_go_too_once_their_route_is_idle() {
    let (recorder, clock) = expiring(|builder| builder);
    let red = Red::new(&recorder);
    let serve = |route: &'static str| {
        let context = root(false);
        context.local().set_route(Route::from_static(route));
        let request = Request::new(Method::Get, "/");
        red.start(&context, &request);
        conclude(&red, &context, &request, &End::new(Outcome::Success, Duration::from_millis(3)));
    };
    serve("/once");
    for _ in 0..50 {
        serve("/often");
        pass(&recorder, &clock, Duration::from_secs(6));
    }
    let written = text(&recorder);
    assert!(!written.contains("/once"), "{written}");
    assert_eq!(
        value(&recorder, "http_request_duration_seconds_count{route=\"/often\",method=\"GET\"}"),
        Some(50.0)
    );
    serve("/once");
    assert_eq!(
        value(&recorder, "http_request_duration_seconds_count{route=\"/once\",method=\"GET\"}"),
        Some(1.0)
    );
}

/// Each time a series is there, it is there since another time: what it had when it was seen last is what it came to.
#[derive(Default)]
struct Lives {
    ended: f64,
    /// Value and beginning, by label.
    now: HashMap<String, (f64, String)>,
}

impl Lives {
    fn see(&mut self, text: &str) {
        let mut now: HashMap<String, (f64, String)> = HashMap::new();
        for line in text.lines() {
            let of = |start: &str| line.strip_prefix(start)?.split_once("\"} ");
            if let Some((id, value)) = of("x_total{id=\"") {
                now.entry(id.to_owned()).or_default().0 = value.parse().unwrap();
            }
            if let Some((id, began)) = of("x_created{id=\"") {
                now.entry(id.to_owned()).or_default().1 = began.to_owned();
            }
        }
        let ended =
            self.now.iter().filter(|(id, (_, began))| now.get(*id).is_none_or(|life| life.1 != *began));
        self.ended += ended.map(|(_, (value, _))| value).sum::<f64>();
        self.now = now;
    }
}

#[test]
fn every_count_is_seen_while_series_come_and_go() {
    const LABELS: u64 = 20_000;
    let more = |builder: Builder| {
        let builder = builder.idle_timeout(Duration::from_secs(1)).created_samples(CreatedSamples::On);
        builder.series_cap(100_000)
    };
    let (recorder, clock) = expiring(more);
    let ids: Vec<_> = (0..LABELS).map(|id| id.to_string()).collect();
    let (stop, counted) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut lives = Lives::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut chance = 1u64;
            while !stop.load(Ordering::Relaxed) {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                // The handle is let go of at once, so that the series is nobody's a moment later.
                recorder.counter("x", &[("id", &ids[(chance % LABELS) as usize])]).unwrap().increment(1);
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        for scrape in 1..=100 {
            // Enough is counted between two scrapes for some to be counted during one.
            while counted.load(Ordering::Relaxed) < scrape * 2_000 {
                std::thread::yield_now();
            }
            clock.advance(Duration::from_millis(1_200));
            lives.see(&open_metrics(&recorder));
        }
        stop.store(true, Ordering::Relaxed);
    });
    lives.see(&open_metrics(&recorder));
    let seen = lives.ended + lives.now.values().map(|(value, _)| value).sum::<f64>();
    assert_eq!(seen, f64::from(counted.into_inner()));
    assert!(value(&recorder, "obs_metric_expired_total") > Some(0.0), "nothing came or went");
}
