//! The command `obs`: what operators do with what services have left, by the configuration of those services.
//!
//! It knows arguments and exit codes; everything else is the umbrella's.

mod debug_header;
mod replay;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What operators do with what services have left, by the configuration of those services.
#[derive(Debug, Parser)]
#[command(name = "obs", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a header by which a request is recorded.
    DebugHeader(debug_header::DebugHeader),
    /// Deliver what a service has left in its journals.
    Replay(replay::Replay),
    /// Print the index template for the lines of services in Elasticsearch or OpenSearch, as JSON.
    Template,
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let ended = match command {
        Command::DebugHeader(header) => header.run(),
        Command::Replay(replay) => replay.run(),
        Command::Template => {
            print!("{}", obs::logs::INDEX_TEMPLATE);
            Ok(ExitCode::SUCCESS)
        }
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            // With all that is behind it.
            eprintln!("obs: {error:?}");
            ExitCode::FAILURE
        }
    }
}
