//! Quickstarts that share one port: the next one listens before the one before is told to go.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::process::{GRACE, Process, Stop};

const START_LIMIT: Duration = Duration::from_secs(20);

pub(super) struct Fleet {
    pub(super) service: SocketAddr,
    binary: PathBuf,
    folder: PathBuf,
    current: Process,
    /// Those that were told to go.
    told: Vec<Process>,
}

impl Fleet {
    pub(super) fn start(binary: &Path, service: SocketAddr, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let current = instance(binary, service, folder, 0)?;
        let (binary, folder) = (binary.to_owned(), folder.to_owned());
        Ok(Self { service, binary, folder, current, told: Vec::new() })
    }

    /// Starts the next one, and tells the one before to go.
    pub(super) fn replace(&mut self) -> Result {
        let next = instance(&self.binary, self.service, &self.folder, self.told.len() + 1)?;
        let mut before = std::mem::replace(&mut self.current, next);
        before.alive()?;
        before.tell(Stop::Terminate);
        self.told.push(before);
        Ok(())
    }

    /// Waits until all are gone, each with success.
    pub(super) fn end(mut self) -> Result<String> {
        self.current.tell(Stop::Terminate);
        self.told.push(self.current);
        let ended = self.told.len();
        for mut process in self.told {
            let status = process.wait_for(GRACE)?;
            if !status.success() {
                return Err(format!("an instance ended with {status}:\n{}", process.output.tail()));
            }
        }
        Ok(format!("{ended} instances ended with 0"))
    }
}

fn instance(binary: &Path, service: SocketAddr, folder: &Path, number: usize) -> Result<Process> {
    let mut command = Command::new(binary);
    crate::service::configuration_of_this_shell().for_each(|name| {
        command.env_remove(name);
    });
    command.env("QUICKSTART_ADDR", service.to_string()).env("QUICKSTART_REUSE_PORT", "1");
    command.env("QUICKSTART_EXIT_ON_STDIN_EOF", "1");
    command.env("OBS_ADMIN_ADDR", "off").env("OBS_LOG_FILE", folder.join(format!("{number}.lines.json")));
    command.env("OBS_DRAIN_DELAY", "500ms").env("OBS_DRAIN_TIMEOUT", "8s");
    let output = folder.join(format!("{number}.output.txt"));
    let mut process = Process::start_reading_input("quickstart", command, output.clone())?;
    let listens = || std::fs::read_to_string(&output).is_ok_and(|said| said.contains("listening on"));
    process.wait_until("listening", START_LIMIT, listens)?;
    Ok(process)
}
