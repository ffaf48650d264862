//! Says as many lines as it is told, for whatever obs.yaml names, and is watched meanwhile: see `cargo xtask e2e --only
//! syslog`.
//!
//! Each line on standard input is a number of lines to be said, numbered from 0; once the fate of all is known the number of
//! the next one is the answer, on standard output. The admin listener has the rest.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let obs = obs::builder("watched-lines").install()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    obs.health().run_on(runtime.handle());
    obs.ready();
    let mut next: u64 = 0;
    for command in io::stdin().lock().lines() {
        for _ in 0..command?.parse::<u64>()? {
            tracing::info!(n = next, "a line");
            next += 1;
        }
        obs.flush(Duration::from_secs(60));
        writeln!(io::stdout(), "{next}")?;
    }
    Ok(())
}
