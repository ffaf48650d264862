//! What a series takes, with 49 bytes of labels and 8 buckets.

use super::{Measured, Row, Task, check};
use crate::memory::{Usage, usage, watch};
use crate::peer::{COUNTER, Caps, EACH_BUCKET, HISTOGRAM, Named, Peer};
use std::ops::Range;

const COLUMNS: &[(&str, usize)] = &[
    ("series", 0),
    ("bytes live a series", 0),
    ("bytes at most a series", 0),
    ("bytes resident a series", 0),
];

const SMALL: u64 = 10_000;
const LARGE: u64 = 1_000_000;

pub(super) const COUNTERS: Task = Task {
    name: "memory-counter",
    title: "Memory of counter series with 49 bytes of labels",
    columns: COLUMNS,
    rows: &[
        Row { peer: "obs", size: SMALL },
        Row { peer: "obs, exemplars", size: SMALL },
        Row { peer: "metrics-exporter-prometheus", size: SMALL },
        Row { peer: "prometheus-client", size: SMALL },
        Row { peer: "prometheus", size: SMALL },
        Row { peer: "obs", size: LARGE },
        Row { peer: "prometheus", size: LARGE },
    ],
    is_unbound: false,
    run: |named, series| measure(named, series, COUNTER, 1, |peer, numbers| peer.add_counters(numbers)),
};

pub(super) const HISTOGRAMS: Task = Task {
    name: "memory-histogram",
    title: "Memory of histogram series with 8 buckets, all of them counted in",
    columns: COLUMNS,
    rows: COUNTERS.rows,
    is_unbound: false,
    run: |named, series| {
        let sample = format!("{HISTOGRAM}_count");
        measure(named, series, &sample, EACH_BUCKET, |peer, numbers| peer.add_histograms(numbers))
    },
};

fn measure(
    named: &Named,
    series: u64,
    sample: &str,
    each: u64,
    add: fn(&dyn Peer, Range<usize>),
) -> Measured {
    let peer = (named.make)(Caps::Raised);
    // What the first series of all brings along is no cost of a series.
    add(&*peer, 0..1);
    let before = watch();
    add(&*peer, 1..series as usize + 1);
    let Usage { live, peak, resident, .. } = usage();
    check(&*peer, sample, Some(series + 1), (series + 1) * each)?;
    let each = |bytes: i64| bytes as f64 / series as f64;
    Ok(vec![series as f64, each(live), each(peak), each(resident - before)])
}
