//! A label value of somebody else's choice, a new one with each increment.

use super::{Measured, Row, Task};
use crate::exposition::{expect, find};
use crate::memory::{usage, watch};
use crate::peer::{Caps, HOSTILE as SAMPLE, Named};
use bench::clock;

const VALUES: u64 = 1_000_000;

pub(super) const HOSTILE: Task = Task {
    name: "hostile",
    title: "Random label values of 20 bytes, each counted once; caps as they come",
    columns: &[
        ("values", 0),
        ("series after", 0),
        ("bytes live more", 0),
        ("bytes resident more", 0),
        ("ns each", 0),
    ],
    rows: &[
        Row { peer: "obs", size: VALUES },
        Row { peer: "obs, vector", size: VALUES },
        Row { peer: "metrics-exporter-prometheus", size: VALUES },
        Row { peer: "prometheus-client", size: VALUES },
        Row { peer: "prometheus", size: VALUES },
    ],
    is_unbound: false,
    run,
};

fn run(named: &Named, values: u64) -> Measured {
    let peer = (named.make)(Caps::Default);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    peer.login(&random.text());
    let (before, began) = (watch(), clock::process_cpu());
    (1..values).for_each(|_| peer.login(&random.text()));
    let (after, took) = (usage(), clock::process_cpu() - began);
    let found = find(&peer.exposition(), SAMPLE);
    expect("counted", found.sum, values)?;
    Ok(vec![
        values as f64,
        found.series as f64,
        after.live as f64,
        (after.resident - before) as f64,
        took.as_nanos() as f64 / values as f64,
    ])
}

/// A xorshift generator (Marsaglia, "Xorshift RNGs"): the same values for everybody.
struct Random(u64);

impl Random {
    fn text(&mut self) -> String {
        (0..20).map(|_| char::from(b'a' + (self.next() % 26) as u8)).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
