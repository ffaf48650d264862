//! A nightly job that copies tables and pushes what it measured before it exits, whether it went well or not.
//!
//! It reads the address of the gateway from `PUSHGATEWAY` (default `http://127.0.0.1:9091`); `JOB_FAILS=1` lets its last
//! table fail. See the README for how Prometheus finds it.

mod copy;
mod gateway;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a job may wait for its metrics to be taken.
const PUSH_DEADLINE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match job() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nightly-copy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn job() -> Result<(), Box<dyn Error>> {
    // Nobody scrapes a job, so it listens nowhere.
    let obs = obs::builder("nightly-copy").admin(obs::Admin::Off).install()?;
    let gateway = gateway::open(obs.recorder())?;
    describe();

    let begun = Instant::now();
    let copied = copy::all_tables(std::env::var_os("JOB_FAILS").is_some());
    metrics::gauge!("copy_duration_seconds").set(begun.elapsed().as_secs_f64());

    let pushed = match &copied {
        Ok(()) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
            metrics::gauge!("copy_last_success_timestamp_seconds").set(now);
            gateway.push(PUSH_DEADLINE)
        }
        // Only adds, so that the time of the last success stays beside what went wrong now.
        Err(_) => gateway.add(PUSH_DEADLINE),
    };
    if let Err(error) = pushed {
        // The copy counts for more than its numbers: tell, and let the job's own result decide.
        eprintln!("nightly-copy: metrics were not pushed: {}", gateway::chain(&error));
    }
    copied.map_err(Into::into)
}

/// Help only. Were they declared, the gauges would be there at zero, and a run that failed would push that over the last
/// success.
fn describe() {
    metrics::describe_counter!("copy_rows", "Rows that were copied.");
    metrics::describe_counter!("copy_errors", "Tables that were not copied to their end.");
    metrics::describe_histogram!("copy_table_seconds", "Seconds a table took.");
    metrics::describe_gauge!("copy_duration_seconds", "Seconds all tables took.");
    metrics::describe_gauge!("copy_last_success_timestamp_seconds", "When all tables were last copied.");
}
