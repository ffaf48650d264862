//! obs's recorder behind the `metrics` facade, and its own vector.

use super::{BUCKETS, COUNTER, Caps, HISTOGRAM, HOSTILE, Peer, Work, in_each_bucket, route, value};
use obs_core::context::{self, Context, Ids, Local, TraceFlags};
use obs_core::{Base, Resource, SpanId, TraceId};
use obs_metrics::{CounterVec, Format, Recorder};
use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How things are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the macros; what is counted in all the time is hot.
    Macros,
    /// The same in a new series as soon as one is about to become hot.
    Cold,
    /// The same inside of a sampled span.
    Sampled,
    /// Through the vector where labels are looked up.
    Vector,
}

/// How often a series is counted in before it is left: a little less than makes it hot.
const COLD: u64 = 1_000;
/// Series that are there for cold counting.
const COLD_SERIES: usize = 20_000;
/// The caps where they are raised.
const RAISED: usize = 2_000_000;

pub(crate) struct Obs {
    recorder: Recorder,
    way: Way,
    logins: CounterVec<1>,
}

impl Obs {
    pub(crate) fn new(caps: Caps, way: Way) -> Self {
        let base = Base::new(Resource::new("registry"));
        let mut builder = Recorder::builder(base).default_buckets(BUCKETS);
        if caps == Caps::Raised {
            builder = builder.series_cap(RAISED).total_series_cap(RAISED);
        }
        let recorder = builder.build().expect("good settings");
        metrics::set_global_recorder(recorder.clone()).expect("one recorder in this process");
        let logins = CounterVec::new(&recorder, HOSTILE, ["user"]).expect("good labels");
        Self { recorder, way, logins }
    }
}

fn counter(number: usize) -> metrics::Counter {
    metrics::counter!(COUNTER, "method" => "GET", "route" => route(number), "status" => "200")
}

fn histogram(number: usize) -> metrics::Histogram {
    metrics::histogram!(HISTOGRAM, "method" => "GET", "route" => route(number), "status" => "200")
}

/// Runs `work` in the way's surroundings.
fn inside(way: Way, work: impl FnOnce()) {
    if way != Way::Sampled {
        return work();
    }
    let (trace_id, span_id) = (TraceId::new(7).expect("not zero"), SpanId::new(7).expect("not zero"));
    let flags = TraceFlags::default().sampled(true);
    context::push(Context::root(Ids { trace_id, span_id, flags }, Local::task()));
    work();
    context::leave(span_id);
}

/// Work in one handle, or in many that are left before they are hot.
fn work<H: Send + Sync + 'static>(
    way: Way,
    make: fn(usize) -> H,
    once: impl Fn(&H, u64) + Send + Sync + 'static,
) -> Work {
    let handles: Vec<H> = (0..if way == Way::Cold { COLD_SERIES } else { 1 }).map(make).collect();
    let next = AtomicUsize::new(0);
    Box::new(move |turns| {
        inside(way, || {
            if way != Way::Cold {
                let handle = black_box(&handles[0]);
                return (0..turns).for_each(|turn| once(handle, turn));
            }
            for begin in (0..turns).step_by(COLD as usize) {
                let handle = black_box(&handles[next.fetch_add(1, Relaxed)]);
                (begin..turns.min(begin + COLD)).for_each(|turn| once(handle, turn));
            }
        });
    })
}

impl Peer for Obs {
    fn counting(&self) -> Work {
        work(self.way, counter, |counter, _| black_box(counter).increment(1))
    }

    fn observing(&self) -> Work {
        work(self.way, histogram, |histogram, turn| black_box(histogram).record(value(turn)))
    }

    fn add_counters(&self, numbers: Range<usize>) {
        inside(self.way, || numbers.for_each(|number| counter(number).increment(1)));
    }

    fn add_histograms(&self, numbers: Range<usize>) {
        inside(self.way, || {
            for number in numbers {
                let histogram = histogram(number);
                in_each_bucket().for_each(|value| histogram.record(value));
            }
        });
    }

    fn login(&self, user: &str) {
        match self.way {
            Way::Vector => self.logins.increment([user], 1),
            _ => metrics::counter!(HOSTILE, "user" => user.to_owned()).increment(1),
        }
    }

    fn exposition(&self) -> Vec<u8> {
        self.recorder.render(Format::Text)
    }
}
