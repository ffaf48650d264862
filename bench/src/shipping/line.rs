//! The line that everyone says: a message and ten fields, of which some differ from line to line as they do in a service.

use std::thread;
use std::time::{Duration, Instant};

const PATHS: [&str; 8] = [
    "/users/42/orders",
    "/users/1871/orders/99120",
    "/checkout",
    "/health/ready",
    "/catalogue/garden/chairs",
    "/users/77120/cart",
    "/search",
    "/users/5/addresses",
];
const STATUS: [u64; 8] = [200, 200, 201, 200, 200, 404, 200, 503];

/// How often a paced sender looks at the clock.
const TICK: Duration = Duration::from_micros(500);

/// Line number `turn`.
pub(crate) fn say(turn: u64) {
    let mixed = turn.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let pick = (mixed >> 61) as usize;
    tracing::info!(
        turn,
        method = "GET",
        path = PATHS[pick],
        status = STATUS[pick],
        latency_us = mixed >> 47,
        bytes = (mixed >> 30) & 0x1fff,
        ratio = 0.75,
        cached = pick > 5,
        attempt = 1_i64,
        region = "eu-west-1",
        "request handled"
    );
}

/// So many lines, at so many a second; as fast as they are taken where that is 0.
pub(crate) fn say_all(count: u64, rate: u64) {
    if rate == 0 {
        return (0..count).for_each(say);
    }
    let each = (rate as f64 * TICK.as_secs_f64()).ceil().max(1.0);
    let tick = Duration::from_secs_f64(each / rate as f64);
    let mut due = Instant::now();
    for turn in 0..count {
        if turn % each as u64 == 0 {
            due += tick;
            let now = Instant::now();
            match due.checked_duration_since(now) {
                Some(left) => thread::sleep(left),
                // What was missed is not made up for: that would be a burst.
                None => due = now,
            }
        }
        say(turn);
    }
}
