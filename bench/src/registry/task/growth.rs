//! What ten million observations and increments leave in memory until somebody scrapes.

use super::{Measured, Row, Task, check};
use crate::memory::{Usage, usage, watch};
use crate::peer::{COUNTER, Caps, HISTOGRAM, Named};

const TURNS: u64 = 10_000_000;
/// Enough for whatever is made once, such as the cells of hot series.
const WARM: u64 = 100_000;

pub(super) const GROWTH: Task = Task {
    name: "growth",
    title: "Growth without a scrape or upkeep: so many observations and as many increments",
    columns: &[
        ("of each", 0),
        ("bytes live more", 0),
        ("bytes at most more", 0),
        ("allocations", 0),
        ("bytes resident more", 0),
    ],
    rows: &[
        Row { peer: "obs", size: TURNS },
        Row { peer: "obs, exemplars", size: TURNS },
        Row { peer: "metrics-exporter-prometheus", size: TURNS },
        Row { peer: "prometheus-client", size: TURNS },
        Row { peer: "prometheus", size: TURNS },
    ],
    is_unbound: false,
    run,
};

fn run(named: &Named, turns: u64) -> Measured {
    let peer = (named.make)(Caps::Raised);
    let (count, observe) = (peer.counting(), peer.observing());
    count(WARM);
    observe(WARM);
    let before = watch();
    observe(turns);
    count(turns);
    let Usage { live, peak, allocations, resident } = usage();
    check(&*peer, COUNTER, None, WARM + turns)?;
    check(&*peer, &format!("{HISTOGRAM}_count"), None, WARM + turns)?;
    let more = resident - before;
    Ok(vec![turns as f64, live as f64, peak as f64, allocations as f64, more as f64])
}
