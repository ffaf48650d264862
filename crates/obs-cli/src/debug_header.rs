//! `obs debug-header`: prints a header by which a request is recorded whatever else decides.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

/// Print a header by which a request to a service is recorded whatever else decides.
///
/// The key is the service's `traces.debug_key`: out of its configuration, or of the variable OBS_DEBUG_KEY. It is never an
/// argument, which others on the machine could read.
#[derive(Debug, Args)]
pub(crate) struct DebugHeader {
    /// How long it counts, such as 90s, 10m or 2h; a day at most.
    #[arg(long = "for", value_name = "DURATION", value_parser = lasting)]
    lasting: Duration,
    /// The service's configuration; without it the variable alone counts.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl DebugHeader {
    pub(crate) fn run(self) -> Result<ExitCode, obs::Error> {
        // The name is nobody's: nothing is started.
        let builder = obs::builder("debug-header");
        let builder = match self.config {
            Some(file) => builder.config_file(file),
            None => builder.no_config_file(),
        };
        let (name, value) = builder.sign_debug_header(self.lasting)?;
        println!("{name}: {value}");
        Ok(ExitCode::SUCCESS)
    }
}

/// A whole number of seconds, minutes or hours.
fn lasting(text: &str) -> Result<Duration, String> {
    let unit = text.char_indices().last().map_or(0, |(at, _)| at);
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(String::from("expected a duration such as 90s, 10m or 2h")),
    };
    let number: u64 =
        number.parse().map_err(|_| String::from("expected a duration such as 90s, 10m or 2h"))?;
    number
        .checked_mul(seconds)
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(|| String::from("expected a duration from 1s to 24h"))
}
