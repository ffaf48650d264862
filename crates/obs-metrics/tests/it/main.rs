//! The recorder from outside: exposition, refusals, caps, threads, exemplars, requests, and an oracle.

mod admin;
mod buckets;
mod cache;
mod caps;
mod const_labels;
mod declare;
mod exemplars;
mod expiry;
mod exposition;
mod given;
mod operations;
mod oracle;
mod parse;
mod pools;
#[cfg(feature = "pool-bb8")]
mod pools_bb8;
#[cfg(feature = "pool-deadpool")]
mod pools_deadpool;
mod pools_spans;
mod protobuf;
mod push;
mod red;
mod refusals;
mod runtime;
mod service;
mod sli;
mod sources;
mod threads;
mod typed;

use std::sync::Arc;

use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::{Base, IdSource, Resource};
use obs_metrics::{Format, Recorder};

fn base() -> Arc<Base> {
    Base::new(Resource::new("test"))
}

fn recorder() -> Recorder {
    Recorder::builder(base()).build().unwrap()
}

fn text(recorder: &Recorder) -> String {
    String::from_utf8(recorder.render(Format::Text)).unwrap()
}

fn open_metrics(recorder: &Recorder) -> String {
    String::from_utf8(recorder.render(Format::OpenMetrics)).unwrap()
}

/// The value of the sample that is written exactly so.
fn value(recorder: &Recorder, sample: &str) -> Option<f64> {
    let text = text(recorder);
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

fn root(sampled: bool) -> Context {
    let ids = IdSource::random();
    let flags = TraceFlags::default().sampled(sampled);
    Context::root(Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags }, Local::task())
}
