//! A job without async, logs or traces that still has `/metrics`: one feature, one call.
//!
//! Runs `JOB_ROUNDS` rounds (default 20) of 100 ms each and tells where to watch it.

use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let obs = obs::init("metrics-only")?;
    if let Some(admin) = obs.admin_addr() {
        eprintln!("admin on http://{admin}/metrics");
    }
    let rounds = std::env::var("JOB_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    for round in 0..rounds {
        let begun = Instant::now();
        std::thread::sleep(Duration::from_millis(100));
        metrics::counter!("job_rounds", "parity" => if round % 2 == 0 { "even" } else { "odd" }).increment(1);
        metrics::histogram!("job_round_seconds").record(begun.elapsed().as_secs_f64());
    }
    print!("{}", String::from_utf8_lossy(&obs.recorder().render(obs::metrics::Format::Text)));
    Ok(())
}
