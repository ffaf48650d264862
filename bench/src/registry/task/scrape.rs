//! What it takes to write everything out as text.

use super::{Measured, Row, Task};
use crate::exposition::{expect, find};
use crate::memory::{Usage, usage, watch};
use crate::peer::{COUNTER, Caps, EACH_BUCKET, HISTOGRAM, Named, Peer};
use bench::clock;

pub(super) const SCRAPE: Task = Task {
    name: "scrape",
    title: "Scrape as text: nine series of ten are counters, one is a histogram of 11 lines (CPU time, quietest of several)",
    columns: &[
        ("series", 0),
        ("ms", 2),
        ("bytes written", 0),
        ("bytes live at most above rest", 0),
        ("allocations", 0),
    ],
    rows: &[
        Row { peer: "obs", size: 10_000 },
        Row { peer: "metrics-exporter-prometheus", size: 10_000 },
        Row { peer: "prometheus-client", size: 10_000 },
        Row { peer: "prometheus", size: 10_000 },
        Row { peer: "obs", size: 1_000_000 },
        Row { peer: "prometheus", size: 1_000_000 },
    ],
    is_unbound: false,
    run,
};

fn run(named: &Named, series: u64) -> Measured {
    let peer = (named.make)(Caps::Raised);
    let histograms = series / 10;
    peer.add_counters(0..(series - histograms) as usize);
    peer.add_histograms(0..histograms as usize);
    let times = if series > 100_000 { 5 } else { 51 };
    let best = (0..times).map(|_| timed(&*peer)).fold(f64::INFINITY, f64::min);
    watch();
    let text = peer.exposition();
    let Usage { peak, allocations, .. } = usage();
    let (counters, observed) = (find(&text, COUNTER), find(&text, &format!("{HISTOGRAM}_count")));
    expect("counters", counters.series, series - histograms)?;
    expect("counted", counters.sum, series - histograms)?;
    expect("histograms", observed.series, histograms)?;
    expect("observed", observed.sum, histograms * EACH_BUCKET)?;
    expect("buckets", find(&text, &format!("{HISTOGRAM}_bucket")).series, histograms * EACH_BUCKET)?;
    Ok(vec![series as f64, best, text.len() as f64, peak as f64, allocations as f64])
}

/// Milliseconds of CPU time of one scrape.
fn timed(peer: &dyn Peer) -> f64 {
    let began = clock::process_cpu();
    drop(std::hint::black_box(peer.exposition()));
    (clock::process_cpu() - began).as_secs_f64() * 1e3
}
