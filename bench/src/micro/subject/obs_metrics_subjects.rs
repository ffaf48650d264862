//! obs's recorder behind the facade, as its umbrella installs it, and its own ways to a series.

use super::Subject;
use super::obs_subjects::base;
use crate::workload::{self, BUCKETS, expect, sum};
use obs_metrics::typed::Counters;
use obs_metrics::{CounterVec, Format, Matcher, Recorder};
use std::hint::black_box;

obs_metrics::labels! {
    /// What a request asked for.
    enum Method { Get = "GET", Post = "POST" }

    /// How it ended.
    enum Class { Ok = "2xx", Wrong = "4xx", Failed = "5xx" }

    /// The labels of the typed row.
    struct Answer { method: Method, class: Class, cached: bool }
}

/// The recorder behind the facade. Its cap of series is raised, or the scrape would be of one overflow series.
fn recorder() -> Recorder {
    let recorder = Recorder::builder(base())
        .default_buckets(BUCKETS)
        .series_cap(2 * workload::SCRAPE_COUNTERS)
        .build()
        .expect("bounds that ascend");
    metrics::set_global_recorder(recorder.clone()).expect("one recorder in this process");
    recorder
}

fn rendered(recorder: &Recorder) -> String {
    String::from_utf8(recorder.render(Format::Text)).expect("an exposition is UTF-8")
}

/// A counter whose handle is kept.
pub(crate) fn counter_cached() -> Subject {
    let (recorder, counter) = (recorder(), workload::facade_counter());
    Subject::new(
        move |count| (0..count).for_each(|_| black_box(&counter).increment(1)),
        move |total| expect("counted", sum(&rendered(&recorder), "requests_total"), total),
    )
}

/// A counter found by labels that are only known at run time.
pub(crate) fn counter_dynamic() -> Subject {
    let (recorder, routes) = (recorder(), workload::routes());
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                workload::facade_count(&routes[turn % routes.len()]);
            }
        },
        move |total| expect("counted", sum(&rendered(&recorder), "requests_total"), total),
    )
}

/// The same through the vector, which borrows the values.
pub(crate) fn counter_vector() -> Subject {
    let (recorder, routes) = (recorder(), workload::routes());
    let vector = CounterVec::new(&recorder, "requests_total", ["method", "route", "status"]);
    let vector = vector.expect("good labels");
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                vector.increment(["GET", &routes[turn % routes.len()], "200"], 1);
            }
        },
        move |total| expect("counted", sum(&rendered(&recorder), "requests_total"), total),
    )
}

/// A counter found by labels that the compiler knows.
pub(crate) fn counter_typed() -> Subject {
    let recorder = recorder();
    let counters = Counters::<Answer>::register(&recorder, "answers_total").expect("good labels");
    let of = |(is_post, class, cached): (bool, u8, bool)| Answer {
        method: if is_post { Method::Post } else { Method::Get },
        class: [Class::Ok, Class::Wrong, Class::Failed][usize::from(class)],
        cached,
    };
    let labels = workload::answers().map(of);
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                counters.of(labels[turn % labels.len()]).increment(1);
            }
        },
        move |total| expect("counted", sum(&rendered(&recorder), "answers_total"), total),
    )
}

/// A histogram whose handle is kept; exemplars are on, and no span is open.
pub(crate) fn histogram_cached() -> Subject {
    let (recorder, histogram) = (recorder(), workload::facade_histogram());
    Subject::new(
        move |count| (0..count).for_each(|turn| black_box(&histogram).record(workload::observation(turn))),
        move |total| expect("observed", sum(&rendered(&recorder), "duration_seconds_count"), total),
    )
}

/// The same with native buckets beside the fixed ones.
pub(crate) fn histogram_native() -> Subject {
    let native = Matcher::Full("duration_seconds".to_owned());
    let builder = Recorder::builder(base()).default_buckets(BUCKETS).native_histograms(native);
    let recorder = builder.build().expect("bounds that ascend");
    metrics::set_global_recorder(recorder.clone()).expect("one recorder in this process");
    let histogram = workload::facade_histogram();
    Subject::new(
        move |count| (0..count).for_each(|turn| black_box(&histogram).record(workload::observation(turn))),
        move |total| expect("observed", sum(&rendered(&recorder), "duration_seconds_count"), total),
    )
}

/// The whole exposition, with the recorder's own few numbers on top.
pub(crate) fn scrape() -> Subject {
    let recorder = recorder();
    workload::facade_scrape();
    let checked = recorder.clone();
    Subject::new(
        move |count| (0..count).for_each(|_| drop(black_box(recorder.render(Format::Text)))),
        move |_| {
            let text = rendered(&checked);
            let asked_for: Vec<_> = text.lines().filter(|line| !line.starts_with("obs_")).collect();
            workload::check_scrape(&asked_for.join("\n"))
        },
    )
}
