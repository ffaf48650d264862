//! A real RabbitMQ with a data folder of its own, on loopback alone, and the daemon that Erlang finds its nodes by.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::super::install::RabbitMq;
use crate::process::{Process, Stop};
use crate::{Result, ports};

const START_LIMIT: Duration = Duration::from_secs(90);

/// A running RabbitMQ.
pub(super) struct Broker {
    pub(super) address: SocketAddr,
    // In the order in which they end.
    server: Process,
    said: PathBuf,
    _names: Process,
}

impl Broker {
    /// Starts it, and does not wait.
    pub(super) fn start(programs: &RabbitMq, folder: &Path) -> Result<Self> {
        let [address, between, names] = ports::free()?;
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display())).map(|()| path)
        };
        let config = file(
            "rabbitmq.conf",
            &format!(
                "listeners.tcp.1 = {address}\nlog.console = true\nlog.console.level = info\nlog.file = false\n"
            ),
        )?;
        let plugins = file("plugins", "[].\n")?;

        // Left to itself Erlang would start one that outlives it.
        let mut command = Command::new(&programs.epmd);
        command.args(["-port", &names.port().to_string(), "-address", &names.ip().to_string()]);
        let names_process = Process::start_watched("epmd", &command, folder.join("epmd.output.txt"))?;

        let mut command = Command::new(&programs.server);
        let erlang = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}";
        command
            .current_dir(folder)
            // Then it becomes the server itself in the place of keeping it as a child.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("HOME", folder)
            .env("ERL_CRASH_DUMP", folder.join("erl_crash.dump"))
            .env("ERL_EPMD_ADDRESS", names.ip().to_string())
            .env("ERL_EPMD_PORT", names.port().to_string())
            .env("RABBITMQ_NODENAME", "rabbit@localhost")
            .env("RABBITMQ_DIST_PORT", between.port().to_string())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang)
            .env("RABBITMQ_CONFIG_FILE", config)
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", plugins)
            .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_LOGS", "-");
        let said = folder.join("rabbitmq.output.txt");
        let server = Process::start_watched("rabbitmq", &command, said.clone())?;
        Ok(Self { address, server, said, _names: names_process })
    }

    /// Waits until it takes connections.
    pub(super) fn ready(&mut self) -> Result {
        let said = || fs::read(&self.said).unwrap_or_default();
        let is_up = || String::from_utf8_lossy(&said()).contains("Server startup complete");
        self.server.wait_until("start-up", START_LIMIT, is_up)
    }

    /// As an operator ends it: it closes every connection, and is gone.
    pub(super) fn end(&mut self) -> Result<String> {
        let status = self.server.stop_by(Stop::Terminate)?;
        if status.success() { Ok(status.to_string()) } else { Err(status.to_string()) }
    }
}
