//! Says numbered lines, each in a span of its own, for whatever obs.yaml names, and ends: see `cargo xtask e2e --only otlp`.
//!
//! `to_collector 1000` says a thousand. What became of them is told at the end by `/metrics`, on standard output.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 = std::env::args().nth(1).as_deref().unwrap_or("1000").parse()?;
    let obs = obs::builder("to-collector").admin(obs::Admin::Off).build()?;
    let recorder = obs.recorder().clone();
    tracing::dispatcher::with_default(obs.dispatch(), || {
        for number in 0..count {
            let span = tracing::info_span!("numbered", number);
            let _open = span.enter();
            tracing::info!(number, ratio = 0.5, even = number % 2 == 0, "line {number}");
        }
    });
    obs.flush(std::time::Duration::from_secs(30));
    let text = recorder.render(obs::metrics::Format::Text);
    print!("{}", String::from_utf8_lossy(&text));
    Ok(())
}
