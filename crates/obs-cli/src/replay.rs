//! `obs replay`: delivers what a service has left in its journals.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

/// Some records were lost, or are left.
const INCOMPLETE: u8 = 2;

/// Deliver what a service has left in its journals, to where its configuration sends such records.
///
/// Ends with 0 where all is delivered, with 2 where something is left, lost or could not be tried, and with 1 where nothing
/// could.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A journal, or the `journal.directory` of a service with all of its journals.
    directory: PathBuf,
    /// The service's configuration.
    #[arg(long, value_name = "FILE", default_value = "obs.yaml")]
    config: PathBuf,
    /// The service's name, where the configuration has none.
    #[arg(long, value_name = "NAME", default_value = "")]
    service: String,
    /// How long is tried, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
}

impl Replay {
    pub(crate) fn run(self) -> Result<ExitCode, obs::Error> {
        let builder = obs::builder(self.service).config_file(self.config);
        let journals = builder.replay(&self.directory, Duration::from_secs(self.wait))?;
        let (mut is_all, mut is_none) = (true, true);
        for journal in journals {
            match journal {
                Ok(journal) => {
                    println!("{journal}");
                    is_none = false;
                    is_all &= journal.dropped == 0 && journal.left == 0;
                }
                Err(error) => {
                    eprintln!("obs: {error:?}");
                    is_all = false;
                }
            }
        }
        Ok(match (is_all, is_none) {
            (true, _) => ExitCode::SUCCESS,
            (false, false) => ExitCode::from(INCOMPLETE),
            (false, true) => ExitCode::FAILURE,
        })
    }
}
