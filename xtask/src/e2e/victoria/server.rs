//! A VictoriaLogs, which can be ended, killed and started again on the same data.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::e2e::eventually::eventually;
use crate::exposition::{Scrape, label, total};
use crate::http::{self, encode_query};
use crate::json::Json;
use crate::process::Process;
use crate::{Result, ports};

const START_LIMIT: Duration = Duration::from_secs(30);

pub(in crate::e2e) struct Victoria {
    program: PathBuf,
    folder: PathBuf,
    pub(in crate::e2e) at: SocketAddr,
    process: Option<Process>,
    starts: u32,
}

impl Victoria {
    pub(in crate::e2e) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let [at] = ports::free()?;
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut victoria = Self { program, folder, at, process: None, starts: 0 };
        victoria.again()?;
        Ok(victoria)
    }

    /// Starts it where it was.
    pub(super) fn again(&mut self) -> Result {
        self.starts += 1;
        let mut command = Command::new(&self.program);
        command.arg(format!("-storageDataPath={}", self.folder.join("data").display()));
        // What it has said it has is on the disk after a second, and survives a kill then.
        command.arg(format!("-httpListenAddr={}", self.at)).arg("-inmemoryDataFlushInterval=1s");
        let output = self.folder.join(format!("victoria-logs-{}.output.txt", self.starts));
        let mut process = Process::start_watched("victoria-logs", &command, output)?;
        let at = self.at;
        process.wait_until("ready", START_LIMIT, || {
            http::get(at, "/health", &[]).is_ok_and(|answer| answer.status == 200)
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Has it end by itself, with what it has taken written.
    pub(super) fn stop(&mut self) -> Result {
        match self.process.take() {
            Some(mut process) => process.stop().map(drop),
            None => Ok(()),
        }
    }

    /// Kills it by SIGKILL.
    pub(super) fn kill(&mut self) -> Result {
        match self.process.take() {
            Some(process) => process.kill(),
            None => Ok(()),
        }
    }

    /// What it finds of a tenant, which is an account, or an account and a project with a colon between.
    pub(in crate::e2e) fn query(&self, tenant: &str, query: &str) -> Result<Vec<Json>> {
        let target = format!("/select/logsql/query?query={}", encode_query(query));
        let (account, project) = tenant.split_once(':').unwrap_or((tenant, "0"));
        let answer = http::get(self.at, &target, &[("AccountID", account), ("ProjectID", project)])
            .map_err(|error| format!("victoria-logs: {error}"))?;
        if answer.status != 200 {
            return Err(format!("victoria-logs answers {} to {query}: {}", answer.status, answer.text()));
        }
        answer.text().lines().map(Json::parse).collect()
    }

    /// Waits until so many lines of all tenants are on its disk, and none is in its memory alone.
    pub(super) fn on_disk(&self, lines: usize) -> Result {
        eventually(|| {
            let answer = http::get(self.at, "/metrics", &[]).map_err(|error| error.to_string())?;
            let scrape = Scrape::parse(&answer.text())?;
            let rows = |name: &str, kind: &str| {
                let is = |sample: &&crate::exposition::Sample| {
                    sample.name == name && label(&sample.labels, "type") == kind
                };
                total(scrape.samples.iter().filter(is))
            };
            let kept = rows("vl_storage_rows", "storage/small") + rows("vl_storage_rows", "storage/big");
            let memory = rows("vl_storage_rows", "storage/inmemory") + rows("vl_pending_rows", "storage");
            if (kept, memory) == (lines as f64, 0.0) {
                return Ok(());
            }
            Err(format!("{kept} lines of {lines} are on its disk, and {memory} in its memory"))
        })
    }
}
