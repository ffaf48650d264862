//! Timers and service level indicators, on whatever way out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use obs_metrics::sli::{LatencySli, Sli};
use obs_metrics::{Histogram, timer};

use super::{recorder, value};

#[test]
fn a_timer_tells_its_histogram_once_on_every_way_out() {
    let recorder = recorder();
    let histogram =
        |name: &str| -> Histogram { recorder.histogram("work_seconds", &[("how", name)]).unwrap() };
    let count = |name: &str| value(&recorder, &format!("work_seconds_count{{how=\"{name}\"}}"));
    drop(timer(histogram("dropped")));
    let stopped = timer(histogram("stopped")).stop();
    timer(histogram("discarded")).discard();
    let early = || -> Result<(), std::num::ParseIntError> {
        let _timer = timer(histogram("early"));
        "x".parse::<u8>()?;
        Ok(())
    };
    assert!(early().is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _timer = timer(histogram("panicked"));
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    timer(histogram("begun as this")).stop_in(histogram("ended as that"));
    for name in ["dropped", "stopped", "early", "panicked", "ended as that"] {
        assert_eq!(count(name), Some(1.0), "{name}");
    }
    assert_eq!(count("discarded"), Some(0.0));
    assert_eq!(count("begun as this"), Some(0.0));
    let sum = value(&recorder, "work_seconds_sum{how=\"stopped\"}").unwrap();
    assert!((sum - stopped.as_secs_f64()).abs() < 1e-9, "{sum} {stopped:?}");
}

#[test]
fn an_indicator_is_there_at_zero_and_never_better_than_all() {
    let recorder = recorder();
    let imports = Sli::new(&recorder, "imports").unwrap();
    let read = || {
        let value = |name: &str| value(&recorder, &format!("{name}{{sli=\"imports\"}}")).unwrap();
        (value("sli_valid_events_total"), value("sli_good_events_total"))
    };
    assert_eq!(read(), (0.0, 0.0));
    imports.count(true);
    imports.count(false);
    imports.count_many(10, 7);
    imports.count_many(1, 5);
    assert_eq!(imports.of("7".parse::<u8>()), Ok(7));
    assert!(imports.of("x".parse::<u8>()).is_err());
    assert_eq!(read(), (15.0, 10.0));
    // Another handle of the same name is the same indicator.
    Sli::new(&recorder, "imports").unwrap().count(true);
    assert_eq!(read(), (16.0, 11.0));
}

#[test]
fn what_takes_longer_than_the_threshold_or_panics_is_bad() {
    let recorder = recorder();
    let quotes = LatencySli::new(&recorder, "quotes", Duration::from_millis(250)).unwrap();
    for millis in [0, 250, 251, 10_000] {
        quotes.observe(Duration::from_millis(millis));
    }
    quotes.failed();
    drop(LatencySli::new(&recorder, "quotes", Duration::from_secs(3_600)).unwrap().start());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _started = quotes.start();
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(value(&recorder, "sli_valid_events_total{sli=\"quotes\"}"), Some(7.0));
    assert_eq!(value(&recorder, "sli_good_events_total{sli=\"quotes\"}"), Some(3.0));
}
